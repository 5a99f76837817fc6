//===- Pack256.h - Q8_0 rows to quads with 256-bit registers ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A transposition of 16 rows x 8 quads a block, as two of 8 x 8. Runs at load time over every
// weight; those stores bypass the cache, which the packed weights would only wipe. What is computed
// from at once stays in it.

#ifndef IGNIS_LIB_KERNELS_X86_64_PACK256_H
#define IGNIS_LIB_KERNELS_X86_64_PACK256_H

#include "../PackGroups.h"
#include "Quads.h"

#include <immintrin.h>

namespace ignis::kernels {
namespace {

IGNIS_INLINE void storeLine(uint8_t *p, __m256i v, bool stream) {
  auto *out = reinterpret_cast<__m256i *>(p);
  if (stream)
    _mm256_stream_si256(out, v);
  else
    _mm256_storeu_si256(out, v);
}

/// lines[i] = quad i of 8 rows: an 8 x 8 transposition of 32-bit lanes.
IGNIS_INLINE void transpose(const uint8_t *const *rows, __m256i *lines) {
  __m256i t[8], u[8];
  auto load = [&](int r, int64_t offset) __attribute__((always_inline)) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i *>(rows[r] + 2 + offset));
  };
  // Low halves: quads 0 .. 3 of rows r and r + 4; high halves of t[4 ..]: quads 4 .. 7.
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
    t[r] = _mm256_inserti128_si256(_mm256_castsi128_si256(load(r, 0)), load(r + 4, 0), 1);
    t[r + 4] = _mm256_inserti128_si256(_mm256_castsi128_si256(load(r, 16)), load(r + 4, 16), 1);
  }
#pragma GCC unroll 2
  for (int h = 0; h < 8; h += 4) {
    u[h + 0] = _mm256_unpacklo_epi32(t[h + 0], t[h + 1]);
    u[h + 1] = _mm256_unpackhi_epi32(t[h + 0], t[h + 1]);
    u[h + 2] = _mm256_unpacklo_epi32(t[h + 2], t[h + 3]);
    u[h + 3] = _mm256_unpackhi_epi32(t[h + 2], t[h + 3]);
    lines[h + 0] = _mm256_unpacklo_epi64(u[h + 0], u[h + 2]);
    lines[h + 1] = _mm256_unpackhi_epi64(u[h + 0], u[h + 2]);
    lines[h + 2] = _mm256_unpacklo_epi64(u[h + 1], u[h + 3]);
    lines[h + 3] = _mm256_unpackhi_epi64(u[h + 1], u[h + 3]);
  }
}

/// One group from its rows' first blocks, as forEachGroup gives them.
IGNIS_INLINE void packGroup(uint8_t *group, const uint8_t **sources, const int64_t *steps,
                            int64_t blocks, __m256i flips, bool bypassCache) {
  bool stream = bypassCache && reinterpret_cast<uintptr_t>(group) % 32 == 0;
  for (int64_t b = 0; b < blocks; ++b) {
    uint8_t *quads = group + quadsOffset(b);
    __m256i lines[2][8];
    transpose(sources, lines[0]);
    transpose(sources + 8, lines[1]);
#pragma GCC unroll 8
    for (int i = 0; i < kQuadLines; ++i)
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h)
        storeLine(quads + i * kLine + h * 32, _mm256_xor_si256(lines[h][i], flips), stream);
    alignas(32) uint8_t scales[32];
    for (int64_t r = 0; r < kGroupRows; ++r) {
      __builtin_memcpy(scales + 2 * r, sources[r], 2);
      sources[r] += steps[r];
    }
    storeLine(group + scalesOffset(b, blocks),
              _mm256_load_si256(reinterpret_cast<const __m256i *>(scales)), stream);
  }
}

/// The PackFunction; every value byte is stored xor `flip` (0x80: q + 128).
template <int flip>
IGNIS_INLINE void packRows(const uint8_t *rows, int64_t rowCount, int64_t k, uint8_t *groups,
                           bool bypassCache) {
  const __m256i flips = _mm256_set1_epi8(char(flip));
  forEachGroup(rows, rowCount, k, groups,
               [&](uint8_t *group, const uint8_t **sources, const int64_t *steps)
                   __attribute__((always_inline)) {
                     packGroup(group, sources, steps, k / kBlock, flips, bypassCache);
                   });
  if (bypassCache)
    _mm_sfence();
}

} // namespace
} // namespace ignis::kernels

#endif
