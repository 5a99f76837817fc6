//===- Loops_avx512vnni.cpp - probe loops, AVX-512 VNNI ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "../Loops.h"

#include <immintrin.h>

namespace {
inline __m512i load(const uint8_t *p) { return _mm512_loadu_si512(p); }
inline __m512i join(__m512i a, __m512i b) { return _mm512_xor_si512(a, b); }
inline uint64_t fold(__m512i a) { return uint64_t(_mm512_reduce_or_epi64(a)); }
} // namespace

#define IGNIS_READ_NAME readAVX512
#define VECTOR __m512i
#define LOAD load
#define JOIN join
#define FOLD fold
#include "../ReadLoop.inc"

uint32_t ignis::probe::dotAVX512VNNI(int64_t count) {
  __m512i sum[16] = {}, a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(5);
  for (int64_t i = 0; i < count; ++i)
#pragma GCC unroll 16
    for (int j = 0; j < 16; ++j) {
      sum[j] = _mm512_dpbusd_epi32(sum[j], a, b);
      __asm__ volatile("" : "+v"(sum[j]));
    }
  for (int j = 1; j < 16; ++j)
    sum[0] = _mm512_add_epi32(sum[0], sum[j]);
  return uint32_t(_mm512_reduce_add_epi32(sum[0]));
}
