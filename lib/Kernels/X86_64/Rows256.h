//===- Rows256.h - what the 256-bit kernels share ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Loops over groups, row tiles and blocks for registers of 8 features (half a group). The product
// of one block, the only thing in which AVX2 and AVX-VNNI differ, comes in as a policy:
//
//   struct Product {
//     // Half groups of one call: 2, or 1 where 2 would take more registers than there are.
//     static constexpr int kHalves;
//     // dot[h][r] = exact dot products of 8 features with R activation records `stride` bytes
//     // apart; `quads` is the first line of the block plus 0 or 32 for the first half wanted.
//     template <int R> static void block(const uint8_t *quads, const uint8_t *a, int64_t stride,
//                                        __m256i (*dot)[R]);
//   };
//
// Everything is static and inlined or internal to the including file (Variant.inc says why).

#ifndef IGNIS_LIB_KERNELS_X86_64_ROWS256_H
#define IGNIS_LIB_KERNELS_X86_64_ROWS256_H

#include "Quads.h"
#include "ignis/Kernels/KernelABI.h"

#include <immintrin.h>

namespace ignis::kernels {
namespace {

constexpr int kHalf = 8; // features of a register
constexpr int kMostTileRows = 6;
// As in the AVX-512 kernel: rows in panels that stay in the L2 cache while all weights pass by.
constexpr int64_t kPanelBytes = 192 * 1024;
constexpr int64_t kLeastPanelRows = 48;

/// Where a tile's results go: column 0 is the tile's first feature.
struct Output {
  const float *bias, *residual;
  float *y;
  int64_t stride, columns;
};

IGNIS_INLINE int32_t loadInt(const uint8_t *p) {
  int32_t value;
  __builtin_memcpy(&value, p, 4);
  return value;
}

IGNIS_INLINE float loadFloat(const uint8_t *p) {
  float value;
  __builtin_memcpy(&value, p, 4);
  return value;
}

/// Stops the compiler from regrouping sums and moving rows past lines, which ends in spills.
IGNIS_INLINE void keepOrder(__m256i &sum) { __asm__ volatile("" : "+x"(sum)); }

/// Lanes 0 .. columns - 1 of 8.
IGNIS_INLINE __m256i maskOf(int64_t columns) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(int32_t(columns < kHalf ? columns : kHalf)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/// (sum + bias) + residual for 8 features of one row.
IGNIS_INLINE void finish(__m256 sum, const float *bias, const float *residual, float *y,
                         int64_t columns) {
  if (columns >= kHalf) {
    if (bias)
      sum = _mm256_add_ps(sum, _mm256_loadu_ps(bias));
    if (residual)
      sum = _mm256_add_ps(sum, _mm256_loadu_ps(residual));
    _mm256_storeu_ps(y, sum);
  } else if (columns > 0) {
    __m256i mask = maskOf(columns);
    if (bias)
      sum = _mm256_add_ps(sum, _mm256_maskload_ps(bias, mask));
    if (residual)
      sum = _mm256_add_ps(sum, _mm256_maskload_ps(residual, mask));
    _mm256_maskstore_ps(y, mask, sum);
  }
}

/// One block of H half groups for R rows. The barrier keeps the compiler from loading the
/// activations once for several calls: there are no registers to hold them.
template <typename Product, int H, int R>
IGNIS_INLINE void addHalves(const uint8_t *quads, const uint8_t *scales, const uint8_t *a,
                            int64_t stride, __m256 (*acc)[R]) {
  __m256i dot[H][R];
  __asm__ volatile("" : "+r"(quads), "+r"(a));
  Product::template block<R>(quads, a, stride, dot);
#pragma GCC unroll 2
  for (int h = 0; h < H; ++h) {
    auto *half = reinterpret_cast<const __m128i *>(scales + 16 * h);
    __m256 dw = _mm256_cvtph_ps(_mm_loadu_si128(half));
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      __m256 scale = _mm256_mul_ps(dw, _mm256_set1_ps(loadFloat(a + r * stride + 32)));
      acc[h][r] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[h][r]), scale, acc[h][r]);
    }
  }
}

/// One block of a group for R rows. A loop stays a loop here and in multiplyTile: unrolled they
/// would not fit the processor's cache of decoded instructions.
template <typename Product, int R>
IGNIS_INLINE void addBlock(const uint8_t *quads, const uint8_t *scales, const uint8_t *a,
                           int64_t stride, __m256 (*acc)[R]) {
  constexpr int kHalves = Product::kHalves;
#pragma GCC unroll 1
  for (int h = 0; h < 2; h += kHalves)
    addHalves<Product, kHalves, R>(quads + h * 32, scales + h * 16, a, stride, acc + h);
}

/// Cache lines to ask for while a tile is computed: `lines` of them for each pair of blocks.
struct Ahead {
  const uint8_t *next;
  int64_t lines;
};

