//===- Q8_0Round_avx2.cpp - rounding of activations, AVX2 -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Record: ActivationLayout::BlocksSum.

#include "Round256.h"

#define IGNIS_VARIANT avx2
#include "../Variant.inc"

using namespace ignis::kernels;

void ignis::kernels::avx2::round_q8_0(const float *x, uint8_t *a, int64_t rows, int64_t k,
                                      int64_t kBegin, int64_t kEnd, int64_t xStride) {
  roundRows<1>(x, a, rows, k, kBegin, kEnd, xStride);
}
