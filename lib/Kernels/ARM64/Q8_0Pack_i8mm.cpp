//===- Q8_0Pack_i8mm.cpp - Q8_0 rows to signed octets, NEON ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Writes WeightLayout::OctetsSigned: per 8 values 16 x 8 bytes, of rows 0, 2, 1, 3, then 4, 6, 5, 7
// and so on. Q8_0MatVec_i8mm.cpp says why in that order.

#include "Pack.h"

#define IGNIS_VARIANT i8mm
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

struct Place {
  IGNIS_INLINE_MEMBER void operator()(const uint8_t *const *sources, uint8_t *out) const {
    for (int64_t g = 0; g < 4; ++g)
      for (int64_t i = 0; i < 2; ++i) // rows 4g + i and 4g + i + 2 side by side
        for (int64_t h = 0; h < 2; ++h) {
          uint64x2_t a = vreinterpretq_u64_u8(vld1q_u8(sources[4 * g + i] + 2 + 16 * h));
          uint64x2_t b = vreinterpretq_u64_u8(vld1q_u8(sources[4 * g + i + 2] + 2 + 16 * h));
          uint8_t *octet = out + 2 * h * 128 + 32 * g + 16 * i;
          vst1q_u8(octet, vreinterpretq_u8_u64(vzip1q_u64(a, b)));
          vst1q_u8(octet + 128, vreinterpretq_u8_u64(vzip2q_u64(a, b)));
        }
  }
};

} // namespace

void ignis::kernels::i8mm::pack(const uint8_t *rows, int64_t rowCount, int64_t k, uint8_t *groups,
                                bool) {
  packRows<true>(rows, rowCount, k, groups, Place());
}
