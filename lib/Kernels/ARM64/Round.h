//===- Round.h - rounding of activations with NEON --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Record: ActivationLayout::BlocksScaled. Four blocks at a time share two vector divisions.

#ifndef IGNIS_LIB_KERNELS_ARM64_ROUND_H
#define IGNIS_LIB_KERNELS_ARM64_ROUND_H

#include "../RoundRuns.h"
#include "Layout.h"

namespace ignis::kernels {

/// The largest magnitude of 32 values in 4 parts.
IGNIS_INLINE float32x4_t largestParts(const float *x) {
  float32x4_t most = vabsq_f32(vld1q_f32(x));
#pragma GCC unroll 7
  for (int i = 1; i < 8; ++i)
    most = vmaxq_f32(most, vabsq_f32(vld1q_f32(x + 4 * i)));
  return most;
}

/// d of four blocks from their largest magnitudes; `inverse` is 1 / d or 0.
IGNIS_INLINE float32x4_t scaleOf(float32x4_t amax, float32x4_t &inverse) {
  uint32x4_t present = vcgeq_f32(amax, vdupq_n_f32(0x1p-100f));
  float32x4_t d = vdivq_f32(amax, vdupq_n_f32(127));
  d = vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(d), present));
  inverse = vdivq_f32(vdupq_n_f32(1), d);
  inverse = vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(inverse), present));
  return d;
}

/// d * 2^112, or infinity where Layout.h wants it.
IGNIS_INLINE float32x4_t shiftedScaleOf(float32x4_t d) {
  uint32x4_t small = vandq_u32(vcltq_f32(d, vdupq_n_f32(0x1p-80f)), vcgtq_f32(d, vdupq_n_f32(0)));
  return vbslq_f32(small, vdupq_n_f32(__builtin_inff()), vmulq_f32(d, vdupq_n_f32(0x1p112f)));
}

/// 16 values. The addition of 1.5 * 2^23 rounds to nearest even and leaves the integer, of which
/// |x * inverse| <= 127 after rounding needs 8 bits, at the bottom.
IGNIS_INLINE int8x16_t roundValues(const float *x, float inverse) {
  int16x8_t n[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    float32x4_t v = vmulq_n_f32(vld1q_f32(x + 4 * i), inverse);
    n[i] = vreinterpretq_s16_f32(vaddq_f32(v, vdupq_n_f32(kMagic)));
  }
  return vuzp1q_s8(vreinterpretq_s8_s16(vuzp1q_s16(n[0], n[1])),
                   vreinterpretq_s8_s16(vuzp1q_s16(n[2], n[3])));
}

/// `count` (1 to 4) blocks.
IGNIS_INLINE void roundBlocks(const float *x, uint8_t *a, int count) {
  float amax[4] = {0, 0, 0, 0}, inverses[4], scales[4], shifted[4];
  for (int i = 0; i < count; ++i)
    amax[i] = vmaxvq_f32(largestParts(x + i * kBlock));
  float32x4_t inverse, d = scaleOf(vld1q_f32(amax), inverse);
  vst1q_f32(inverses, inverse);
  vst1q_f32(scales, d);
  vst1q_f32(shifted, shiftedScaleOf(d));
  for (int i = 0; i < count; ++i) {
    auto *q = reinterpret_cast<int8_t *>(a + i * kRecordBlock);
    vst1q_s8(q, roundValues(x + i * kBlock, inverses[i]));
    vst1q_s8(q + 16, roundValues(x + i * kBlock + 16, inverses[i]));
    __builtin_memcpy(q + 32, &scales[i], 4);
    __builtin_memcpy(q + 36, &shifted[i], 4);
  }
}

/// round_q8_0.
IGNIS_INLINE void roundRows(const float *x, uint8_t *a, int64_t rows, int64_t k, int64_t kBegin,
                            int64_t kEnd, int64_t xStride) {
  RoundRuns runs(rows, k, kBegin, kEnd, xStride);
  for (int64_t run = 0; run < runs.count; ++run) {
    const float *from = x + run * xStride;
    uint8_t *to = a + runs.offset + run * runs.stride;
    int64_t b = 0;
    for (; b + 4 <= runs.blocks; b += 4)
      roundBlocks(from + b * kBlock, to + b * kRecordBlock, 4);
    if (b < runs.blocks)
      roundBlocks(from + b * kBlock, to + b * kRecordBlock, int(runs.blocks - b));
  }
}

} // namespace ignis::kernels

#endif
