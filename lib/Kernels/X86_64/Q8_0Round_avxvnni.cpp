//===- Q8_0Round_avxvnni.cpp - rounding of activations, AVX-VNNI -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Record: ActivationLayout::BlocksStart.

#include "Round256.h"

#define IGNIS_VARIANT avxvnni
#include "../Variant.inc"

using namespace ignis::kernels;

void ignis::kernels::avxvnni::round_q8_0(const float *x, uint8_t *a, int64_t rows, int64_t k,
                                         int64_t kBegin, int64_t kEnd, int64_t xStride) {
  roundRows<-128>(x, a, rows, k, kBegin, kEnd, xStride);
}
