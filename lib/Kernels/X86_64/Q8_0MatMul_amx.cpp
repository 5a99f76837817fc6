//===- Q8_0MatMul_amx.cpp - Q8_0 matrix product, AMX int8 tiles -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A tile product is 16 rows x 16 features x one block of 32 values: scales change from block to
// block, so half of the 64 values that a tile could hold are left unused. Tiles give the exact
// int32 sums; they pass through a buffer in the first-level cache to AVX-512, which converts,
// scales and accumulates as the other variants do, in block order (docs/Numerics.md, section 2).
//
// Measured, the tile unit's 16 cycles, the 17 of a stored tile and the 24 of AVX-512 hardly overlap
// (docs/Kernels.md), so the loop is built to keep everything else away: activations are copied once
// into tiles that lie in memory in the order in which they are read, weights are made signed once
// for all rows, a product is stored two steps after it was begun and summed two steps later, and
// the stream of products does not stop between tiles of rows.
//
// The weights' layout is that of avx512vnni, and so are all other kernels of the variant.

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
constexpr int64_t kLeastRows = 64;   // fewer do not pay for unpacking
constexpr int64_t kPanelTiles = 8;   // tiles of rows that share one unpacking of weights
constexpr int64_t kChunkBlocks = 32; // blocks unpacked at a time
constexpr int64_t kPanelGroups = 8;  // groups whose sums wait for the next chunk of blocks
constexpr int64_t kLinesAhead = 9;   // cache lines of a block
constexpr int64_t kTileBytes = 512;  // 16 rows or 16 features x 32 values
constexpr int64_t kProductBytes = 1024;

/// Tiles 0 to 3: products of 16 x 16 int32. 4 and 5: 16 rows of activations. 6 and 7: weights.
alignas(64) constexpr struct Configuration {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t bytesPerRow[16] = {64, 64, 64, 64, 32, 32, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 8, 8};
} configuration;

/// Sums of 16 rows x 16 features.
struct Sums {
  __m512 row[kTileRows];
};

/// What one call works in: 18 KiB and a stream of 18 KiB a tile in the first-level cache, the rest
/// in the second.
struct alignas(64) Workspace {
  uint8_t products[4][kProductBytes];
  uint8_t weights[kChunkBlocks][kTileBytes]; // signed
  float weightScales[kChunkBlocks][kGroupRows];
  // Tile t of a chunk of `count` blocks begins at t * count.
  uint8_t rows[kPanelTiles * kChunkBlocks][kTileBytes];
  float rowScales[kPanelTiles * kChunkBlocks][kTileRows];
  Sums partial[kPanelGroups][kPanelTiles]; // between two chunks of blocks
};

/// Blocks [begin, begin + count) of a group: values - 128, scales as float32. Asks for `lines`
/// cache lines a block at `next`.
IGNIS_INLINE void unpackWeights(const uint8_t *group, int64_t begin, int64_t count, int64_t blocks,
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
    _mm512_store_ps(space.weightScales[b], _mm512_cvtph_ps(_mm256_loadu_si256(halves)));
  }
}

/// Blocks [begin, begin + count) of `rows` rows, tile after tile. Rows that the last tile lacks are
/// zeros.
IGNIS_INLINE void unpackRows(const uint8_t *a, int64_t rows, int64_t begin, int64_t count,
                             int64_t stride, Workspace &space) {
  for (int64_t r = 0; r < (rows + kTileRows - 1) / kTileRows * kTileRows; ++r) {
    int64_t at = r / kTileRows * count, lane = r % kTileRows;
    const uint8_t *record = a + r * stride + begin * kRecordBlock;
    for (int64_t b = 0; b < count; ++b, ++at, record += kRecordBlock) {
      auto *values = reinterpret_cast<__m256i *>(space.rows[at] + lane * kBlock);
      if (r < rows) {
        _mm256_store_si256(values, _mm256_loadu_si256(reinterpret_cast<const __m256i *>(record)));
        __builtin_memcpy(&space.rowScales[at][lane], record + kBlock, 4);
      } else {
        _mm256_store_si256(values, _mm256_setzero_si256());
        space.rowScales[at][lane] = 0;
      }
    }
  }
}

