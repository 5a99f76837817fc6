//===- RoundRuns.h - the runs of blocks that a rounding writes --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// For record layouts in which block b of a record lies at b * 40 (ActivationLayout::Blocks*).
// Static and inlined, as all of a kernel's file (Variant.inc says why).

#ifndef IGNIS_LIB_KERNELS_ROUNDRUNS_H
#define IGNIS_LIB_KERNELS_ROUNDRUNS_H

#include "ignis/Kernels/KernelABI.h"

namespace ignis::kernels {
namespace {

/// The arguments of round_q8_0 as `count` runs of `blocks` contiguous blocks: run i reads floats
/// from i * xStride on and writes records from `offset` + i * `stride` bytes on.
struct RoundRuns {
  int64_t count, blocks, offset, stride;

  __attribute__((always_inline)) RoundRuns(int64_t rows, int64_t k, int64_t kBegin, int64_t kEnd,
                                           int64_t xStride)
      : count(rows), blocks((kEnd - kBegin) / kBlock), offset(kBegin + kBegin / 4),
        stride(k + k / 4) {
    if (kEnd - kBegin == k && xStride == k) { // Whole rows, one after the other: one run.
      count = 1;
      blocks *= rows;
    }
  }
};

} // namespace
} // namespace ignis::kernels

#endif
