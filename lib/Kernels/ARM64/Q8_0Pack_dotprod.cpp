//===- Q8_0Pack_dotprod.cpp - Q8_0 rows to signed quads, NEON --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Writes WeightLayout::QuadsSigned: 8 lines a block, line i holds values 4i .. 4i + 3 of each row.

#include "Pack.h"

#define IGNIS_VARIANT dotprod
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

struct Place {
  IGNIS_INLINE_MEMBER void operator()(const uint8_t *const *sources, uint8_t *out) const {
    for (int64_t g = 0; g < 4; ++g)
      for (int64_t h = 0; h < 2; ++h) { // 4 rows x 4 quads, transposed
        uint32x4_t v[4];
        for (int64_t r = 0; r < 4; ++r)
          v[r] = vreinterpretq_u32_u8(vld1q_u8(sources[4 * g + r] + 2 + 16 * h));
        uint64x2_t a = vreinterpretq_u64_u32(vzip1q_u32(v[0], v[1]));
        uint64x2_t b = vreinterpretq_u64_u32(vzip2q_u32(v[0], v[1]));
        uint64x2_t c = vreinterpretq_u64_u32(vzip1q_u32(v[2], v[3]));
        uint64x2_t d = vreinterpretq_u64_u32(vzip2q_u32(v[2], v[3]));
        uint8_t *line = out + 4 * h * 64 + 16 * g;
        vst1q_u8(line, vreinterpretq_u8_u64(vzip1q_u64(a, c)));
        vst1q_u8(line + 64, vreinterpretq_u8_u64(vzip2q_u64(a, c)));
        vst1q_u8(line + 128, vreinterpretq_u8_u64(vzip1q_u64(b, d)));
        vst1q_u8(line + 192, vreinterpretq_u8_u64(vzip2q_u64(b, d)));
      }
  }
};

} // namespace

void ignis::kernels::dotprod::pack(const uint8_t *rows, int64_t rowCount, int64_t k,
                                   uint8_t *groups, bool) {
  packRows<true>(rows, rowCount, k, groups, Place());
}
