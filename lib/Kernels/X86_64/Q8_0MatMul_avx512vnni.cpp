//===- Q8_0MatMul_avx512vnni.cpp - Q8_0 matrix product, AVX-512 VNNI --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Register tiles of 32 features x up to 6 rows: a weight line is loaded once for 6 rows, an
// activation quad once for two lines. Of the 10 vector instructions a block and output vector on
// the multiply pipes, 8 are dot products, so 80 % of their peak is the bound (docs/Kernels.md).
// Up to 12 rows are one tile of 16 features x all rows, so that the weights pass by once.
//
// The weights come from memory, and the hardware's prefetchers fall behind as soon as there is
// arithmetic to do: every tile asks for its share of the weights that come next.

#include "Quads.h"
#include "ignis/Kernels/KernelABI.h"

#include <immintrin.h>

#define IGNIS_VARIANT avx512vnni
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

constexpr int kTileRows = 6;
constexpr int kFewRows = 12;
// Rows are taken in panels that stay in the L2 cache while all weights pass by; but in panels of at
// least so many rows that the weights, read again for each panel, do not become the limit.
constexpr int64_t kPanelBytes = 384 * 1024;
constexpr int64_t kLeastPanelRows = 48;

template <int G, int R> struct Tile {
  __m512 acc[G][R];
};

/// Adds one block: G groups `step` bytes apart, R activation records `stride` bytes apart.
template <int G, int R>
IGNIS_INLINE void addBlock(const uint8_t *quads, int64_t step, const __m512 *dw, const uint8_t *a,
                           int64_t stride, Tile<G, R> &tile) {
  __m512i dot[G][R];
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r) {
    int32_t start;
    __builtin_memcpy(&start, a + r * stride + 36, 4);
    __m512i v = _mm512_set1_epi32(start);
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g)
      dot[g][r] = v;
  }
#pragma GCC unroll 12
  for (int i = 0; i < kQuadLines; ++i) {
    __m512i line[G];
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g)
      line[g] = _mm512_loadu_si512(quads + g * step + i * kLine);
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
      int32_t quad;
      __builtin_memcpy(&quad, a + r * stride + 4 * i, 4);
      __m512i v = _mm512_set1_epi32(quad);
#pragma GCC unroll 4
      for (int g = 0; g < G; ++g)
        dot[g][r] = _mm512_dpbusd_epi32(dot[g][r], line[g], v);
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r) {
    float da;
    __builtin_memcpy(&da, a + r * stride + 32, 4);
    __m512 v = _mm512_set1_ps(da);
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g)
      tile.acc[g][r] =
          _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[g][r]), _mm512_mul_ps(dw[g], v), tile.acc[g][r]);
  }
}

template <int G> IGNIS_INLINE void loadScales(const uint8_t *p, int64_t step, __m512 *dw) {
#pragma GCC unroll 4
  for (int g = 0; g < G; ++g)
    dw[g] = _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(p + g * step)));
}

/// Where a tile's results go: column 0 is the tile's first feature.
struct Output {
  const float *bias, *residual;
  float *y;
  int64_t stride, columns;
};

/// Cache lines to ask for while a tile is computed: `lines` of them for each pair of blocks.
struct Ahead {
  const uint8_t *next;
  int64_t lines;
};

template <int G, int R> IGNIS_INLINE void clear(Tile<G, R> &tile) {
#pragma GCC unroll 4
  for (int g = 0; g < G; ++g)
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r)
      tile.acc[g][r] = _mm512_setzero_ps();
}

template <int G, int R> IGNIS_INLINE void finish(const Tile<G, R> &tile, const Output &out) {
#pragma GCC unroll 4
  for (int g = 0; g < G; ++g) {
    int64_t columns = out.columns - g * 16;
    __mmask16 mask = columns >= 16 ? 0xffff : (1u << columns) - 1;
    __m512 bias = out.bias ? _mm512_maskz_loadu_ps(mask, out.bias + g * 16) : _mm512_setzero_ps();
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
      __m512 value = tile.acc[g][r];
      int64_t at = r * out.stride + g * 16;
      if (out.bias)
        value = _mm512_add_ps(value, bias);
      if (out.residual)
        value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, out.residual + at));
      _mm512_mask_storeu_ps(out.y + at, mask, value);
    }
  }
}

/// One group times all of R rows, weights straight from memory.
template <int R>
__attribute__((noinline)) void multiplyFew(const uint8_t *w, const uint8_t *a, int64_t stride,
                                           int64_t blocks, const Output &out) {
  Tile<1, R> tile;
  clear(tile);
  __m512 dw;
  int64_t b = 0;
  for (; b + 2 <= blocks; b += 2) {
    // With more arithmetic a line, farther ahead in lines is as far in time; and what comes that
    // early had better not take the place of the activations in the first-level cache.
    if (R <= 3)
      prefetchPair(w);
    else
      prefetchPairFar(w);
    loadScales<1>(w + 16 * kLine, 0, &dw);
    addBlock<1, R>(w, 0, &dw, a, stride, tile);
    loadScales<1>(w + 16 * kLine + 32, 0, &dw);
    addBlock<1, R>(w + 8 * kLine, 0, &dw, a + kRecordBlock, stride, tile);
    w += kPairBytes;
    a += 2 * kRecordBlock;
  }
  if (b < blocks) {
    loadScales<1>(w + 8 * kLine, 0, &dw);
    addBlock<1, R>(w, 0, &dw, a, stride, tile);
  }
  finish(tile, out);
}

