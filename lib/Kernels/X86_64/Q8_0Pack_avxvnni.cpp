//===- Q8_0Pack_avxvnni.cpp - Q8_0 rows to unsigned quads, AVX-VNNI --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Writes WeightLayout::QuadsUnsigned.

#include "Pack256.h"

#define IGNIS_VARIANT avxvnni
#include "../Variant.inc"

using namespace ignis::kernels;

void ignis::kernels::avxvnni::pack(const uint8_t *rows, int64_t rowCount, int64_t k,
                                   uint8_t *groups, bool bypassCache) {
  packRows<0x80>(rows, rowCount, k, groups, bypassCache);
}
