//===- Q8_0MatVec_dotprod.cpp - Q8_0 matrix-vector product, sdot ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A register holds 4 values of 4 features, sdot takes the 4 activations from a lane: 32 of them a
// block of 16 features, in one sequential stream of weights. Beside them 19 vector operations for
// sums and scales: 51 for 16 outputs are the bound (docs/Arm.md).

#include "MatVec.h"

#define IGNIS_VARIANT dotprod
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

struct Block {
  /// The products' sums of one block of 16 features. Three of them start from a register, which
  /// costs a vector operation each, one from a load, because the load pipes are nearly as busy.
  IGNIS_INLINE void sums(const uint8_t *w, const uint8_t *a, int32x4_t start, int32x4_t (&dot)[4]) {
    dot[0] = dot[1] = dot[3] = start;
    dot[2] = loadStart();
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
  }
};

} // namespace

void ignis::kernels::dotprod::matvec_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                          const float *residual, float *y, int64_t k,
                                          int64_t nBegin, int64_t nEnd) {
  multiplyVector<InPairs<Block>>(w, a, bias, residual, y, k, nBegin, nEnd);
}
