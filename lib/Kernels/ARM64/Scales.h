//===- Scales.h - weight scales of half a group, converted once for many rows -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Where several activation rows meet the same weights, the scales of 8 features are converted to
// float32 before the first of them, into a buffer on the kernel's stack.

#ifndef IGNIS_LIB_KERNELS_ARM64_SCALES_H
#define IGNIS_LIB_KERNELS_ARM64_SCALES_H

#include "Layout.h"

namespace ignis::kernels {

/// Blocks a row that matrix-matrix kernels are made for: k up to 32768. Beyond that they go row by
/// row.
constexpr int64_t kMostBlocks = 1024;
constexpr int64_t kHalfRows = 8; // features of half a group

/// out[8 * b + i]: the scale of feature 8 * half + i in block b.
IGNIS_INLINE void convertScales(const uint8_t *group, int64_t half, int64_t blocks, float *out) {
  for (int64_t b = 0; b < blocks; ++b) {
    uint16x8_t h = loadScales<false>(group + scalesOffset(b, blocks) + half * 16);
    vst1q_f32(out + 8 * b, widen<false>(vget_low_u16(h)));
    vst1q_f32(out + 8 * b + 4, widen<false>(vget_high_u16(h)));
  }
}

} // namespace ignis::kernels

#endif
