//===- Q8_0Round_neon.cpp - rounding of activations, base NEON -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Record: ActivationLayout::BlocksScaled.

#include "Round.h"

#define IGNIS_VARIANT neon
#include "../Variant.inc"

using namespace ignis::kernels;

void ignis::kernels::neon::round_q8_0(const float *x, uint8_t *a, int64_t rows, int64_t k,
                                      int64_t kBegin, int64_t kEnd, int64_t xStride) {
  roundRows(x, a, rows, k, kBegin, kEnd, xStride);
}
