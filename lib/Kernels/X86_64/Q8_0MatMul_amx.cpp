//===- Q8_0MatMul_amx.cpp - Q8_0 matrix product, AMX int8 tiles -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A tile product is 16 rows x 16 features x one block of 32 values: scales change from block to
// block, so half of the 64 values that a tile could hold are left unused. Tiles give the exact
// int32 sums; they pass through a buffer in the first-level cache to AVX-512, which converts,
// scales and accumulates as the other variants do, in block order (docs/Numerics.md, section 2).
// Those 48 instructions on two ports, not the tiles, are the bound: 24 cycles a product, against 16
// of the tile unit (docs/Kernels.md).
//
// The weights' layout is that of avx512vnni, and so are all other kernels of the variant. Weights
// are stored + 128; a group's share is made signed once and then used for all rows, which spares
// every product a correction.

#include "Quads.h"
#include "ignis/Kernels/KernelABI.h"

#include <immintrin.h>

#define IGNIS_VARIANT avx512vnni
#include "../Variant.inc"
#define IGNIS_VARIANT amx
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

constexpr int64_t kTileRows = 16;    // rows of a product
constexpr int64_t kPanelTiles = 8;   // products that share one unpacking of weights
constexpr int64_t kChunkBlocks = 32; // blocks unpacked at a time
constexpr int64_t kLinesAhead = 9;   // cache lines of a block
constexpr int64_t kProductBytes = 1024;

/// Tiles 0 to 3: products of 16 x 16 int32. 4 and 5: 16 rows of activations. 6 and 7: weights.
alignas(64) constexpr struct Configuration {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t bytesPerRow[16] = {64, 64, 64, 64, 32, 32, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 8, 8};
} configuration;

/// What one call works in: about 31 KiB of the first-level cache.
struct alignas(64) Workspace {
  uint8_t weights[kChunkBlocks][kQuadLines * kLine]; // signed
  float scales[kChunkBlocks][kGroupRows];
  float partial[kPanelTiles][kTileRows][kGroupRows]; // sums between two chunks of blocks
  uint8_t products[4][kProductBytes];
};

/// Blocks [begin, begin + count) of a group: values - 128, scales as float32. Asks for `lines`
/// cache lines a block at `next`.
IGNIS_INLINE void unpack(const uint8_t *group, int64_t begin, int64_t count, int64_t blocks,
                         const uint8_t *next, int64_t lines, Workspace &space) {
  __m512i flip = _mm512_set1_epi8(-128);
  for (int64_t b = 0; b < count; ++b) {
    for (int64_t i = 0; i < lines; ++i, next += kLine)
      __builtin_prefetch(next, 0, 2);
    const uint8_t *quads = group + quadsOffset(begin + b);
#pragma GCC unroll 8
    for (int i = 0; i < kQuadLines; ++i)
      _mm512_store_si512(space.weights[b] + i * kLine,
                         _mm512_xor_si512(_mm512_loadu_si512(quads + i * kLine), flip));
    auto *halves = reinterpret_cast<const __m256i *>(group + scalesOffset(begin + b, blocks));
    _mm512_store_ps(space.scales[b], _mm512_cvtph_ps(_mm256_loadu_si256(halves)));
  }
}

/// Holds the compiler to the order of the source, in which 16 sums and little else are live.
IGNIS_INLINE void keepOrder(__m512 &value) { __asm__ volatile("" : "+v"(value)); }

struct Sums {
  __m512 row[kTileRows];
};

/// Adds one product to the sums. `a`: the block in the record of row 0.
IGNIS_INLINE void accumulate(const uint8_t *product, const float *scales, const uint8_t *a,
                             int64_t stride, Sums &sums) {
  __m512 dw = _mm512_load_ps(scales);
#pragma GCC unroll 16
  for (int r = 0; r < kTileRows; ++r) {
    float da;
    __builtin_memcpy(&da, a + r * stride + 32, 4);
    __m512 dot = _mm512_cvtepi32_ps(_mm512_load_si512(product + r * kLine));
    sums.row[r] = _mm512_fmadd_ps(dot, _mm512_mul_ps(dw, _mm512_set1_ps(da)), sums.row[r]);
    keepOrder(sums.row[r]);
  }
}

