//===- Q8_0MatVec_i8mm.cpp - Q8_0 matrix-vector product, smmla --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// smmla multiplies 2 features x 8 values with 2 columns x 8 values; a vector is one column. So the
// other column is zeros, first on the right and then on the left: features 4i and 4i + 2 meet
// [a, 0] and leave their sums in lanes 0 and 2, features 4i + 1 and 4i + 3 meet [0, a] and add
// theirs in lanes 1 and 3 of the same register. That is sdot's work per instruction, and the
// layout is the one that the matrix product wants (WeightLayout::OctetsSigned).

#include "Layout.h"

#define IGNIS_VARIANT i8mm
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

alignas(16) const int32_t kStart[4] = {0x4b400000, 0x4b400000, 0x4b400000, 0x4b400000};

/// Adds one block of 16 features.
template <bool shifted>
IGNIS_INLINE void addBlock(const uint8_t *w, const uint8_t *scales, const uint8_t *a,
                           int32x4_t start, float32x4_t *acc) {
  int32x4_t dot[4] = {start, loadStart(kStart), start, loadStart(kStart)};
  auto *q = reinterpret_cast<const int8_t *>(w);
  auto *values = reinterpret_cast<const int8_t *>(a);
#pragma GCC unroll 4
  for (int o = 0; o < 4; ++o) {
    int8x16_t left = vcombine_s8(vld1_s8(values + 8 * o), vdup_n_s8(0));
    int8x16_t right = vextq_s8(vdupq_n_s8(0), left, 8);
#pragma GCC unroll 4
    for (int g = 0; g < 4; ++g) {
      dot[g] = vmmlaq_s32(dot[g], vld1q_s8(q + o * 128 + g * 32), left);
      dot[g] = vmmlaq_s32(dot[g], vld1q_s8(q + o * 128 + g * 32 + 16), right);
    }
    finishBefore(dot);
  }
  keepOrder();
  uint16x8_t h[2] = {loadScales<shifted>(scales), loadScales<shifted>(scales + 16)};
  float32_t da = activationScale<shifted>(a);
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g) {
    uint16x4_t halves = g % 2 ? vget_high_u16(h[g / 2]) : vget_low_u16(h[g / 2]);
    acc[g] = vfmaq_f32(acc[g], toFloat(dot[g]), vmulq_n_f32(widen<shifted>(halves), da));
  }
}

/// One group; false if sums with shifted scales may be wrong.
template <bool shifted>
IGNIS_INLINE bool multiplyGroup(const uint8_t *w, const uint8_t *a, int64_t blocks,
                                float32x4_t *acc) {
  const int32x4_t start = vld1q_s32(kStart);
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g)
    acc[g] = vdupq_n_f32(0);
  int64_t b = 0;
  for (; b + 2 <= blocks; b += 2) {
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      addBlock<shifted>(w + i * kValueBytes, w + 2 * kValueBytes + i * 32, a + i * kRecordBlock,
                        start, acc);
      keepOrder();
    }
    w += kPairBytes;
    a += 2 * kRecordBlock;
  }
  if (b < blocks)
    addBlock<shifted>(w, w + kValueBytes, a, start, acc);
  return !shifted || !anyNotFinite(acc);
}

/// Rare.
__attribute__((noinline)) void multiplyGroupAgain(const uint8_t *w, const uint8_t *a,
                                                  int64_t blocks, float32x4_t *acc) {
  multiplyGroup<false>(w, a, blocks, acc);
}

} // namespace

void ignis::kernels::i8mm::matvec_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                       const float *residual, float *y, int64_t k, int64_t nBegin,
                                       int64_t nEnd) {
  int64_t blocks = k / kBlock, bytes = groupBytes(blocks), columns = nEnd - nBegin;
  w += nBegin / kGroupRows * bytes;
  for (int64_t j = 0; j < columns; j += kGroupRows, w += bytes) {
    float32x4_t acc[4];
    if (!multiplyGroup<true>(w, a, blocks, acc))
      multiplyGroupAgain(w, a, blocks, acc);
    finishGroup(acc, bias ? bias + j : nullptr, residual ? residual + j : nullptr, y + j,
                columns - j);
  }
}
