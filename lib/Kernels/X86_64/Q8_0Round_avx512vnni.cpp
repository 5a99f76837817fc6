//===- Q8_0Round_avx512vnni.cpp - rounding of activations, AVX-512 ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Record: ActivationLayout::BlocksStart.

#include "Quads.h"
#include "ignis/Kernels/KernelABI.h"

#include <immintrin.h>

#define IGNIS_VARIANT avx512vnni
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

IGNIS_INLINE float largest(__m512 v) {
  __m256 m8 = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  __m128 m4 = _mm_max_ps(_mm256_castps256_ps128(m8), _mm256_extractf128_ps(m8, 1));
  __m128 m2 = _mm_max_ps(m4, _mm_movehl_ps(m4, m4));
  return _mm_cvtss_f32(_mm_max_ss(m2, _mm_movehdup_ps(m2)));
}

IGNIS_INLINE void roundBlock(const float *x, uint8_t *block) {
  __m512 x0 = _mm512_loadu_ps(x), x1 = _mm512_loadu_ps(x + 16);
  float amax = largest(_mm512_max_ps(_mm512_abs_ps(x0), _mm512_abs_ps(x1)));
  float d = 0, inverse = 0;
  if (amax >= 0x1p-100f) {
    d = amax / 127;
    inverse = 1 / d;
  }
  // The conversion rounds to nearest even; |x * inverse| <= 127 after rounding, so saturation only
  // meets NaN.
  __m512 factor = _mm512_set1_ps(inverse);
  __m128i q0 = _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(x0, factor)));
  __m128i q1 = _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(x1, factor)));
  _mm_storeu_si128(reinterpret_cast<__m128i *>(block), q0);
  _mm_storeu_si128(reinterpret_cast<__m128i *>(block + 16), q1);
  // Sums of q + 128, eight bytes at a time.
  __m128i offset = _mm_set1_epi8(-128), zero = _mm_setzero_si128();
  __m128i sums = _mm_add_epi64(_mm_sad_epu8(_mm_xor_si128(q0, offset), zero),
                               _mm_sad_epu8(_mm_xor_si128(q1, offset), zero));
  int32_t sum = _mm_cvtsi128_si32(sums) + _mm_extract_epi32(sums, 2) - 32 * 128;
  int32_t start = -128 * sum;
  __builtin_memcpy(block + 32, &d, 4);
  __builtin_memcpy(block + 36, &start, 4);
}

} // namespace

void ignis::kernels::avx512vnni::round_q8_0(const float *x, uint8_t *a, int64_t rowBegin,
                                            int64_t rowEnd, int64_t k) {
  // Rows and records are contiguous, so the rows are one run of blocks.
  int64_t blocks = k / kBlock;
  for (int64_t b = rowBegin * blocks; b < rowEnd * blocks; ++b)
    roundBlock(x + b * kBlock, a + b * kRecordBlock);
}
