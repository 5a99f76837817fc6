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
// Many rows: both sides are widened to 16 bits first, and vpmaddwd alone multiplies, two for 32
// products. A group's weights are widened once for a panel of rows, 16 blocks at a time, into
// memory that stays in the first-level cache; a row's block is widened once for all 16 features.
// Words are taken at even and at odd places on both sides, which needs shifts only.

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

constexpr int64_t kChunkBlocks = 16; // 16 KiB of widened weights
constexpr int64_t kWidePanelRows = 96;

/// Some blocks of a group, widened.
struct WideWeights {
  alignas(64) uint8_t words[kChunkBlocks][kQuadLines][4][32]; // even and odd of each half group
  alignas(64) float scales[kChunkBlocks][kGroupRows];
};

/// Sums of a panel's rows between two chunks of blocks.
struct PanelSums {
  alignas(64) float values[kWidePanelRows][kGroupRows];
};

IGNIS_INLINE __m256i evenWords(__m256i bytes) {
  return _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8);
}
IGNIS_INLINE __m256i oddWords(__m256i bytes) { return _mm256_srai_epi16(bytes, 8); }

IGNIS_INLINE __m256i loadWords(const uint8_t *p) {
  return _mm256_load_si256(reinterpret_cast<const __m256i *>(p));
}
IGNIS_INLINE void storeWords(uint8_t *p, __m256i words) {
  _mm256_store_si256(reinterpret_cast<__m256i *>(p), words);
}

/// Widens blocks [first, first + count) of the group at `w`.
IGNIS_INLINE void widen(const uint8_t *w, int64_t first, int64_t count, int64_t blocks,
                        WideWeights &wide) {
  for (int64_t b = 0; b < count; ++b) {
    const uint8_t *quads = w + quadsOffset(first + b);
    const uint8_t *scales = w + scalesOffset(first + b, blocks);
#pragma GCC unroll 8
    for (int i = 0; i < kQuadLines; ++i)
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h) {
        const uint8_t *half = quads + i * kLine + h * 32;
        __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(half));
        storeWords(wide.words[b][i][h], evenWords(bytes));
        storeWords(wide.words[b][i][2 + h], oddWords(bytes));
      }
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h)
      _mm256_store_ps(wide.scales[b] + h * kHalf,
                      _mm256_cvtph_ps(_mm_loadu_si128(
                          reinterpret_cast<const __m128i *>(scales + h * 2 * kHalf))));
  }
}

/// One row's block, even and odd words.
IGNIS_INLINE void widenRow(const uint8_t *a, uint8_t (*words)[32]) {
  __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(a));
  storeWords(words[0], evenWords(bytes));
  storeWords(words[1], oddWords(bytes));
}

/// sums += dots * scales for the 16 features of a row.
IGNIS_INLINE void addScaled(const uint8_t (*dots)[32], const float *scales, const uint8_t *a,
                            float *sums) {
  __m256 da = _mm256_set1_ps(loadFloat(a + 32));
#pragma GCC unroll 2
  for (int h = 0; h < 2; ++h) {
    __m256 scale = _mm256_mul_ps(_mm256_load_ps(scales + h * kHalf), da);
    __m256 dot = _mm256_cvtepi32_ps(loadWords(dots[h]));
    _mm256_store_ps(sums + h * kHalf,
                    _mm256_fmadd_ps(dot, scale, _mm256_load_ps(sums + h * kHalf)));
  }
}