/// Holds the compiler to the order of the source, in which 16 sums and little else are live.
IGNIS_INLINE void keepOrder(__m512 &value) { __asm__ volatile("" : "+v"(value)); }
IGNIS_INLINE void keepMemoryOrder() { __asm__ volatile("" ::: "memory"); }

/// Adds four rows of a product to the sums.
template <int First>
IGNIS_INLINE void accumulate(const uint8_t *product, __m512 dw, const float *da, Sums &sums) {
#pragma GCC unroll 4
  for (int r = First; r < First + 4; ++r) {
    __m512 dot = _mm512_cvtepi32_ps(_mm512_load_si512(product + r * kLine));
    sums.row[r] = _mm512_fmadd_ps(dot, _mm512_mul_ps(dw, _mm512_set1_ps(da[r])), sums.row[r]);
    keepOrder(sums.row[r]);
  }
  keepMemoryOrder();
}

/// Where the results of one group go; row 0 is the panel's first.
struct Output {
  const float *bias, *residual;
  float *y;
  int64_t stride, columns, rows;
};

/// Writes the rows of tile `t` that exist.
IGNIS_INLINE void finish(const Sums &sums, int64_t t, const Output &out) {
  __mmask16 mask = out.columns >= 16 ? 0xffff : (1u << out.columns) - 1;
  __m512 bias = out.bias ? _mm512_maskz_loadu_ps(mask, out.bias) : _mm512_setzero_ps();
  int64_t left = out.rows - t * kTileRows;
#pragma GCC unroll 16
  for (int r = 0; r < kTileRows; ++r) {
    if (r >= left)
      break;
    __m512 value = sums.row[r];
    int64_t offset = (t * kTileRows + r) * out.stride;
    if (out.bias)
      value = _mm512_add_ps(value, bias);
    if (out.residual)
      value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, out.residual + offset));
    _mm512_mask_storeu_ps(out.y + offset, mask, value);
  }
}

// The intrinsics want literal tile numbers.
//
// One step: stores product OLD, begins product C, adds product SUM, which was stored two steps ago.
#define IGNIS_STEP(C, A, B, OLD, SUM)                                                              \
  do {                                                                                             \
    __m512 dw = _mm512_load_ps(space.weightScales[b]);                                             \
    _tile_stored(OLD, space.products[OLD], kLine);                                                 \
    accumulate<0>(space.products[SUM], dw, da, sums);                                              \
    _tile_zero(C);                                                                                 \
    _tile_loadd(B, space.weights[load], kLine);                                                    \
    accumulate<4>(space.products[SUM], dw, da, sums);                                              \
    _tile_loadd(A, rows, kBlock);                                                                  \
    accumulate<8>(space.products[SUM], dw, da, sums);                                              \
    _tile_dpbssd(C, A, B);                                                                         \
    accumulate<12>(space.products[SUM], dw, da, sums);                                             \
    __builtin_prefetch(next, 0, 2);                                                                \
    next += kLine;                                                                                 \
    da += kTileRows;                                                                               \
    load = load + 1 == count ? 0 : load + 1;                                                       \
    rows += rows == lastRows ? 0 : kTileBytes;                                                     \
    if (++b == count) {                                                                            \
      if (last)                                                                                    \
        finish(sums, t, out);                                                                      \
      else                                                                                         \
        partial[t] = sums;                                                                         \
      if (++t == tiles)                                                                            \
        return;                                                                                    \
      b = 0;                                                                                       \
      if (first)                                                                                   \
        clear(sums);                                                                               \
      else                                                                                         \
        sums = partial[t];                                                                         \
    }                                                                                              \
  } while (false)

IGNIS_INLINE void clear(Sums &sums) {
#pragma GCC unroll 16
  for (int r = 0; r < kTileRows; ++r)
    sums.row[r] = _mm512_setzero_ps();
}

