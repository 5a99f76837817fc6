//===- Q8_0MatMul_dotprod.cpp - Q8_0 matrix product, sdot -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Tiles of 8 features x up to 4 rows: 16 sums and products in registers, weights loaded once for 4
// rows, activations used from lanes of the records as they lie. Per 4 outputs and block 8 sdot and
// 3 operations for scale and sum: 11 / 4 operations an output are the bound (docs/Arm.md).

#include "Scales.h"

#define IGNIS_VARIANT dotprod
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

constexpr int kTileRows = 4;

/// Adds one block: 8 features at w (lines of 64 bytes) times R records `stride` bytes apart.
template <int R>
IGNIS_INLINE void addBlock(const uint8_t *w, const float *dw, const uint8_t *a, int64_t stride,
                           float32x4_t (*acc)[2]) {
  int32x4_t dot[R][2];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h)
      dot[r][h] = loadStart();
  auto *q = reinterpret_cast<const int8_t *>(w);
#define IGNIS_QUAD(I)                                                                              \
  {                                                                                                \
    int8x16_t w0 = vld1q_s8(q + (i * 4 + (I)) * 64), w1 = vld1q_s8(q + (i * 4 + (I)) * 64 + 16);   \
    _Pragma("GCC unroll 4") for (int r = 0; r < R; ++r) {                                          \
      dot[r][0] = vdotq_laneq_s32(dot[r][0], w0, values[r], I);                                    \
      dot[r][1] = vdotq_laneq_s32(dot[r][1], w1, values[r], I);                                    \
    }                                                                                              \
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    int8x16_t values[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r)
      values[r] = vld1q_s8(reinterpret_cast<const int8_t *>(a + r * stride + i * 16));
    IGNIS_QUAD(0)
    IGNIS_QUAD(1)
    IGNIS_QUAD(2)
    IGNIS_QUAD(3)
    keepOrder();
  }
#undef IGNIS_QUAD
  float32x4_t d[2] = {vld1q_f32(dw), vld1q_f32(dw + 4)};
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
    float32_t da = activationScale<false>(a + r * stride);
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h)
      acc[r][h] = vfmaq_f32(acc[r][h], toFloat(dot[r][h]), vmulq_n_f32(d[h], da));
    keepOrder();
  }
}

/// Where a tile's results go.
struct Output {
  const float *bias, *residual;
  float *y;
  int64_t stride, columns;
};

template <int R>
__attribute__((noinline)) void multiplyTile(const uint8_t *w, const float *dw, const uint8_t *a,
                                            int64_t blocks, const Output &out) {
  int64_t stride = blocks * kRecordBlock;
  float32x4_t acc[R][2];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r)
    acc[r][0] = acc[r][1] = vdupq_n_f32(0);
  int64_t b = 0;
  for (; b + 2 <= blocks; b += 2) {
    addBlock<R>(w, dw, a, stride, acc);
    addBlock<R>(w + kValueBytes, dw + kHalfRows, a + kRecordBlock, stride, acc);
    w += kPairBytes;
    dw += 2 * kHalfRows;
    a += 2 * kRecordBlock;
  }
  if (b < blocks)
    addBlock<R>(w, dw, a, stride, acc);
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h)
      finish(acc[r][h], out.bias ? out.bias + 4 * h : nullptr,
             out.residual ? out.residual + r * out.stride + 4 * h : nullptr,
             out.y + r * out.stride + 4 * h, out.columns - 4 * h);
}

using TileFunction = void (*)(const uint8_t *, const float *, const uint8_t *, int64_t,
                              const Output &);

} // namespace

void ignis::kernels::dotprod::matmul_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                          const float *residual, float *y, int64_t rows, int64_t k,
                                          int64_t nBegin, int64_t nEnd, int64_t yStride) {
  static const TileFunction tiles[kTileRows] = {multiplyTile<1>, multiplyTile<2>, multiplyTile<3>,
                                                multiplyTile<4>};
  int64_t blocks = k / kBlock, stride = blocks * kRecordBlock;
  if (rows == 1 || blocks > kMostBlocks) {
    for (int64_t r = 0; r < rows; ++r)
      dotprod::matvec_q8_0(w, a + r * stride, bias, residual ? residual + r * yStride : nullptr,
                           y + r * yStride, k, nBegin, nEnd);
    return;
  }
  float scales[kMostBlocks * kHalfRows];
  for (int64_t j = nBegin; j < nEnd; j += kHalfRows) {
    const uint8_t *group = w + j / kGroupRows * groupBytes(blocks);
    int64_t half = j % kGroupRows / kHalfRows, column = j - nBegin;
    convertScales(group, half, blocks, scales);
    for (int64_t r = 0; r < rows; r += kTileRows) {
      int64_t at = r * yStride + column;
      Output out = {bias ? bias + column : nullptr, residual ? residual + at : nullptr, y + at,
                    yStride, nEnd - j};
      int64_t count = rows - r < kTileRows ? rows - r : kTileRows;
      tiles[count - 1](group + half * 32, scales, a + r * stride, blocks, out);
    }
  }
}
