//===- Q8_0MatVec_i8mm.cpp - Q8_0 matrix-vector product, smmla --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// smmla multiplies 2 features x 8 values with 2 columns x 8 values; a vector is one column. So the
// other column is zeros, first on the right and then on the left: features 4i and 4i + 2 meet
// [a, 0] and leave their sums in lanes 0 and 2, features 4i + 1 and 4i + 3 meet [0, a] and add
// theirs in lanes 1 and 3 of the same register. That is sdot's work per instruction, and the
// layout is the one that the matrix product wants (WeightLayout::OctetsSigned).

#include "MatVec.h"

#define IGNIS_VARIANT i8mm
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

struct Block {
  /// The products' sums of one block of 16 features.
  IGNIS_INLINE void sums(const uint8_t *w, const uint8_t *a, int32x4_t start, int32x4_t (&dot)[4]) {
    dot[0] = dot[2] = start;
    dot[1] = loadStart();
    dot[3] = loadStart();
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
  }
};

} // namespace

void ignis::kernels::i8mm::matvec_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                       const float *residual, float *y, int64_t k, int64_t nBegin,
                                       int64_t nEnd) {
  multiplyVector<InPairs<Block>>(w, a, bias, residual, y, k, nBegin, nEnd);
}