template <int G, int R>
__attribute__((noinline)) void multiplyTile(const uint8_t *w, int64_t step, const uint8_t *a,
                                            int64_t stride, int64_t blocks, Ahead ahead,
                                            const Output &out) {
  Tile<G, R> tile;
  clear(tile);
  // The results are often far away: ask for their lines now, write them when the sums are done.
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g) {
      __builtin_prefetch(out.y + r * out.stride + g * 16, 1);
      if (out.residual)
        __builtin_prefetch(out.residual + r * out.stride + g * 16);
    }
  __m512 dw[G];
  int64_t b = 0;
  for (; b + 2 <= blocks; b += 2) {
    for (int64_t i = 0; i < ahead.lines; ++i, ahead.next += kLine)
      __builtin_prefetch(ahead.next, 0, 2);
    loadScales<G>(w + 16 * kLine, step, dw);
    addBlock<G, R>(w, step, dw, a, stride, tile);
    loadScales<G>(w + 16 * kLine + 32, step, dw);
    addBlock<G, R>(w + 8 * kLine, step, dw, a + kRecordBlock, stride, tile);
    w += kPairBytes;
    a += 2 * kRecordBlock;
  }
  if (b < blocks) {
    loadScales<G>(w + 8 * kLine, step, dw);
    addBlock<G, R>(w, step, dw, a, stride, tile);
  }
  finish(tile, out);
}

using FewFunction = void (*)(const uint8_t *, const uint8_t *, int64_t, int64_t, const Output &);
using TileFunction = void (*)(const uint8_t *, int64_t, const uint8_t *, int64_t, int64_t, Ahead,
                              const Output &);

IGNIS_INLINE FewFunction fewFor(int64_t rows) {
  static const FewFunction functions[kFewRows] = {
      multiplyFew<1>, multiplyFew<2>,  multiplyFew<3>,  multiplyFew<4>,
      multiplyFew<5>, multiplyFew<6>,  multiplyFew<7>,  multiplyFew<8>,
      multiplyFew<9>, multiplyFew<10>, multiplyFew<11>, multiplyFew<12>};
  return functions[rows - 1];
}

template <int G> IGNIS_INLINE TileFunction tileFor(int64_t rows) {
  static const TileFunction functions[kTileRows] = {multiplyTile<G, 1>, multiplyTile<G, 2>,
                                                    multiplyTile<G, 3>, multiplyTile<G, 4>,
                                                    multiplyTile<G, 5>, multiplyTile<G, 6>};
  return functions[rows - 1];
}

/// All rows of G groups. The rows are cut into tiles of nearly equal height.
template <int G>
IGNIS_INLINE void multiplyGroups(const uint8_t *w, int64_t step, const uint8_t *a, int64_t rows,
                                 int64_t blocks, Output out) {
  int64_t stride = blocks * kRecordBlock;
  int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  // The groups that follow in memory are needed next.
  Ahead ahead = {w + G * groupBytes(blocks), (G * (kPairBytes / kLine) + tiles - 1) / tiles};
  for (int64_t t = 0; t < tiles; ++t) {
    int64_t begin = rows * t / tiles, end = rows * (t + 1) / tiles;
    Output at = out;
    at.y += begin * out.stride;
    if (at.residual)
      at.residual += begin * out.stride;
    tileFor<G>(end - begin)(w, step, a + begin * stride, stride, blocks, ahead, at);
    ahead.next += blocks / 2 * ahead.lines * kLine;
  }
}

} // namespace

void ignis::kernels::avx512vnni::matmul_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                             const float *residual, float *y, int64_t rows,
                                             int64_t k, int64_t nBegin, int64_t nEnd,
                                             int64_t yStride) {
  int64_t blocks = k / kBlock, bytes = groupBytes(blocks);
  int64_t groups = (nEnd - nBegin + kGroupRows - 1) / kGroupRows;
  w += nBegin / kGroupRows * bytes;
  if (rows <= 0)
    return;
  if (rows <= kFewRows) {
    for (int64_t g = 0; g < groups; ++g) {
      int64_t j = g * kGroupRows;
      Output out = {bias ? bias + j : nullptr, residual ? residual + j : nullptr, y + j, yStride,
                    nEnd - nBegin - j};
      fewFor(rows)(w + g * bytes, a, blocks * kRecordBlock, blocks, out);
    }
    return;
  }

  int64_t fit = kPanelBytes / (blocks * kRecordBlock) / kTileRows * kTileRows;
  int64_t height = fit > kLeastPanelRows ? fit : kLeastPanelRows;
  int64_t panels = (rows + height - 1) / height;
  for (int64_t p = 0; p < panels; ++p) {
    int64_t begin = rows * p / panels, end = rows * (p + 1) / panels;
    const uint8_t *panel = a + begin * blocks * kRecordBlock;
    for (int64_t g = 0; g < groups; g += 2) {
      int64_t j = g * kGroupRows, at = begin * yStride + j;
      Output out = {bias ? bias + j : nullptr, residual ? residual + at : nullptr, y + at, yStride,
                    nEnd - nBegin - j};
      if (g + 1 < groups)
        multiplyGroups<2>(w + g * bytes, bytes, panel, end - begin, blocks, out);
      else
        multiplyGroups<1>(w + g * bytes, 0, panel, end - begin, blocks, out);
    }
  }
}
