//===- Loops_avxvnni.cpp - probe loop, AVX-VNNI -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "../Loops.h"

#include <immintrin.h>

uint32_t ignis::probe::dotAVXVNNI(int64_t count) {
  __m256i sum[12] = {}, a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(5);
  for (int64_t i = 0; i < count; ++i)
#pragma GCC unroll 16
    for (int j = 0; j < 16; ++j) {
      sum[j % 12] = _mm256_dpbusd_avx_epi32(sum[j % 12], a, b);
      __asm__ volatile("" : "+x"(sum[j % 12]));
    }
  for (int j = 1; j < 12; ++j)
    sum[0] = _mm256_add_epi32(sum[0], sum[j]);
  return uint32_t(_mm256_extract_epi32(sum[0], 0));
}
