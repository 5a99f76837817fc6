//===- Pack.h - Q8_0 rows to interleaved groups with NEON -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The walk over groups and blocks; how the values of a block lie is the variant's.

#ifndef IGNIS_LIB_KERNELS_ARM64_PACK_H
#define IGNIS_LIB_KERNELS_ARM64_PACK_H

#include "Layout.h"

namespace ignis::kernels {

/// The PackFunction. placeValues(sources, values) writes 512 bytes from 16 blocks as they lie in
/// the file; `paired`: two blocks lie together (Layout.h).
template <bool paired, typename PlaceValues>
IGNIS_INLINE void packRows(const uint8_t *rows, int64_t rowCount, int64_t k, uint8_t *groups,
                           PlaceValues placeValues) {
  static const uint8_t zeros[kFileBlock] = {};
  int64_t blocks = k / kBlock, rowBytes = blocks * kFileBlock;
  for (int64_t first = 0; first < rowCount; first += kGroupRows) {
    uint8_t *group = groups + first / kGroupRows * groupBytes(blocks);
    const uint8_t *sources[kGroupRows];
    int64_t steps[kGroupRows];
    for (int64_t r = 0; r < kGroupRows; ++r) {
      bool present = first + r < rowCount;
      sources[r] = present ? rows + (first + r) * rowBytes : zeros;
      steps[r] = present ? kFileBlock : 0;
    }
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
}

} // namespace ignis::kernels

#endif
