//===- Q8_0MatVec_neon.cpp - Q8_0 matrix-vector product, base NEON ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// For processors without dot product instructions. Products of 8-bit values are 16 bits wide; two
// of them are added in 16 bits (at most 2 x 128 x 127), pairs of these in 32. A row's 32 values lie
// together (WeightLayout::RowMajor), so four rows' sums end as pairwise additions. 4
// multiplications an output on one of two vector pipes are the bound where there is one for
// integers (Cortex-A72).

#include "MatVec.h"

#define IGNIS_VARIANT neon
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

/// The sum of 32 products in 4 parts.
IGNIS_INLINE int32x4_t dotRow(const int8_t *q, int8x16_t a0, int8x16_t a1) {
  int8x16_t w0 = vld1q_s8(q), w1 = vld1q_s8(q + 16);
  int16x8_t p0 = vmlal_high_s8(vmull_s8(vget_low_s8(w0), vget_low_s8(a0)), w0, a0);
  int16x8_t p1 = vmlal_high_s8(vmull_s8(vget_low_s8(w1), vget_low_s8(a1)), w1, a1);
  return vpadalq_s16(vpaddlq_s16(p0), p1);
}

struct Blocks {
  /// Adds one block of 16 features.
  template <bool shifted>
  IGNIS_INLINE void addBlock(const uint8_t *w, const uint8_t *a, float32x4_t *acc) {
    auto *q = reinterpret_cast<const int8_t *>(w);
    int8x16_t a0 = vld1q_s8(reinterpret_cast<const int8_t *>(a));
    int8x16_t a1 = vld1q_s8(reinterpret_cast<const int8_t *>(a + 16));
    float32_t da = activationScale<shifted>(a);
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      uint16x8_t halves = loadScales<shifted>(w + kValueBytes + 16 * h);
#pragma GCC unroll 2
      for (int i = 0; i < 2; ++i) {
        const int8_t *row = q + (2 * h + i) * 4 * kBlock;
        int32x4_t s0 = vpaddq_s32(dotRow(row, a0, a1), dotRow(row + kBlock, a0, a1));
        int32x4_t s1 =
            vpaddq_s32(dotRow(row + 2 * kBlock, a0, a1), dotRow(row + 3 * kBlock, a0, a1));
        float32x4_t scale =
            vmulq_n_f32(widen<shifted>(i ? vget_high_u16(halves) : vget_low_u16(halves)), da);
        acc[2 * h + i] = vfmaq_f32(acc[2 * h + i], vcvtq_f32_s32(vpaddq_s32(s0, s1)), scale);
        finishBefore(acc[2 * h + i]);
      }
    }
  }

  template <bool shifted>
  IGNIS_INLINE void addGroup(const uint8_t *w, const uint8_t *a, int64_t blocks, float32x4_t *acc) {
    for (int64_t b = 0; b < blocks; ++b)
      addBlock<shifted>(w + b * kGroupBlockBytes, a + b * kRecordBlock, acc);
  }
};

} // namespace

void ignis::kernels::neon::matvec_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                       const float *residual, float *y, int64_t k, int64_t nBegin,
                                       int64_t nEnd) {
  multiplyVector<Blocks>(w, a, bias, residual, y, k, nBegin, nEnd);
}
