//===- Q8_0Pack_avx2.cpp - Q8_0 rows to signed quads, AVX2 ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Writes WeightLayout::QuadsSigned.

#include "Pack256.h"

#define IGNIS_VARIANT avx2
#include "../Variant.inc"

using namespace ignis::kernels;

void ignis::kernels::avx2::pack(const uint8_t *rows, int64_t rowCount, int64_t k, uint8_t *groups,
                                bool bypassCache) {
  packRows<0>(rows, rowCount, k, groups, bypassCache);
}
