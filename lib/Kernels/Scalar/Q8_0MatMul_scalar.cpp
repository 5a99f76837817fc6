//===- Q8_0MatMul_scalar.cpp - Q8_0 products, the definition ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// docs/Numerics.md, section 2, in plain C++, and the packing it reads: per group and block 16 rows
// of 32 signed values, then 16 float16 scales. Slow and right on any processor.

#include "ignis/Kernels/KernelABI.h"
#include "ignis/Kernels/Soft.h"

#define IGNIS_VARIANT scalar
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

float loadHalf(const uint8_t *p) { return softHalfToFloat(uint16_t(p[0] | p[1] << 8)); }

/// One output before bias and residual: feature `row` of the group at `group` times one activation
/// record.
float dotRow(const uint8_t *group, int64_t row, const uint8_t *record, int64_t k) {
  int64_t blocks = k / kBlock;
  auto *qa = reinterpret_cast<const int8_t *>(record);
  auto *da = reinterpret_cast<const float *>(record + k);
  float acc = 0;
  for (int64_t b = 0; b < blocks; ++b) {
    const uint8_t *block = group + b * kGroupBlockBytes;
    auto *qw = reinterpret_cast<const int8_t *>(block + row * kBlock);
    float dw = loadHalf(block + kGroupRows * kBlock + row * 2);
    int32_t dot = 0;
    for (int64_t i = 0; i < kBlock; ++i)
      dot += int32_t(qw[i]) * int32_t(qa[b * kBlock + i]);
    acc = softFma(float(dot), dw * da[b], acc);
  }
  return acc;
}

} // namespace

void ignis::kernels::scalar::matmul_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                         const float *residual, float *y, int64_t rows, int64_t k,
                                         int64_t nBegin, int64_t nEnd, int64_t yStride) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t j = nBegin; j < nEnd; ++j) {
      const uint8_t *group = w + j / kGroupRows * (k / kBlock) * kGroupBlockBytes;
      float value = dotRow(group, j % kGroupRows, a + r * (k + k / 4), k);
      if (bias)
        value += bias[j - nBegin];
      if (residual)
        value += residual[r * yStride + j - nBegin];
      y[r * yStride + j - nBegin] = value;
    }
  }
}

void ignis::kernels::scalar::matvec_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                         const float *residual, float *y, int64_t k, int64_t nBegin,
                                         int64_t nEnd) {
  scalar::matmul_q8_0(w, a, bias, residual, y, 1, k, nBegin, nEnd, nEnd - nBegin);
}

void ignis::kernels::scalar::pack(const uint8_t *rows, int64_t rowCount, int64_t k, uint8_t *groups,
                                  bool) {
  constexpr int64_t kFileBlock = 34;
  int64_t blocks = k / kBlock;
  int64_t paddedRows = (rowCount + kGroupRows - 1) / kGroupRows * kGroupRows;
  for (int64_t row = 0; row < paddedRows; ++row) {
    for (int64_t b = 0; b < blocks; ++b) {
      uint8_t *block = groups + (row / kGroupRows * blocks + b) * kGroupBlockBytes;
      uint8_t *q = block + row % kGroupRows * kBlock;
      uint8_t *d = block + kGroupRows * kBlock + row % kGroupRows * 2;
      const uint8_t *file = row < rowCount ? rows + (row * blocks + b) * kFileBlock : nullptr;
      for (int64_t i = 0; i < 2; ++i)
        d[i] = file ? file[i] : 0;
      for (int64_t i = 0; i < kBlock; ++i)
        q[i] = file ? file[2 + i] : 0;
    }
  }
}
