//===- Q8_0Round_scalar.cpp - rounding of activations, the definition -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// docs/Numerics.md, section 1, in plain C++. Record: q[k], d[k / 32], s[k / 32].

#include "ignis/Kernels/KernelABI.h"

#define IGNIS_VARIANT scalar
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

/// Rounds |v| <= 127 to the nearest integer, ties to even: the addition drops the fraction in the
/// default mode.
int32_t roundToEven(float v) {
  float shifted = v + 12582912.0f; // 1.5 * 2^23
  int32_t bits;
  __builtin_memcpy(&bits, &shifted, sizeof(bits));
  return bits - 0x4b400000;
}

void roundBlock(const float *x, int8_t *q, float &scale, int32_t &sum) {
  float amax = 0;
  for (int i = 0; i < kBlock; ++i) {
    float magnitude = x[i] < 0 ? -x[i] : x[i];
    amax = magnitude > amax ? magnitude : amax;
  }
  float d = 0, inverse = 0;
  if (amax >= 0x1p-100f) {
    d = amax / 127;
    inverse = 1 / d;
  }
  scale = d;
  sum = 0;
  for (int i = 0; i < kBlock; ++i) {
    float v = d == 0 ? 0 : x[i] * inverse;
    v = v < -127 ? -127 : v > 127 ? 127 : v;
    q[i] = int8_t(roundToEven(v));
    sum += q[i];
  }
}

} // namespace

void ignis::kernels::scalar::round_q8_0(const float *x, uint8_t *a, int64_t rows, int64_t k,
                                        int64_t kBegin, int64_t kEnd, int64_t xStride) {
  int64_t blocks = k / kBlock;
  for (int64_t row = 0; row < rows; ++row) {
    uint8_t *record = a + row * (k + k / 4);
    auto *q = reinterpret_cast<int8_t *>(record);
    auto *scales = reinterpret_cast<float *>(record + k);
    auto *sums = reinterpret_cast<int32_t *>(record + k + blocks * 4);
    for (int64_t b = kBegin / kBlock; b < kEnd / kBlock; ++b)
      roundBlock(x + row * xStride + b * kBlock - kBegin, q + b * kBlock, scales[b], sums[b]);
  }
}
