//===- Q8_0Round_avx512vnni.cpp - rounding of activations, AVX-512 ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Record: ActivationLayout::BlocksStart.

#include "../RoundRuns.h"
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

constexpr int64_t kTogether = 4;

/// Four blocks: reductions, divisions and packing are shared. On Zen 4 5.2 instead of 3.2 G
/// values/s (ignis-kernel-benchmark --benchmark_filter=round/avx512vnni).
IGNIS_INLINE void roundFour(const float *x, uint8_t *blocks) {
  __m512 v[2 * kTogether], most[kTogether];
#pragma GCC unroll 4
  for (int b = 0; b < kTogether; ++b) {
    v[2 * b] = _mm512_loadu_ps(x + b * kBlock);
    v[2 * b + 1] = _mm512_loadu_ps(x + b * kBlock + 16);
    most[b] = _mm512_max_ps(_mm512_abs_ps(v[2 * b]), _mm512_abs_ps(v[2 * b + 1]));
  }
  // Halves to halves, quarters to quarters, then inside quarters: quarter b has block b's maximum.
  __m512 ab = _mm512_max_ps(_mm512_shuffle_f32x4(most[0], most[1], 0x44),
                            _mm512_shuffle_f32x4(most[0], most[1], 0xee));
  __m512 cd = _mm512_max_ps(_mm512_shuffle_f32x4(most[2], most[3], 0x44),
                            _mm512_shuffle_f32x4(most[2], most[3], 0xee));
  __m512 all =
      _mm512_max_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
  all = _mm512_max_ps(all, _mm512_permute_ps(all, 0x4e));
  all = _mm512_max_ps(all, _mm512_permute_ps(all, 0xb1));
  __m128 amax = _mm512_castps512_ps128(_mm512_permutexvar_ps(
      _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), all));
  __mmask8 some = _mm_cmp_ps_mask(amax, _mm_set1_ps(0x1p-100f), _CMP_GE_OQ);
  __m128 d = _mm_maskz_div_ps(some, amax, _mm_set1_ps(127));
  __m128 inverse = _mm_maskz_div_ps(some, _mm_set1_ps(1), d);
  __m512i n[2 * kTogether];
  __m512 inverses = _mm512_broadcast_f32x4(inverse);
#pragma GCC unroll 4
  for (int b = 0; b < kTogether; ++b) {
    __m512 factor = _mm512_permutexvar_ps(_mm512_set1_epi32(b), inverses);
    n[2 * b] = _mm512_cvtps_epi32(_mm512_mul_ps(v[2 * b], factor));
    n[2 * b + 1] = _mm512_cvtps_epi32(_mm512_mul_ps(v[2 * b + 1], factor));
  }
  // Packing works within quarters: a permutation puts the quads of two blocks in order.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  __m512i sums[2], zero = _mm512_setzero_si512();
#pragma GCC unroll 2
  for (int p = 0; p < 2; ++p) {
    const __m512i *m = n + 4 * p;
    __m512i q = _mm512_permutexvar_epi32(
        order, _mm512_packs_epi16(_mm512_packs_epi32(m[0], m[1]), _mm512_packs_epi32(m[2], m[3])));
    uint8_t *to = blocks + 2 * p * kRecordBlock;
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), _mm512_castsi512_si256(q));
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to + kRecordBlock),
                        _mm512_extracti64x4_epi64(q, 1));
    sums[p] = _mm512_sad_epu8(_mm512_xor_si512(q, _mm512_set1_epi8(-128)), zero);
  }
  // Sums of q + 128, as quarters: blocks 0 and 2, the same, blocks 1 and 3, the same.
  __m512i sum = _mm512_add_epi64(_mm512_unpacklo_epi64(sums[0], sums[1]),
                                 _mm512_unpackhi_epi64(sums[0], sums[1]));
  sum = _mm512_add_epi64(sum, _mm512_shuffle_i64x2(sum, sum, 0xb1));
  __m128i four = _mm512_castsi512_si128(_mm512_permutexvar_epi32(
      _mm512_setr_epi32(0, 8, 2, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), sum));
  __m128i start = _mm_sub_epi32(_mm_set1_epi32(128 * 32 * 128), _mm_slli_epi32(four, 7));
  // Scale and start of a block are neighbours.
  __m128i low = _mm_unpacklo_epi32(_mm_castps_si128(d), start);
  __m128i high = _mm_unpackhi_epi32(_mm_castps_si128(d), start);
  const __m128i pairs[2] = {low, high};
#pragma GCC unroll 2
  for (int p = 0; p < 2; ++p) {
    int64_t first = _mm_cvtsi128_si64(pairs[p]), second = _mm_extract_epi64(pairs[p], 1);
    __builtin_memcpy(blocks + 2 * p * kRecordBlock + 32, &first, 8);
    __builtin_memcpy(blocks + (2 * p + 1) * kRecordBlock + 32, &second, 8);
  }
}

} // namespace

void ignis::kernels::avx512vnni::round_q8_0(const float *x, uint8_t *a, int64_t rows, int64_t k,
                                            int64_t kBegin, int64_t kEnd, int64_t xStride) {
  RoundRuns runs(rows, k, kBegin, kEnd, xStride);
  for (int64_t run = 0; run < runs.count; ++run) {
    const float *from = x + run * xStride;
    uint8_t *to = a + runs.offset + run * runs.stride;
    int64_t b = 0;
    for (; b + kTogether <= runs.blocks; b += kTogether)
      roundFour(from + b * kBlock, to + b * kRecordBlock);
    for (; b < runs.blocks; ++b)
      roundBlock(from + b * kBlock, to + b * kRecordBlock);
  }
}
