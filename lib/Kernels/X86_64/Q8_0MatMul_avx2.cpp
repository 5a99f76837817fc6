//===- Q8_0MatMul_avx2.cpp - Q8_0 products, AVX2 ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two ways to multiply, chosen by the number of rows.
//
// Few rows: AVX2 multiplies unsigned by signed bytes and adds pairs with saturation at 16 bits
// (vpmaddubsw). With |w| <= 128 as the unsigned side and the activation carrying w's sign a pair
// is at most 2 * 128 * 127 = 32512, so nothing saturates and the sums are exact. (Unsigned weights
// q + 128 would saturate; |a| with the weight carrying the sign fails for w = -128.) That is three
// instructions for 32 products on the pipes that multiply: vpsignb, vpmaddubsw, vpmaddwd.
//
// Many rows: both sides are widened to 16 bits first, and vpmaddwd alone multiplies. By Winograd's
// identity for inner products (1968),
//
//   w0 a0 + w1 a1 = (w0 + a1) (w1 + a0) - w0 w1 - a1 a0,
//
// one does for 32 products, because the last two terms are sums over one side alone and are made
// once for many tiles. Sums are of 9 bits and results of 18, so all is exact. It takes as many
// instructions as without, but halves those that only two of four pipes can do. A group's weights
// are widened once for a panel of rows, some blocks at a time, into memory that stays in the
// first-level cache; the panel's rows are widened once for a set of groups, into memory that stays
// in the second-level cache and in the order in which tiles read it. Words are taken at even and at
// odd places on both sides, which needs shifts only.

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

constexpr int kWideTileRows = 4;        // 8 sums, 4 words of weights, 2 of rows, 2 of both
constexpr int64_t kChunkBlocks = 10;    // widened at a time: 10 KiB of weights
constexpr int64_t kWidePanelRows = 128; // widened at a time: 90 KiB
constexpr int64_t kSetGroups = 8;       // that share widened rows; their sums: 64 KiB

/// Some blocks of a group, widened.
struct WideWeights {
  alignas(64) uint8_t words[kChunkBlocks][kQuadLines][4][32]; // even and odd of each half group
  alignas(64) float scales[kChunkBlocks][kGroupRows];
  alignas(64) int32_t products[kChunkBlocks][kGroupRows]; // minus the sum of even times odd
};

/// A row's block, widened. Rows of a tile follow each other; that they do not lie whole lines apart
/// lets two of them be read at once.
struct WideBlock {
  uint8_t even[32], odd[32];
  float scale;
  int32_t product; // minus the sum of even times odd
};

/// What multiplyPanel keeps on the stack: a chunk of both sides and the sums between chunks.
struct Workspace {
  WideWeights weights;
  alignas(64) float sums[kSetGroups][kWidePanelRows][kGroupRows];
  alignas(64) WideBlock rows[kWidePanelRows * kChunkBlocks];
};

IGNIS_INLINE __m256i evenWords(__m256i bytes) {
  return _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8);
}
IGNIS_INLINE __m256i oddWords(__m256i bytes) { return _mm256_srai_epi16(bytes, 8); }

IGNIS_INLINE __m256i loadWords(const uint8_t *p) {
  return _mm256_load_si256(reinterpret_cast<const __m256i *>(p));
}
IGNIS_INLINE void storeWords(uint8_t *p, __m256i words) {
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(p), words);
}

/// Widens blocks [first, first + count) of the group at `w`.
IGNIS_INLINE void widen(const uint8_t *w, int64_t first, int64_t count, int64_t blocks,
                        WideWeights &wide) {
  for (int64_t b = 0; b < count; ++b) {
    const uint8_t *quads = w + quadsOffset(first + b);
    const uint8_t *scales = w + scalesOffset(first + b, blocks);
    __m256i products[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
#pragma GCC unroll 8
    for (int i = 0; i < kQuadLines; ++i)
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h) {
        const uint8_t *half = quads + i * kLine + h * 32;
        __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(half));
        __m256i even = evenWords(bytes), odd = oddWords(bytes);
        storeWords(wide.words[b][i][h], even);
        storeWords(wide.words[b][i][2 + h], odd);
        products[h] = _mm256_sub_epi32(products[h], _mm256_madd_epi16(even, odd));
      }
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      _mm256_store_si256(reinterpret_cast<__m256i *>(wide.products[b] + h * kHalf), products[h]);
      _mm256_store_ps(wide.scales[b] + h * kHalf,
                      _mm256_cvtph_ps(_mm_loadu_si128(
                          reinterpret_cast<const __m128i *>(scales + h * 2 * kHalf))));
    }
  }
}