/// Adds `count` blocks of a group to the sums of R rows. Widening the next block and scaling the
/// one before are spread over the products, whose pipes they leave free.
template <int R>
__attribute__((noinline)) void addChunk(const WideWeights &wide, int64_t count, const uint8_t *a,
                                        int64_t stride, Ahead ahead, float (*sums)[kGroupRows]) {
  alignas(32) uint8_t words[2][R][2][32], dots[R][2][32];
  for (int r = 0; r < R; ++r)
    widenRow(a + r * stride, words[0][r]);
  for (int64_t b = 0; b < count; ++b, a += kRecordBlock) {
    for (int64_t i = 0; i < ahead.lines; ++i, ahead.next += kLine)
      __builtin_prefetch(ahead.next, 0, 2);
    auto &here = words[b % 2], &after = words[(b + 1) % 2];
    const uint8_t *next = b + 1 < count ? a + kRecordBlock : a;
    // The words are broadcast from memory: in registers there is no room for them.
    __asm__ volatile("" : : "r"(words) : "memory");
    __m256i dot[2][R];
#pragma GCC unroll 8
    for (int i = 0; i < kQuadLines; ++i) {
#pragma GCC unroll 2
      for (int odd = 0; odd < 2; ++odd) {
        __m256i w0 = loadWords(wide.words[b][i][2 * odd]);
        __m256i w1 = loadWords(wide.words[b][i][2 * odd + 1]);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
          __m256i x = _mm256_set1_epi32(loadInt(here[r][odd] + 4 * i));
          __m256i p0 = _mm256_madd_epi16(w0, x), p1 = _mm256_madd_epi16(w1, x);
          bool first = i == 0 && odd == 0;
          dot[0][r] = first ? p0 : _mm256_add_epi32(dot[0][r], p0);
          dot[1][r] = first ? p1 : _mm256_add_epi32(dot[1][r], p1);
          keepOrder(dot[0][r]);
          keepOrder(dot[1][r]);
        }
      }
      if (i < R) {
        widenRow(next + i * stride, after[i]);
        if (b)
          addScaled(dots[i], wide.scales[b - 1], a - kRecordBlock + i * stride, sums[i]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h)
        storeWords(dots[r][h], dot[h][r]);
  }
  for (int r = 0; r < R; ++r)
    addScaled(dots[r], wide.scales[count - 1], a - kRecordBlock + r * stride, sums[r]);
}

using ChunkFunction = void (*)(const WideWeights &, int64_t, const uint8_t *, int64_t, Ahead,
                               float (*)[kGroupRows]);

IGNIS_INLINE ChunkFunction chunkFor(int64_t rows) {
  static const ChunkFunction functions[kMostTileRows] = {addChunk<1>, addChunk<2>, addChunk<3>,
                                                         addChunk<4>, addChunk<5>, addChunk<6>};
  return functions[rows - 1];
}

/// One group times a panel of at most kWidePanelRows rows.
IGNIS_INLINE void multiplyPanel(const uint8_t *w, const uint8_t *a, int64_t rows, int64_t blocks,
                                const Output &out) {
  WideWeights wide;
  PanelSums sums;
  int64_t stride = blocks * kRecordBlock;
  int64_t chunks = (blocks + kChunkBlocks - 1) / kChunkBlocks;
  int64_t tiles = (rows + kMostTileRows - 1) / kMostTileRows;
  for (int64_t r = 0; r < rows; ++r)
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h)
      _mm256_store_ps(sums.values[r] + h * kHalf, _mm256_setzero_ps());
  for (int64_t c = 0; c < chunks; ++c) {
    int64_t first = blocks * c / chunks, count = blocks * (c + 1) / chunks - first;
    widen(w, first, count, blocks, wide);
    // What is widened next is what follows in memory: each tile asks for its share.
    int64_t lines = (kGroupBlockBytes / kLine + tiles) / tiles;
    Ahead ahead = {w + (first + count) * kGroupBlockBytes, lines};
    for (int64_t t = 0; t < tiles; ++t) { // of nearly equal height
      int64_t begin = rows * t / tiles, end = rows * (t + 1) / tiles;
      if (c + 1 == chunks)
        for (int64_t r = begin; r < end; ++r)
          __builtin_prefetch(out.y + r * out.stride, 1);
      chunkFor(end - begin)(wide, count, a + begin * stride + first * kRecordBlock, stride, ahead,
                            sums.values + begin);
      ahead.next += count * lines * kLine;
    }
  }
  for (int64_t r = 0; r < rows; ++r)
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      int64_t at = r * out.stride + h * kHalf;
      finish(_mm256_load_ps(sums.values[r] + h * kHalf), out.bias ? out.bias + h * kHalf : nullptr,
             out.residual ? out.residual + at : nullptr, out.y + at, out.columns - h * kHalf);
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
  // Panels that stay in the second-level cache, unless the weights would come by too often then.
  int64_t fit = kPanelBytes / stride, least = kLeastPanelRows;
  int64_t height = fit < least ? least : fit > kWidePanelRows ? kWidePanelRows : fit;
  int64_t panels = (rows + height - 1) / height;
  for (int64_t p = 0; p < panels; ++p) {
    int64_t begin = rows * p / panels, end = rows * (p + 1) / panels;
    for (int64_t j = 0; j < nEnd - nBegin; j += kGroupRows, w += bytes) {
      int64_t at = begin * yStride + j;
      Output out = {bias ? bias + j : nullptr, residual ? residual + at : nullptr, y + at, yStride,
                    nEnd - nBegin - j};
      multiplyPanel(w, a + begin * stride, end - begin, blocks, out);
    }
    w -= (nEnd - nBegin + kGroupRows - 1) / kGroupRows * bytes;
  }
}

void ignis::kernels::avx2::matvec_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                       const float *residual, float *y, int64_t k, int64_t nBegin,
                                       int64_t nEnd) {
  multiplyVector<SignProduct>(w, a, bias, residual, y, k, nBegin, nEnd);
}
