//===- Q8_0MatMul_i8mm.cpp - Q8_0 matrix product, smmla ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Tiles of 8 features x 4 rows. smmla makes 2 features x 2 rows of sums from 8 values of each, and
// so wants two rows' values side by side: as many rows as fit are copied so before the weights pass
// by, with their scales in the lanes where they are needed. Sums and products stay in that 2 x 2
// form until the last block. Per 4 outputs and block 4 smmla and 3 operations for scale and sum: 7
// / 4 operations an output are the bound (docs/Arm.md).

#include "Scales.h"

#define IGNIS_VARIANT i8mm
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

constexpr int64_t kPairBlock = 80; // two rows' block: 4 x (8 values of one, 8 of the other), scales
constexpr int64_t kPanelBytes = 2 * kMostBlocks * kPairBlock; // of the rows side by side

/// Rows r0 and r1 (records) side by side: per block 64 bytes of values, then d0 d1 d0 d1.
IGNIS_INLINE void joinRows(const uint8_t *r0, const uint8_t *r1, int64_t blocks, uint8_t *out) {
  for (int64_t b = 0; b < blocks; ++b) {
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      uint64x2_t v0 = vreinterpretq_u64_u8(vld1q_u8(r0 + i * 16));
      uint64x2_t v1 = vreinterpretq_u64_u8(vld1q_u8(r1 + i * 16));
      vst1q_u8(out + i * 32, vreinterpretq_u8_u64(vzip1q_u64(v0, v1)));
      vst1q_u8(out + i * 32 + 16, vreinterpretq_u8_u64(vzip2q_u64(v0, v1)));
    }
    uint32_t d[2];
    __builtin_memcpy(&d[0], r0 + 32, 4);
    __builtin_memcpy(&d[1], r1 + 32, 4);
    for (int i = 0; i < 4; ++i)
      __builtin_memcpy(out + 64 + 4 * i, &d[i % 2], 4);
    r0 += kRecordBlock;
    r1 += kRecordBlock;
    out += kPairBlock;
  }
}

/// Scales of half a group in the order of the sums: per block 4 x (d d e e), d and e of features
/// 4i + (0, 2), 4i + (1, 3).
IGNIS_INLINE void convertPairScales(const uint8_t *group, int64_t half, int64_t blocks,
                                    float *out) {
  for (int64_t b = 0; b < blocks; ++b) {
    uint16x8_t h = loadScales<false>(group + scalesOffset(b, blocks) + half * 16);
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      float32x4_t d = widen<false>(i ? vget_high_u16(h) : vget_low_u16(h));
      vst1q_f32(out, vtrn1q_f32(d, d));     // 0 0 2 2
      vst1q_f32(out + 4, vtrn2q_f32(d, d)); // 1 1 3 3
      out += 8;
    }
  }
}

/// Adds one block: 8 features at w (octets 128 bytes apart) times P pairs of rows.
template <int P>
IGNIS_INLINE void addBlock(const uint8_t *w, const float *dw, const uint8_t *a, int64_t stride,
                           float32x4_t (*acc)[P]) {
  int32x4_t dot[4][P];
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g)
#pragma GCC unroll 2
    for (int p = 0; p < P; ++p)
      dot[g][p] = loadStart();
#pragma GCC unroll 4
  for (int o = 0; o < 4; ++o) {
    int8x16_t values[P];
#pragma GCC unroll 2
    for (int p = 0; p < P; ++p)
      values[p] = vld1q_s8(reinterpret_cast<const int8_t *>(a + p * stride + o * 16));
#pragma GCC unroll 4
    for (int g = 0; g < 4; ++g) {
      int8x16_t v = vld1q_s8(reinterpret_cast<const int8_t *>(w + o * 128 + g * 16));
#pragma GCC unroll 2
      for (int p = 0; p < P; ++p)
        dot[g][p] = vmmlaq_s32(dot[g][p], v, values[p]);
    }
    if (o % 2)
      keepOrder();
  }
  float32x4_t da[P];
#pragma GCC unroll 2
  for (int p = 0; p < P; ++p)
    da[p] = vld1q_f32(reinterpret_cast<const float *>(a + p * stride + 64));
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g) {
    float32x4_t d = vld1q_f32(dw + 4 * g);
#pragma GCC unroll 2
    for (int p = 0; p < P; ++p)
      acc[g][p] = vfmaq_f32(acc[g][p], toFloat(dot[g][p]), vmulq_f32(d, da[p]));
    keepOrder();
  }
}

