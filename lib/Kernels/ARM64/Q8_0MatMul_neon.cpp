//===- Q8_0MatMul_neon.cpp - Q8_0 matrix product, base NEON -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The matrix-vector kernel is bound by its multiplications alone, so more rows at a time would gain
// nothing but the loads: a group of weights stays in the first-level cache while all rows pass by.

#include "Layout.h"

#define IGNIS_VARIANT neon
#include "../Variant.inc"

using namespace ignis::kernels;

void ignis::kernels::neon::matmul_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                       const float *residual, float *y, int64_t rows, int64_t k,
                                       int64_t nBegin, int64_t nEnd, int64_t yStride) {
  int64_t stride = k / kBlock * kRecordBlock;
  for (int64_t j = nBegin; j < nEnd; j += kGroupRows) {
    int64_t end = nEnd - j < kGroupRows ? nEnd : j + kGroupRows, column = j - nBegin;
    for (int64_t r = 0; r < rows; ++r) {
      int64_t at = r * yStride + column;
      neon::matvec_q8_0(w, a + r * stride, bias ? bias + column : nullptr,
                        residual ? residual + at : nullptr, y + at, k, j, end);
    }
  }
}