// The intrinsics want literal tile numbers.
#define IGNIS_PRODUCT(C, A, B, BLOCK)                                                              \
  do {                                                                                             \
    _tile_zero(C);                                                                                 \
    _tile_loadd(A, a + (BLOCK) * kRecordBlock, stride);                                            \
    _tile_loadd(B, space.weights[BLOCK], kLine);                                                   \
    _tile_dpbssd(C, A, B);                                                                         \
    _tile_stored(C, space.products[C], kLine);                                                     \
  } while (false)

IGNIS_INLINE void product(int64_t block, const uint8_t *a, int64_t stride, Workspace &space) {
  switch (block % 4) {
  case 0:
    IGNIS_PRODUCT(0, 4, 6, block);
    break;
  case 1:
    IGNIS_PRODUCT(1, 5, 7, block);
    break;
  case 2:
    IGNIS_PRODUCT(2, 4, 6, block);
    break;
  default:
    IGNIS_PRODUCT(3, 5, 7, block);
  }
}

/// Adds the unpacked blocks for 16 rows. Products run two blocks ahead of the sums, so that neither
/// the tile unit's 50 cycles nor the way through the cache shows. Asks for the cache lines at
/// `next`, one a block.
IGNIS_INLINE void multiplyTile(const uint8_t *a, int64_t stride, int64_t count, Workspace &space,
                               const uint8_t *next, Sums &sums) {
  product(0, a, stride, space);
  if (count > 1)
    product(1, a, stride, space);
  int64_t b = 0;
  for (; b + 6 <= count; b += 4) {
    IGNIS_PRODUCT(2, 4, 6, b + 2);
    __builtin_prefetch(next + (b)*kLine, 0, 2);
    accumulate(space.products[0], space.scales[b], a + b * kRecordBlock, stride, sums);
    IGNIS_PRODUCT(3, 5, 7, b + 3);
    __builtin_prefetch(next + (b + 1) * kLine, 0, 2);
    accumulate(space.products[1], space.scales[b + 1], a + (b + 1) * kRecordBlock, stride, sums);
    IGNIS_PRODUCT(0, 4, 6, b + 4);
    __builtin_prefetch(next + (b + 2) * kLine, 0, 2);
    accumulate(space.products[2], space.scales[b + 2], a + (b + 2) * kRecordBlock, stride, sums);
    IGNIS_PRODUCT(1, 5, 7, b + 5);
    __builtin_prefetch(next + (b + 3) * kLine, 0, 2);
    accumulate(space.products[3], space.scales[b + 3], a + (b + 3) * kRecordBlock, stride, sums);
  }
  for (; b < count; ++b) {
    if (b + 2 < count)
      product(b + 2, a, stride, space);
    __builtin_prefetch(next + b * kLine, 0, 2);
    accumulate(space.products[b % 4], space.scales[b], a + b * kRecordBlock, stride, sums);
  }
}

/// Where the results of one group go; row 0 is the panel's first.
struct Output {
  const float *bias, *residual;
  float *y;
  int64_t stride, columns;
};

/// Rows [first, 16) of a tile whose row 0 is row `at` of the output.
IGNIS_INLINE void finish(const Sums &sums, int64_t at, int64_t first, const Output &out) {
  __mmask16 mask = out.columns >= 16 ? 0xffff : (1u << out.columns) - 1;
  __m512 bias = out.bias ? _mm512_maskz_loadu_ps(mask, out.bias) : _mm512_setzero_ps();
#pragma GCC unroll 16
  for (int r = 0; r < kTileRows; ++r) {
    if (r < first)
      continue;
    __m512 value = sums.row[r];
    int64_t offset = (at + r) * out.stride;
    if (out.bias)
      value = _mm512_add_ps(value, bias);
    if (out.residual)
      value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, out.residual + offset));
    _mm512_mask_storeu_ps(out.y + offset, mask, value);
  }
}

