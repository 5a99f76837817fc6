//===- Q8_0MatMul_avx2.cpp - Q8_0 products, AVX2 ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// AVX2 multiplies unsigned by signed bytes and adds pairs with saturation at 16 bits
// (vpmaddubsw). With |w| <= 128 as the unsigned side and the activation carrying w's sign a pair
// is at most 2 * 128 * 127 = 32512, so nothing saturates and the sums are exact. (Unsigned weights
// q + 128 would saturate; |a| with the weight carrying the sign fails for w = -128.)

#include "Rows256.h"

#define IGNIS_VARIANT avx2
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

struct SignProduct {
  static constexpr int kHalves = 1;
  template <int R>
  IGNIS_INLINE void block(const uint8_t *quads, const uint8_t *a, int64_t stride,
                          __m256i (*dot)[R]) {
    const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 8
    for (int i = 0; i < kQuadLines; ++i) {
      __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(quads + i * kLine));
      __m256i magnitude = _mm256_abs_epi8(w); // 128 for -128, read as unsigned
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        __m256i x = _mm256_set1_epi32(loadInt(a + r * stride + 4 * i));
        __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(x, w));
        __m256i fours = _mm256_madd_epi16(pairs, ones);
        dot[0][r] = i == 0 ? fours : _mm256_add_epi32(dot[0][r], fours);
        keepOrder(dot[0][r]);
      }
    }
  }
};

} // namespace

void ignis::kernels::avx2::matmul_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                       const float *residual, float *y, int64_t rows, int64_t k,
                                       int64_t nBegin, int64_t nEnd, int64_t yStride) {
  multiply<SignProduct>(w, a, bias, residual, y, rows, k, nBegin, nEnd, yStride);
}

void ignis::kernels::avx2::matvec_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                       const float *residual, float *y, int64_t k, int64_t nBegin,
                                       int64_t nEnd) {
  multiplyVector<SignProduct>(w, a, bias, residual, y, k, nBegin, nEnd);
}
