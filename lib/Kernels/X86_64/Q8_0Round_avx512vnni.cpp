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

constexpr int64_t kFour = 4;             // neighbouring blocks, whose reductions share registers
constexpr int64_t kTogether = 4 * kFour; // blocks whose scales share a register

/// Quarter b of the result: four values, the greatest of which is that of block b's magnitudes.
IGNIS_INLINE __m512 greatestOfFour(const float *x) {
  __m512 most[kFour];
#pragma GCC unroll 4
  for (int b = 0; b < kFour; ++b)
    most[b] = _mm512_max_ps(_mm512_abs_ps(_mm512_loadu_ps(x + b * kBlock)),
                            _mm512_abs_ps(_mm512_loadu_ps(x + b * kBlock + 16)));
  // Halves to halves, then quarters to quarters.
  __m512 ab = _mm512_max_ps(_mm512_shuffle_f32x4(most[0], most[1], 0x44),
                            _mm512_shuffle_f32x4(most[0], most[1], 0xee));
  __m512 cd = _mm512_max_ps(_mm512_shuffle_f32x4(most[2], most[3], 0x44),
                            _mm512_shuffle_f32x4(most[2], most[3], 0xee));
  return _mm512_max_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
}

/// Two neighbouring blocks times their factors, as bytes.
IGNIS_INLINE __m512i roundPair(const float *x, float first, float second) {
  __m512 f0 = _mm512_set1_ps(first), f1 = _mm512_set1_ps(second);
  __m512i n0 = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x), f0));
  __m512i n1 = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x + 16), f0));
  __m512i n2 = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x + 32), f1));
  __m512i n3 = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x + 48), f1));
  // Packing works within quarters: a permutation puts the quads of two blocks in order.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(
      order, _mm512_packs_epi16(_mm512_packs_epi32(n0, n1), _mm512_packs_epi32(n2, n3)));
}

/// Sums of neighbours among eight 64-bit lanes of each, as 32-bit lanes: in quarter i the values a,
/// b, c, d of sums over its two lanes.
IGNIS_INLINE __m512i addNeighbours(__m512i a, __m512i b, __m512i c, __m512i d) {
  __m512i ab = _mm512_or_si512(a, _mm512_slli_epi64(b, 32));
  __m512i cd = _mm512_or_si512(c, _mm512_slli_epi64(d, 32));
  return _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
}

/// Up to sixteen blocks, four neighbours each: block q of four f has its scale in lane 4 q + f.
struct Sixteen {
  const float *x[4];
  uint8_t *to[4];
  alignas(64) float scales[kTogether], inverses[kTogether];
};

template <int fours> IGNIS_INLINE void findScales(Sixteen &blocks) {
  __m512 most[4];
#pragma GCC unroll 4
  for (int f = 0; f < 4; ++f)
    most[f] = f < fours ? greatestOfFour(blocks.x[f]) : _mm512_setzero_ps();
  __m512 m01 =
      _mm512_max_ps(_mm512_unpacklo_ps(most[0], most[1]), _mm512_unpackhi_ps(most[0], most[1]));
  __m512 m23 =
      _mm512_max_ps(_mm512_unpacklo_ps(most[2], most[3]), _mm512_unpackhi_ps(most[2], most[3]));
  auto pairs = [](__m512 v) __attribute__((always_inline)) { return _mm512_castps_pd(v); };
  __m512 amax = _mm512_max_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(pairs(m01), pairs(m23))),
                              _mm512_castpd_ps(_mm512_unpackhi_pd(pairs(m01), pairs(m23))));
  __mmask16 some = _mm512_cmp_ps_mask(amax, _mm512_set1_ps(0x1p-100f), _CMP_GE_OQ);
  __m512 d = _mm512_maskz_div_ps(some, amax, _mm512_set1_ps(127));
  _mm512_store_ps(blocks.scales, d);
  _mm512_store_ps(blocks.inverses, _mm512_maskz_div_ps(some, _mm512_set1_ps(1), d));
}

