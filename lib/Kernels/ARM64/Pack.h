//===- Pack.h - Q8_0 rows to interleaved groups with NEON -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The walk over the blocks of a group; how the values of a block lie is the variant's.

#ifndef IGNIS_LIB_KERNELS_ARM64_PACK_H
#define IGNIS_LIB_KERNELS_ARM64_PACK_H

#include "../PackGroups.h"
#include "Layout.h"

namespace ignis::kernels {

/// One group from its rows' first blocks, as forEachGroup gives them.
template <bool paired, typename PlaceValues>
IGNIS_INLINE void packGroup(uint8_t *group, const uint8_t **sources, const int64_t *steps,
                            int64_t blocks, PlaceValues placeValues) {
  for (int64_t b = 0; b < blocks; ++b) {
    placeValues(sources, group + (paired ? valuesOffset(b) : b * kGroupBlockBytes));
    uint8_t *scales =
        group + (paired ? scalesOffset(b, blocks) : b * kGroupBlockBytes + kValueBytes);
    uint16_t halves[kGroupRows];
    for (int64_t r = 0; r < kGroupRows; ++r) {
      __builtin_memcpy(&halves[r], sources[r], 2);
      sources[r] += steps[r];
    }
    for (int64_t i = 0; i < kGroupRows; i += 8) {
      uint16x8_t encoded = encodeScales(vld1q_u16(halves + i));
      __builtin_memcpy(scales + 2 * i, &encoded, 16);
    }
  }
}

/// The PackFunction. placeValues(sources, values) writes 512 bytes from 16 blocks as they lie in
/// the file; `paired`: two blocks lie together (Layout.h).
template <bool paired, typename PlaceValues>
IGNIS_INLINE void packRows(const uint8_t *rows, int64_t rowCount, int64_t k, uint8_t *groups,
                           PlaceValues placeValues) {
  forEachGroup(rows, rowCount, k, groups,
               [&](uint8_t *group, const uint8_t **sources, const int64_t *steps)
                   __attribute__((always_inline)) {
                     packGroup<paired>(group, sources, steps, k / kBlock, placeValues);
                   });
}

} // namespace ignis::kernels

#endif