/// The sums of 8 numbers each of four.
IGNIS_INLINE __m128i sumsOf(__m256i a, __m256i b, __m256i c, __m256i d) {
  __m256i halves = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
  return _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
}

/// Widens `count` blocks of a tile's R rows, in the order in which they are read. Asks for the next
/// tile's on the way.
template <int R>
IGNIS_INLINE void widenTile(const uint8_t *a, int64_t stride, int64_t count, WideBlock *wide) {
  for (int64_t b = 0; b < count; ++b, a += kRecordBlock, wide += R) {
    __m256i products[4] = {};
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      const uint8_t *block = a + r * stride;
      __builtin_prefetch(block + R * stride);
      __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(block));
      __m256i even = evenWords(bytes), odd = oddWords(bytes);
      storeWords(wide[r].even, even);
      storeWords(wide[r].odd, odd);
      wide[r].scale = loadFloat(block + 32);
      products[r] = _mm256_madd_epi16(even, odd);
    }
    alignas(16) int32_t sums[4];
    _mm_store_si128(reinterpret_cast<__m128i *>(sums),
                    sumsOf(products[0], products[1], products[2], products[3]));
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r)
      wide[r].product = -sums[r];
  }
}

/// Adds `count` blocks of a group to the sums of R rows.
template <int R>
IGNIS_INLINE void addChunk(const WideWeights &wide, int64_t count, const WideBlock *x, Ahead ahead,
                           float (*sums)[kGroupRows]) {
#pragma GCC unroll 1
  for (int64_t i = 0; i < count * ahead.lines; ++i)
    __builtin_prefetch(ahead.next + i * kLine, 0, 2);
  for (int64_t b = 0; b < count; ++b, x += R) {
    // The words are broadcast from memory: in registers there is no room for them.
    __asm__ volatile("" : "+r"(x) : : "memory");
    __m256i dot[2][R];
    auto *products = reinterpret_cast<const __m256i *>(wide.products[b]);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      __m256i product = _mm256_set1_epi32(x[r].product);
      dot[0][r] = _mm256_add_epi32(product, products[0]);
      dot[1][r] = _mm256_add_epi32(product, products[1]);
      keepOrder(dot[0][r]);
      keepOrder(dot[1][r]);
    }
#pragma GCC unroll 8
    for (int i = 0; i < kQuadLines; ++i) {
      __m256i even[2], odd[2];
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h) {
        even[h] = loadWords(wide.words[b][i][h]);
        odd[h] = loadWords(wide.words[b][i][2 + h]);
      }
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) {
        __m256i rowEven = _mm256_set1_epi32(loadInt(x[r].even + 4 * i));
        __m256i rowOdd = _mm256_set1_epi32(loadInt(x[r].odd + 4 * i));
#pragma GCC unroll 2
        for (int h = 0; h < 2; ++h) {
          __m256i p = _mm256_madd_epi16(_mm256_add_epi16(even[h], rowOdd),
                                        _mm256_add_epi16(odd[h], rowEven));
          dot[h][r] = _mm256_add_epi32(dot[h][r], p);
        }
        keepOrder(dot[0][r]);
        keepOrder(dot[1][r]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      __m256 da = _mm256_set1_ps(x[r].scale);
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h) {
        float *sum = sums[r] + h * kHalf;
        __m256 scale = _mm256_mul_ps(_mm256_load_ps(wide.scales[b] + h * kHalf), da);
        __m256 value = _mm256_cvtepi32_ps(dot[h][r]);
        _mm256_store_ps(sum, _mm256_fmadd_ps(value, scale, _mm256_load_ps(sum)));
      }
    }
  }
}

/// A tile's rows, of which the first group's tile widens what the others' read.
struct TileRows {
  const uint8_t *records; ///< null: widened already
  int64_t stride;
  WideBlock *wide;
};

template <int R>
__attribute__((noinline)) void multiplyWideTile(const WideWeights &weights, int64_t count,
                                                const TileRows &rows, Ahead ahead,
                                                float (*sums)[kGroupRows]) {
  if (rows.records)
    widenTile<R>(rows.records, rows.stride, count, rows.wide);
  addChunk<R>(weights, count, rows.wide, ahead, sums);
}

using WideTileFunction = void (*)(const WideWeights &, int64_t, const TileRows &, Ahead,
                                  float (*)[kGroupRows]);