template <int fours> IGNIS_INLINE void writeRecords(const Sixteen &blocks) {
  const float *inverse = blocks.inverses;
  __m512i sums[2][4], zero = _mm512_setzero_si512(), offset = _mm512_set1_epi8(-128);
#pragma GCC unroll 4
  for (int f = 0; f < 4; ++f)
#pragma GCC unroll 2
    for (int p = 0; p < 2; ++p) {
      if (f >= fours) {
        sums[p][f] = zero;
        continue;
      }
      __m512i q =
          roundPair(blocks.x[f] + 2 * p * kBlock, inverse[8 * p + f], inverse[8 * p + 4 + f]);
      uint8_t *block = blocks.to[f] + 2 * p * kRecordBlock;
      _mm256_storeu_si256(reinterpret_cast<__m256i *>(block), _mm512_castsi512_si256(q));
      _mm256_storeu_si256(reinterpret_cast<__m256i *>(block + kRecordBlock),
                          _mm512_extracti64x4_epi64(q, 1));
      sums[p][f] = _mm512_sad_epu8(_mm512_xor_si512(q, offset), zero); // of q + 128
    }
  // Quarters 0 and 1 are a pair's first block, 2 and 3 its second.
  __m512i first = addNeighbours(sums[0][0], sums[0][1], sums[0][2], sums[0][3]);
  __m512i second = addNeighbours(sums[1][0], sums[1][1], sums[1][2], sums[1][3]);
  __m512i sum = _mm512_add_epi32(_mm512_shuffle_i64x2(first, second, 0x88),
                                 _mm512_shuffle_i64x2(first, second, 0xdd));
  __m512i start = _mm512_sub_epi32(_mm512_set1_epi32(128 * 32 * 128), _mm512_slli_epi32(sum, 7));
  // Scale and start of a block are neighbours: fours 0 and 1 of each quarter, then 2 and 3.
  alignas(64) uint64_t ends[2][8];
  __m512i scales = _mm512_load_si512(blocks.scales);
  _mm512_store_si512(ends[0], _mm512_unpacklo_epi32(scales, start));
  _mm512_store_si512(ends[1], _mm512_unpackhi_epi32(scales, start));
#pragma GCC unroll 4
  for (int f = 0; f < fours; ++f)
#pragma GCC unroll 4
    for (int b = 0; b < kFour; ++b)
      __builtin_memcpy(blocks.to[f] + b * kRecordBlock + 32, &ends[f / 2][2 * b + f % 2], 8);
}

template <int fours> IGNIS_INLINE void roundFours(Sixteen &blocks) {
  findScales<fours>(blocks);
  writeRecords<fours>(blocks);
}

} // namespace

void ignis::kernels::avx512vnni::round_q8_0(const float *x, uint8_t *a, int64_t rows, int64_t k,
                                            int64_t kBegin, int64_t kEnd, int64_t xStride) {
  RoundRuns runs(rows, k, kBegin, kEnd, xStride);
  int64_t fours = runs.blocks / kFour, total = runs.count * fours, run = 0, four = 0;
  Sixteen stages[2];
  // Fours of one run after the other.
  auto take = [&](Sixteen &blocks, int64_t count) __attribute__((always_inline)) {
    for (int64_t f = 0; f < count; ++f) {
      blocks.x[f] = x + run * xStride + four * kFour * kBlock;
      blocks.to[f] = a + runs.offset + run * runs.stride + four * kFour * kRecordBlock;
      if (++four == fours) {
        four = 0;
        ++run;
      }
    }
  };
  // Scales of the next sixteen blocks are found beside the bytes of these: the chain from maximum
  // to division is longer than what the processor looks ahead.
  int64_t sixteens = total / 4;
  for (int64_t i = 0; i <= sixteens && sixteens; ++i) {
    if (i < sixteens) {
      take(stages[i % 2], 4);
      findScales<4>(stages[i % 2]);
    }
    if (i > 0)
      writeRecords<4>(stages[(i - 1) % 2]);
  }
  take(stages[0], total % 4);
  switch (total % 4) {
  case 1:
    roundFours<1>(stages[0]);
    break;
  case 2:
    roundFours<2>(stages[0]);
    break;
  case 3:
    roundFours<3>(stages[0]);
  }
  for (run = 0; run < runs.count; ++run)
    for (int64_t b = fours * kFour; b < runs.blocks; ++b)
      roundBlock(x + run * xStride + b * kBlock,
                 a + runs.offset + run * runs.stride + b * kRecordBlock);
}