/// One group times R rows.
template <typename Product, int R>
__attribute__((noinline)) void multiplyTile(const uint8_t *w, const uint8_t *a, int64_t stride,
                                            int64_t blocks, Ahead ahead, const Output &out) {
  __m256 acc[2][R];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    acc[0][r] = acc[1][r] = _mm256_setzero_ps();
    // The results are often far away: ask for their lines now, write them when the sums are done.
    __builtin_prefetch(out.y + r * out.stride, 1);
  }
  int64_t b = 0;
  for (; b + 2 <= blocks; b += 2) {
    for (int64_t i = 0; i < ahead.lines; ++i, ahead.next += kLine)
      __builtin_prefetch(ahead.next, 0, 2);
#pragma GCC unroll 1
    for (int i = 0; i < 2; ++i)
      addBlock<Product, R>(w + i * (kQuadLines * kLine), w + 16 * kLine + i * 32,
                           a + i * kRecordBlock, stride, acc);
    w += kPairBytes;
    a += 2 * kRecordBlock;
  }
  if (b < blocks)
    addBlock<Product, R>(w, w + kQuadLines * kLine, a, stride, acc);
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      int64_t at = r * out.stride + h * kHalf;
      finish(acc[h][r], out.bias ? out.bias + h * kHalf : nullptr,
             out.residual ? out.residual + at : nullptr, out.y + at, out.columns - h * kHalf);
    }
}

using TileFunction = void (*)(const uint8_t *, const uint8_t *, int64_t, int64_t, Ahead,
                              const Output &);

template <typename Product> IGNIS_INLINE TileFunction tileFor(int64_t rows) {
  static const TileFunction functions[kMostTileRows] = {
      multiplyTile<Product, 1>, multiplyTile<Product, 2>, multiplyTile<Product, 3>,
      multiplyTile<Product, 4>, multiplyTile<Product, 5>, multiplyTile<Product, 6>};
  return functions[rows - 1];
}

/// matmul_q8_0 for a Product.
template <typename Product>
IGNIS_INLINE void multiply(const uint8_t *w, const uint8_t *a, const float *bias,
                           const float *residual, float *y, int64_t rows, int64_t k, int64_t nBegin,
                           int64_t nEnd, int64_t yStride) {
  int64_t blocks = k / kBlock, bytes = groupBytes(blocks), stride = blocks * kRecordBlock;
  w += nBegin / kGroupRows * bytes;
  int64_t fit = kPanelBytes / stride / kMostTileRows * kMostTileRows;
  int64_t height = fit > kLeastPanelRows ? fit : kLeastPanelRows;
  int64_t panels = (rows + height - 1) / height;
  for (int64_t p = 0; p < panels; ++p) {
    int64_t panelBegin = rows * p / panels, panelRows = rows * (p + 1) / panels - panelBegin;
    int64_t tiles = (panelRows + kMostTileRows - 1) / kMostTileRows;
    for (int64_t j = 0; j < nEnd - nBegin; j += kGroupRows) {
      const uint8_t *group = w + j / kGroupRows * bytes;
      // One tile reads the weights from memory as it goes; of several, each asks for its share of
      // the next group.
      int64_t lines = (kPairBytes / kLine + tiles - 1) / tiles;
      Ahead ahead = {group + (tiles == 1 ? 8 * kPairBytes : bytes), lines};
      for (int64_t t = 0; t < tiles; ++t) { // of nearly equal height
        int64_t begin = panelBegin + panelRows * t / tiles;
        int64_t end = panelBegin + panelRows * (t + 1) / tiles;
        int64_t at = begin * yStride + j;
        Output out = {bias ? bias + j : nullptr, residual ? residual + at : nullptr, y + at,
                      yStride, nEnd - nBegin - j};
        tileFor<Product>(end - begin)(group, a + begin * stride, stride, blocks, ahead, out);
        ahead.next += blocks / 2 * lines * kLine;
      }
    }
  }
}

/// One group times one row.
template <typename Product>
IGNIS_INLINE void dotGroup(const uint8_t *w, const uint8_t *a, int64_t blocks, __m256 (*acc)[1]) {
  acc[0][0] = acc[1][0] = _mm256_setzero_ps();
  int64_t b = 0;
  for (; b + 2 <= blocks; b += 2) {
    prefetchPair(w);
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i)
      addBlock<Product, 1>(w + i * (kQuadLines * kLine), w + 16 * kLine + i * 32,
                           a + i * kRecordBlock, 0, acc);
    w += kPairBytes;
    a += 2 * kRecordBlock;
  }
  if (b < blocks)
    addBlock<Product, 1>(w, w + kQuadLines * kLine, a, 0, acc);
}

/// matvec_q8_0 for a Product: one sequential stream of weights.
template <typename Product>
IGNIS_INLINE void multiplyVector(const uint8_t *w, const uint8_t *a, const float *bias,
                                 const float *residual, float *y, int64_t k, int64_t nBegin,
                                 int64_t nEnd) {
  int64_t blocks = k / kBlock, bytes = groupBytes(blocks), columns = nEnd - nBegin;
  w += nBegin / kGroupRows * bytes;
  for (int64_t j = 0; j < columns; j += kGroupRows, w += bytes) {
    __m256 acc[2][1];
    dotGroup<Product>(w, a, blocks, acc);
    for (int64_t h = 0; h < kGroupRows; h += kHalf)
      finish(acc[h / kHalf][0], bias ? bias + j + h : nullptr,
             residual ? residual + j + h : nullptr, y + j + h, columns - j - h);
  }
}

} // namespace
} // namespace ignis::kernels

#endif