/// The unpacked blocks of one group times `tiles` tiles of rows. Asks for the cache lines at
/// `next`, one a block.
__attribute__((noinline)) void multiplyTiles(int64_t tiles, int64_t count, bool first, bool last,
                                             const uint8_t *next, Sums *partial, const Output &out,
                                             Workspace &space) {
  const uint8_t *rows = space.rows[0], *lastRows = space.rows[tiles * count - 1];
  const float *da = space.rowScales[0];
  int64_t load = 0, b = 0, t = 0;
  // Products 0 to 3 are on their way before the first is added. Beyond the last one its rows are
  // multiplied again, which nobody reads.
#define IGNIS_FIRST(C, A, B)                                                                       \
  do {                                                                                             \
    _tile_zero(C);                                                                                 \
    _tile_loadd(B, space.weights[load], kLine);                                                    \
    _tile_loadd(A, rows, kBlock);                                                                  \
    _tile_dpbssd(C, A, B);                                                                         \
    load = load + 1 == count ? 0 : load + 1;                                                       \
    rows += rows == lastRows ? 0 : kTileBytes;                                                     \
  } while (false)
  IGNIS_FIRST(0, 4, 6);
  IGNIS_FIRST(1, 5, 7);
  _tile_stored(0, space.products[0], kLine);
  IGNIS_FIRST(2, 4, 6);
  _tile_stored(1, space.products[1], kLine);
  IGNIS_FIRST(3, 5, 7);
  Sums sums;
  if (first)
    clear(sums);
  else
    sums = partial[0];
  while (true) {
    IGNIS_STEP(0, 4, 6, 2, 0);
    IGNIS_STEP(1, 5, 7, 3, 1);
    IGNIS_STEP(2, 4, 6, 0, 2);
    IGNIS_STEP(3, 5, 7, 1, 3);
  }
}

/// Up to kPanelGroups groups times up to kPanelTiles tiles of rows.
void multiplyPanel(const uint8_t *w, int64_t groups, const uint8_t *a, int64_t blocks,
                   bool unpacked, const Output &output, Workspace &space) {
  int64_t stride = blocks * kRecordBlock, bytes = groupBytes(blocks);
  int64_t tiles = (output.rows + kTileRows - 1) / kTileRows;
  int64_t chunks = (blocks + kChunkBlocks - 1) / kChunkBlocks;
  for (int64_t c = 0; c < chunks; ++c) {
    int64_t begin = blocks * c / chunks, count = blocks * (c + 1) / chunks - begin;
    if (!unpacked)
      unpackRows(a, output.rows, begin, count, stride, space);
    for (int64_t g = 0; g < groups; ++g) {
      Output out = output;
      out.bias += out.bias ? g * kGroupRows : 0;
      out.residual += out.residual ? g * kGroupRows : 0;
      out.y += g * kGroupRows;
      out.columns -= g * kGroupRows;
      // While these blocks are used, those of the next group come: a line a block for every tile,
      // the rest now.
      const uint8_t *next = w + (g + 1) * bytes + begin * kGroupBlockBytes;
      unpackWeights(w + g * bytes, begin, count, blocks, next + tiles * count * kLine,
                    kLinesAhead - tiles, space);
      multiplyTiles(tiles, count, c == 0, c + 1 == chunks, next, space.partial[g], out, space);
    }
  }
}

} // namespace

void ignis::kernels::amx::matmul_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                      const float *residual, float *y, int64_t rows, int64_t k,
                                      int64_t nBegin, int64_t nEnd, int64_t yStride) {
  if (rows < kLeastRows) {
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
    for (int64_t g = 0; g < groups; g += kPanelGroups) {
      int64_t j = g * kGroupRows, at = begin * yStride + j;
      Output out = {bias ? bias + j : nullptr,
                    residual ? residual + at : nullptr,
                    y + at,
                    yStride,
                    nEnd - nBegin - j,
                    end - begin};
      // Rows that fit into the workspace at once are there since the first groups.
      multiplyPanel(w + g * bytes, groups - g < kPanelGroups ? groups - g : kPanelGroups,
                    a + begin * blocks * kRecordBlock, blocks, g > 0 && blocks <= kChunkBlocks, out,
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

void ignis::kernels::amx::round_q8_0(const float *x, uint8_t *a, int64_t rows, int64_t k,
                                     int64_t kBegin, int64_t kEnd, int64_t xStride) {
  avx512vnni::round_q8_0(x, a, rows, k, kBegin, kEnd, xStride);
}

void ignis::kernels::amx::pack(const uint8_t *rows, int64_t rowCount, int64_t k, uint8_t *groups,
                               bool bypassCache) {
  avx512vnni::pack(rows, rowCount, k, groups, bypassCache);
}
