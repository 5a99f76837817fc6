//===- Round256.h - rounding of activations with 256-bit registers ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The records ActivationLayout::BlocksSum and BlocksStart differ in the last word of a block alone.

#ifndef IGNIS_LIB_KERNELS_X86_64_ROUND256_H
#define IGNIS_LIB_KERNELS_X86_64_ROUND256_H

#include "../RoundRuns.h"
#include "Quads.h"
#include "ignis/Kernels/KernelABI.h"

#include <immintrin.h>

namespace ignis::kernels {
namespace {

IGNIS_INLINE float largest(__m256 v) {
  __m128 m4 = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  __m128 m2 = _mm_max_ps(m4, _mm_movehl_ps(m4, m4));
  return _mm_cvtss_f32(_mm_max_ss(m2, _mm_movehdup_ps(m2)));
}

/// Rounds 32 values; the last word is `factor` times the sum of the rounded ones.
template <int factor> IGNIS_INLINE void roundBlock(const float *x, uint8_t *block) {
  const __m256 absolute = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  __m256 v[4], most = _mm256_setzero_ps();
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    v[i] = _mm256_loadu_ps(x + i * 8);
    most = _mm256_max_ps(most, _mm256_and_ps(v[i], absolute));
  }
  float amax = largest(most), d = 0, inverse = 0;
  if (amax >= 0x1p-100f) {
    d = amax / 127;
    inverse = 1 / d;
  }
  // The conversion rounds to nearest even; |x * inverse| <= 127 after rounding.
  __m256 scale = _mm256_set1_ps(inverse);
  __m256i n[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i)
    n[i] = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], scale));
  // Packing works within halves of 128 bits: a permutation puts the quads in order.
  __m256i q = _mm256_packs_epi16(_mm256_packs_epi32(n[0], n[1]), _mm256_packs_epi32(n[2], n[3]));
  q = _mm256_permutevar8x32_epi32(q, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(block), q);
  __m256i sums = _mm256_add_epi32(_mm256_add_epi32(n[0], n[1]), _mm256_add_epi32(n[2], n[3]));
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
  int32_t last = factor * _mm_cvtsi128_si32(s);
  __builtin_memcpy(block + 32, &d, 4);
  __builtin_memcpy(block + 36, &last, 4);
}

/// round_q8_0.
template <int factor>
IGNIS_INLINE void roundRows(const float *x, uint8_t *a, int64_t rows, int64_t k, int64_t kBegin,
                            int64_t kEnd, int64_t xStride) {
  RoundRuns runs(rows, k, kBegin, kEnd, xStride);
  for (int64_t run = 0; run < runs.count; ++run)
    for (int64_t b = 0; b < runs.blocks; ++b)
      roundBlock<factor>(x + run * xStride + b * kBlock,
                         a + runs.offset + run * runs.stride + b * kRecordBlock);
}

} // namespace
} // namespace ignis::kernels

#endif
