//===- MatVec.h - the walk of the NEON matrix-vector kernels ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Groups, tails, and the second attempt where shifted scales gave no finite sum (Layout.h). What a
// block adds to the sums is the variant's. Nothing of this header may become a symbol: a variant's
// class stands in an anonymous namespace, and so does what is made of it here.

#ifndef IGNIS_LIB_KERNELS_ARM64_MATVEC_H
#define IGNIS_LIB_KERNELS_ARM64_MATVEC_H

#include "Layout.h"

namespace ignis::kernels {

/// acc += sums x scales, of 16 features; the sums started from kStart.
template <bool shifted>
IGNIS_INLINE void addScaled(const int32x4_t (&dot)[4], const uint8_t *scales, const uint8_t *a,
                            float32x4_t *acc) {
  uint16x8_t h[2] = {loadScales<shifted>(scales), loadScales<shifted>(scales + 16)};
  float32_t da = activationScale<shifted>(a);
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g) {
    uint16x4_t halves = g % 2 ? vget_high_u16(h[g / 2]) : vget_low_u16(h[g / 2]);
    acc[g] = vfmaq_f32(acc[g], toFloat(dot[g]), vmulq_n_f32(widen<shifted>(halves), da));
  }
}

/// A Method whose blocks lie in pairs. Block::sums(w, a, start, dot) is the sums of one; `start` is
/// kStart in a register.
template <typename Block> struct InPairs {
  template <bool shifted>
  IGNIS_INLINE void addBlock(const uint8_t *w, const uint8_t *scales, const uint8_t *a,
                             int32x4_t start, float32x4_t *acc) {
    int32x4_t dot[4];
    Block::sums(w, a, start, dot);
    keepOrder();
    addScaled<shifted>(dot, scales, a, acc);
  }

  template <bool shifted>
  IGNIS_INLINE void addGroup(const uint8_t *w, const uint8_t *a, int64_t blocks, float32x4_t *acc) {
    const int32x4_t start = vld1q_s32(kStart);
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
  }
};

/// One group; false if sums with shifted scales may be wrong.
template <typename Method, bool shifted>
IGNIS_INLINE bool multiplyGroup(const uint8_t *w, const uint8_t *a, int64_t blocks,
                                float32x4_t *acc) {
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g)
    acc[g] = vdupq_n_f32(0);
  Method::template addGroup<shifted>(w, a, blocks, acc);
  return !shifted || !anyNotFinite(acc);
}

/// Rare.
template <typename Method>
__attribute__((noinline)) static void multiplyGroupAgain(const uint8_t *w, const uint8_t *a,
                                                         int64_t blocks, float32x4_t *acc) {
  multiplyGroup<Method, false>(w, a, blocks, acc);
}

/// matvec_q8_0. Method::addGroup<shifted>(w, a, blocks, acc) adds a group's blocks to 16 sums.
template <typename Method>
IGNIS_INLINE void multiplyVector(const uint8_t *w, const uint8_t *a, const float *bias,
                                 const float *residual, float *y, int64_t k, int64_t nBegin,
                                 int64_t nEnd) {
  int64_t blocks = k / kBlock, bytes = groupBytes(blocks), columns = nEnd - nBegin;
  w += nBegin / kGroupRows * bytes;
  for (int64_t j = 0; j < columns; j += kGroupRows, w += bytes) {
    float32x4_t acc[4];
    if (!multiplyGroup<Method, true>(w, a, blocks, acc))
      multiplyGroupAgain<Method>(w, a, blocks, acc);
    finishGroup(acc, bias ? bias + j : nullptr, residual ? residual + j : nullptr, y + j,
                columns - j);
  }
}

} // namespace ignis::kernels

#endif