/// More than kMostTileRows rows in tiles of nearly equal height: 3 or 4 each.
IGNIS_INLINE WideTileFunction wideTileFor(int64_t rows) {
  static_assert(kWideTileRows == 4 && kMostTileRows >= 5);
  return rows == 4 ? multiplyWideTile<4> : multiplyWideTile<3>;
}

/// At most kSetGroups groups times a panel of at most kWidePanelRows rows.
IGNIS_INLINE void multiplyPanel(const uint8_t *w, const uint8_t *a, int64_t rows, int64_t blocks,
                                int64_t groups, const Output &out) {
  Workspace work;
  int64_t stride = blocks * kRecordBlock, bytes = groupBytes(blocks);
  int64_t chunks = (blocks + kChunkBlocks - 1) / kChunkBlocks;
  int64_t tiles = (rows + kWideTileRows - 1) / kWideTileRows;
  int64_t lines = (kGroupBlockBytes / kLine + tiles) / tiles;
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t r = 0; r < rows; ++r)
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h)
        _mm256_store_ps(work.sums[g][r] + h * kHalf, _mm256_setzero_ps());
  for (int64_t c = 0; c < chunks; ++c) {
    int64_t first = blocks * c / chunks, count = blocks * (c + 1) / chunks - first;
    for (int64_t g = 0; g < groups; ++g) {
      widen(w + g * bytes, first, count, blocks, work.weights);
      // Each tile asks for its share of what is widened next.
      int64_t nextGroup = g + 1 < groups ? g + 1 : c + 1 < chunks ? 0 : groups;
      int64_t nextBlock = g + 1 < groups ? first : c + 1 < chunks ? first + count : 0;
      Ahead ahead = {w + nextGroup * bytes + nextBlock * kGroupBlockBytes, lines};
      for (int64_t t = 0; t < tiles; ++t) { // of nearly equal height
        int64_t begin = rows * t / tiles, height = rows * (t + 1) / tiles - begin;
        // Widened rows of a single group are not read again and may stay nearer.
        TileRows x = {g == 0 ? a + begin * stride + first * kRecordBlock : nullptr, stride,
                      work.rows + (groups > 1 ? begin * count : 0)};
        if (c + 1 == chunks)
          for (int64_t r = begin; r < begin + height; ++r)
            __builtin_prefetch(out.y + r * out.stride + g * kGroupRows, 1);
        wideTileFor(height)(work.weights, count, x, ahead, work.sums[g] + begin);
        ahead.next += count * lines * kLine;
      }
    }
  }
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t g = 0; g < groups; ++g)
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h) {
        int64_t j = g * kGroupRows + h * kHalf, at = r * out.stride + j;
        finish(_mm256_load_ps(work.sums[g][r] + h * kHalf), out.bias ? out.bias + j : nullptr,
               out.residual ? out.residual + at : nullptr, out.y + at, out.columns - j);
      }
}

} // namespace

void ignis::kernels::avx2::matmul_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                       const float *residual, float *y, int64_t rows, int64_t k,
                                       int64_t nBegin, int64_t nEnd, int64_t yStride) {
  if (rows <= kMostTileRows) {
    multiply<SignProduct>(w, a, bias, residual, y, rows, k, nBegin, nEnd, yStride);
    return;
  }
  int64_t blocks = k / kBlock, bytes = groupBytes(blocks), stride = blocks * kRecordBlock;
  w += nBegin / kGroupRows * bytes;
  int64_t all = (nEnd - nBegin + kGroupRows - 1) / kGroupRows;
  int64_t panels = (rows + kWidePanelRows - 1) / kWidePanelRows;
  int64_t sets = (all + kSetGroups - 1) / kSetGroups;
  for (int64_t p = 0; p < panels; ++p) {
    int64_t begin = rows * p / panels, end = rows * (p + 1) / panels;
    for (int64_t s = 0; s < sets; ++s) {
      int64_t g = all * s / sets, groups = all * (s + 1) / sets - g;
      int64_t j = g * kGroupRows, at = begin * yStride + j;
      Output out = {bias ? bias + j : nullptr, residual ? residual + at : nullptr, y + at, yStride,
                    nEnd - nBegin - j};
      multiplyPanel(w + g * bytes, a + begin * stride, end - begin, blocks, groups, out);
    }
  }
}

void ignis::kernels::avx2::matvec_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                       const float *residual, float *y, int64_t k, int64_t nBegin,
                                       int64_t nEnd) {
  multiplyVector<SignProduct>(w, a, bias, residual, y, k, nBegin, nEnd);
}
