//===- Q8_0MatVec_dotprod.cpp - Q8_0 matrix-vector product, sdot ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A register holds 4 values of 4 features, sdot takes the 4 activations from a lane: 32 of them a
// block of 16 features, in one sequential stream of weights. Beside them 19 vector operations for
// sums and scales: 51 for 16 outputs are the bound (docs/Arm.md).

#include "Layout.h"

#define IGNIS_VARIANT dotprod
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

alignas(16) const int32_t kStart[4] = {0x4b400000, 0x4b400000, 0x4b400000, 0x4b400000};

/// Adds one block of 16 features. Three sums start from a register, which costs a vector operation
/// each, one from a load, because the load pipes are nearly as busy.
template <bool shifted>
IGNIS_INLINE void addBlock(const uint8_t *w, const uint8_t *scales, const uint8_t *a,
                           int32x4_t start, float32x4_t *acc) {
  int32x4_t dot[4] = {start, start, loadStart(kStart), start};
  auto *q = reinterpret_cast<const int8_t *>(w);
  int8x16_t a0 = vld1q_s8(reinterpret_cast<const int8_t *>(a));
  int8x16_t a1 = vld1q_s8(reinterpret_cast<const int8_t *>(a + 16));
#define IGNIS_QUAD(I)                                                                              \
  _Pragma("GCC unroll 4") for (int g = 0; g < 4; ++g) dot[g] =                                     \
      vdotq_laneq_s32(dot[g], vld1q_s8(q + (I) * 64 + g * 16), (I) < 4 ? a0 : a1, (I) % 4);
  IGNIS_QUAD(0)
  IGNIS_QUAD(1)
  IGNIS_QUAD(2)
  IGNIS_QUAD(3)
  IGNIS_QUAD(4)
  IGNIS_QUAD(5)
  IGNIS_QUAD(6)
  IGNIS_QUAD(7)
#undef IGNIS_QUAD
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

void ignis::kernels::dotprod::matvec_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                          const float *residual, float *y, int64_t k,
                                          int64_t nBegin, int64_t nEnd) {
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
