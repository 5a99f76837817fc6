//===- Q8_0MatMul_avxvnni.cpp - Q8_0 products, AVX-VNNI ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// vpdpbusd sums four products of an unsigned and a signed byte into 32 bits, exactly. Weights are
// stored + 128; the sum starts from -128 times the sum of the activations, which the record holds.
// The unit tests also compile this file with AVX-512's encoding of the same instruction, which more
// processors have.

#include "Rows256.h"

#define IGNIS_VARIANT avxvnni
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

IGNIS_INLINE __m256i dpbusd(__m256i sum, __m256i w, __m256i a) {
#if defined(__AVXVNNI__)
  return _mm256_dpbusd_avx_epi32(sum, w, a);
#else
  return _mm256_dpbusd_epi32(sum, w, a);
#endif
}

struct DotProduct {
  static constexpr int kHalves = 2;
  template <int R>
  IGNIS_INLINE void block(const uint8_t *quads, const uint8_t *a, int64_t stride,
                          __m256i (*dot)[R]) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
      dot[0][r] = dot[1][r] = _mm256_set1_epi32(loadInt(a + r * stride + 36));
#pragma GCC unroll 8
    for (int i = 0; i < kQuadLines; ++i) {
      auto *line = reinterpret_cast<const __m256i *>(quads + i * kLine);
      __m256i w0 = _mm256_loadu_si256(line), w1 = _mm256_loadu_si256(line + 1);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        __m256i x = _mm256_set1_epi32(loadInt(a + r * stride + 4 * i));
        dot[0][r] = dpbusd(dot[0][r], w0, x);
        dot[1][r] = dpbusd(dot[1][r], w1, x);
        keepOrder(dot[0][r]);
        keepOrder(dot[1][r]);
      }
    }
  }
};

} // namespace

void ignis::kernels::avxvnni::matmul_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                          const float *residual, float *y, int64_t rows, int64_t k,
                                          int64_t nBegin, int64_t nEnd, int64_t yStride) {
  multiply<DotProduct>(w, a, bias, residual, y, rows, k, nBegin, nEnd, yStride);
}

void ignis::kernels::avxvnni::matvec_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                          const float *residual, float *y, int64_t k,
                                          int64_t nBegin, int64_t nEnd) {
  multiplyVector<DotProduct>(w, a, bias, residual, y, k, nBegin, nEnd);
}