/// One group times `rows` rows, 16 to kPanelTiles * 16. The last tile may overlap the one before it
/// and then writes its new rows alone, because a residual must be added once.
__attribute__((noinline)) void multiplyPanel(const uint8_t *group, const uint8_t *a, int64_t rows,
                                             int64_t blocks, const Output &out, Workspace &space) {
  int64_t stride = blocks * kRecordBlock, tiles = (rows + kTileRows - 1) / kTileRows;
  for (int64_t begin = 0; begin < blocks; begin += kChunkBlocks) {
    int64_t count = blocks - begin < kChunkBlocks ? blocks - begin : kChunkBlocks;
    bool last = begin + count == blocks;
    // While this chunk is used, the next one comes: a line a block for every tile, the rest now.
    const uint8_t *next = group + (begin + count) * kGroupBlockBytes;
    unpack(group, begin, count, blocks, next + tiles * count * kLine, kLinesAhead - tiles, space);
    for (int64_t t = 0; t < tiles; ++t) {
      int64_t at = t * kTileRows + kTileRows <= rows ? t * kTileRows : rows - kTileRows;
      Sums sums;
#pragma GCC unroll 16
      for (int r = 0; r < kTileRows; ++r)
        sums.row[r] = begin ? _mm512_load_ps(space.partial[t][r]) : _mm512_setzero_ps();
      multiplyTile(a + at * stride + begin * kRecordBlock, stride, count, space,
                   next + t * count * kLine, sums);
      if (last) {
        finish(sums, at, t * kTileRows - at, out);
        continue;
      }
#pragma GCC unroll 16
      for (int r = 0; r < kTileRows; ++r)
        _mm512_store_ps(space.partial[t][r], sums.row[r]);
    }
  }
}

} // namespace

void ignis::kernels::amx::matmul_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                      const float *residual, float *y, int64_t rows, int64_t k,
                                      int64_t nBegin, int64_t nEnd, int64_t yStride) {
  if (rows < kTileRows) {
    avx512vnni::matmul_q8_0(w, a, bias, residual, y, rows, k, nBegin, nEnd, yStride);
    return;
  }
  int64_t blocks = k / kBlock, bytes = groupBytes(blocks);
  int64_t groups = (nEnd - nBegin + kGroupRows - 1) / kGroupRows;
  w += nBegin / kGroupRows * bytes;
  int64_t tiles = (rows + kTileRows - 1) / kTileRows,
          panels = (tiles + kPanelTiles - 1) / kPanelTiles;
  Workspace space;
  _tile_loadconfig(&configuration);
  for (int64_t p = 0; p < panels; ++p) {
    int64_t begin = tiles * p / panels * kTileRows;
    int64_t end = p + 1 == panels ? rows : tiles * (p + 1) / panels * kTileRows;
    for (int64_t g = 0; g < groups; ++g) {
      int64_t j = g * kGroupRows, at = begin * yStride + j;
      Output out = {bias ? bias + j : nullptr, residual ? residual + at : nullptr, y + at, yStride,
                    nEnd - nBegin - j};
      multiplyPanel(w + g * bytes, a + begin * blocks * kRecordBlock, end - begin, blocks, out,
                    space);
    }
  }
  _tile_release();
}

void ignis::kernels::amx::matvec_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                      const float *residual, float *y, int64_t k, int64_t nBegin,
                                      int64_t nEnd) {
  avx512vnni::matvec_q8_0(w, a, bias, residual, y, k, nBegin, nEnd);
}

void ignis::kernels::amx::round_q8_0(const float *x, uint8_t *a, int64_t rowBegin, int64_t rowEnd,
                                     int64_t k) {
  avx512vnni::round_q8_0(x, a, rowBegin, rowEnd, k);
}

void ignis::kernels::amx::pack(const uint8_t *rows, int64_t rowCount, int64_t k, uint8_t *groups) {
  avx512vnni::pack(rows, rowCount, k, groups);
}
