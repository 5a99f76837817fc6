//===- Q8_0Pack_neon.cpp - Q8_0 rows, row by row within a block ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Writes WeightLayout::RowMajor: a block is 16 rows of 32 values, then 16 scales.

#include "Pack.h"

#define IGNIS_VARIANT neon
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

struct Place {
  IGNIS_INLINE_MEMBER void operator()(const uint8_t *const *sources, uint8_t *out) const {
    for (int64_t r = 0; r < kGroupRows; ++r) {
      vst1q_u8(out + r * kBlock, vld1q_u8(sources[r] + 2));
      vst1q_u8(out + r * kBlock + 16, vld1q_u8(sources[r] + 18));
    }
  }
};

} // namespace

void ignis::kernels::neon::pack(const uint8_t *rows, int64_t rowCount, int64_t k, uint8_t *groups,
                                bool) {
  packRows<false>(rows, rowCount, k, groups, Place());
}
