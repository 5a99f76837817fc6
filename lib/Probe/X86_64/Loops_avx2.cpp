//===- Loops_avx2.cpp - probe loops, AVX2 -----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Without a dot-product instruction, exact sums of 8-bit products take three: vpmaddubsw, vpmaddwd
// and vpaddd.

#include "../Loops.h"

#include <immintrin.h>

namespace {
inline __m256i load(const uint8_t *p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p));
}
inline __m256i join(__m256i a, __m256i b) { return _mm256_xor_si256(a, b); }
inline uint64_t fold(__m256i a) {
  return uint64_t(_mm256_extract_epi64(a, 0) ^ _mm256_extract_epi64(a, 2));
}
} // namespace

#define IGNIS_READ_NAME readAVX2
#define VECTOR __m256i
#define LOAD load
#define JOIN join
#define FOLD fold
#include "../ReadLoop.inc"

uint32_t ignis::probe::dotAVX2(int64_t count) {
  __m256i sum[8] = {}, a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(5),
          ones = _mm256_set1_epi16(1);
  for (int64_t i = 0; i < count; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < 16; ++j) {
      __asm__ volatile("" : "+x"(a));
      __m256i product = _mm256_maddubs_epi16(a, b);
      __asm__ volatile("" : "+x"(product)); // neither invariant nor a common subexpression
      sum[j % 8] = _mm256_add_epi32(sum[j % 8], _mm256_madd_epi16(product, ones));
    }
  }
  for (int j = 1; j < 8; ++j)
    sum[0] = _mm256_add_epi32(sum[0], sum[j]);
  return uint32_t(_mm256_extract_epi32(sum[0], 0));
}
