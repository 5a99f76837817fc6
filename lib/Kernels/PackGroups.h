//===- PackGroups.h - the walk over a tensor's groups for packing -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Where the blocks of each group's 16 rows are in the file; how they are placed is the variant's.
// Always inlined: nothing of this header may become a symbol (Variant.inc says why).

#ifndef IGNIS_LIB_KERNELS_PACKGROUPS_H
#define IGNIS_LIB_KERNELS_PACKGROUPS_H

#include "ignis/Kernels/KernelABI.h"

namespace ignis::kernels {

constexpr int64_t kFileBlock = 34; // float16 scale, 32 values

/// Calls packGroup(group, sources, steps) for each group of 16 rows: sources[r] is the first block
/// of its row r, the next is steps[r] bytes further. Rows past the last are zeros.
template <typename PackGroup>
static inline __attribute__((always_inline)) void
forEachGroup(const uint8_t *rows, int64_t rowCount, int64_t k, uint8_t *groups,
             PackGroup packGroup) {
  alignas(64) static const uint8_t zeros[kFileBlock] = {};
  int64_t blocks = k / kBlock, rowBytes = blocks * kFileBlock;
  for (int64_t first = 0; first < rowCount; first += kGroupRows) {
    const uint8_t *sources[kGroupRows];
    int64_t steps[kGroupRows];
    for (int64_t r = 0; r < kGroupRows; ++r) {
      bool present = first + r < rowCount;
      sources[r] = present ? rows + (first + r) * rowBytes : zeros;
      steps[r] = present ? kFileBlock : 0;
    }
    packGroup(groups + first / kGroupRows * blocks * kGroupBlockBytes, sources, steps);
  }
}

} // namespace ignis::kernels

#endif