/// Where a tile's results go; `rows` of them exist.
struct Output {
  const float *bias, *residual;
  float *y;
  int64_t stride, columns, rows;
};

template <int P>
__attribute__((noinline)) void multiplyTile(const uint8_t *w, const float *dw, const uint8_t *a,
                                            int64_t blocks, const Output &out) {
  int64_t stride = blocks * kPairBlock;
  float32x4_t acc[4][P];
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g)
#pragma GCC unroll 2
    for (int p = 0; p < P; ++p)
      acc[g][p] = vdupq_n_f32(0);
  int64_t b = 0;
  for (; b + 2 <= blocks; b += 2) {
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i)
      addBlock<P>(w + i * kValueBytes, dw + i * 16, a + i * kPairBlock, stride, acc);
    w += kPairBytes;
    dw += 32;
    a += 2 * kPairBlock;
  }
  if (b < blocks)
    addBlock<P>(w, dw, a, stride, acc);
#pragma GCC unroll 2
  for (int p = 0; p < P; ++p)
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h)
#pragma GCC unroll 2
      for (int r = 0; r < 2; ++r) {
        float32x4_t even = acc[2 * h][p], odd = acc[2 * h + 1][p];
        float32x4_t row = r ? vtrn2q_f32(even, odd) : vtrn1q_f32(even, odd);
        int64_t at = (2 * p + r) * out.stride + 4 * h;
        if (2 * p + r < out.rows)
          finish(row, out.bias ? out.bias + 4 * h : nullptr,
                 out.residual ? out.residual + at : nullptr, out.y + at, out.columns - 4 * h);
      }
}

/// All rows of the panel times half a group.
IGNIS_INLINE void multiplyHalf(const uint8_t *w, const float *scales, const uint8_t *panel,
                               int64_t rows, int64_t blocks, Output out) {
  int64_t pairBytes = blocks * kPairBlock;
  for (int64_t r = 0; r < rows; r += 4) {
    Output at = out;
    at.y += r * out.stride;
    if (out.residual)
      at.residual += r * out.stride;
    at.rows = rows - r;
    (at.rows > 2 ? multiplyTile<2> : multiplyTile<1>)(w, scales, panel + r / 2 * pairBytes, blocks,
                                                      at);
  }
}

} // namespace

void ignis::kernels::i8mm::matmul_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                       const float *residual, float *y, int64_t rows, int64_t k,
                                       int64_t nBegin, int64_t nEnd, int64_t yStride) {
  int64_t blocks = k / kBlock, stride = blocks * kRecordBlock;
  if (rows == 1 || blocks > kMostBlocks) {
    for (int64_t r = 0; r < rows; ++r)
      i8mm::matvec_q8_0(w, a + r * stride, bias, residual ? residual + r * yStride : nullptr,
                        y + r * yStride, k, nBegin, nEnd);
    return;
  }
  alignas(16) uint8_t panel[kPanelBytes];
  float scales[kMostBlocks * 16];
  int64_t most = kPanelBytes / (blocks * kPairBlock) / 2 * 4; // rows a panel
  for (int64_t begin = 0; begin < rows; begin += most) {
    int64_t height = rows - begin < most ? rows - begin : most;
    const uint8_t *first = a + begin * stride;
    for (int64_t r = 0; r < height; r += 2) // A row without a partner is its own.
      joinRows(first + r * stride, first + (r + 1 < height ? r + 1 : r) * stride, blocks,
               panel + r / 2 * blocks * kPairBlock);
    for (int64_t j = nBegin; j < nEnd; j += kHalfRows) {
      const uint8_t *group = w + j / kGroupRows * groupBytes(blocks);
      int64_t half = j % kGroupRows / kHalfRows, column = j - nBegin, at = begin * yStride + column;
      convertPairScales(group, half, blocks, scales);
      Output out = {bias ? bias + column : nullptr,
                    residual ? residual + at : nullptr,
                    y + at,
                    yStride,
                    nEnd - j,
                    height};
      multiplyHalf(group + half * 64, scales, panel, height, blocks, out);
    }
  }
}
