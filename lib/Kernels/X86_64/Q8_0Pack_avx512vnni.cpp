//===- Q8_0Pack_avx512vnni.cpp - Q8_0 rows to unsigned quads, AVX-512 -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Writes WeightLayout::QuadsUnsigned: a transposition of 16 rows x 8 quads a block. Runs at load
// time over every weight, so it has to keep up with memory; those stores bypass the cache, which
// the packed weights would only wipe. What is computed from at once stays in it.

#include "../PackGroups.h"
#include "Quads.h"

#include <immintrin.h>

#define IGNIS_VARIANT avx512vnni
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

IGNIS_INLINE __m128i load16(const uint8_t *p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
}

/// Lane j of the result holds values at `offset` of row first + 4 j.
IGNIS_INLINE __m512i gather4(const uint8_t *const *rows, int first, int64_t offset) {
  __m512i v = _mm512_castsi128_si512(load16(rows[first] + offset));
  v = _mm512_inserti32x4(v, load16(rows[first + 4] + offset), 1);
  v = _mm512_inserti32x4(v, load16(rows[first + 8] + offset), 2);
  return _mm512_inserti32x4(v, load16(rows[first + 12] + offset), 3);
}

/// Four lines of quads from 16 values of each of 16 rows.
IGNIS_INLINE void transpose(const uint8_t *const *rows, int64_t offset, __m512i *lines) {
  __m512i r0 = gather4(rows, 0, offset), r1 = gather4(rows, 1, offset);
  __m512i r2 = gather4(rows, 2, offset), r3 = gather4(rows, 3, offset);
  __m512i a = _mm512_unpacklo_epi32(r0, r1), b = _mm512_unpackhi_epi32(r0, r1);
  __m512i c = _mm512_unpacklo_epi32(r2, r3), d = _mm512_unpackhi_epi32(r2, r3);
  __m512i flip = _mm512_set1_epi8(-128); // q + 128
  lines[0] = _mm512_xor_si512(_mm512_unpacklo_epi64(a, c), flip);
  lines[1] = _mm512_xor_si512(_mm512_unpackhi_epi64(a, c), flip);
  lines[2] = _mm512_xor_si512(_mm512_unpacklo_epi64(b, d), flip);
  lines[3] = _mm512_xor_si512(_mm512_unpackhi_epi64(b, d), flip);
}

IGNIS_INLINE void packBlock(const uint8_t *const *rows, uint8_t *quads, uint8_t *scales,
                            bool stream) {
  __m512i lines[8];
  transpose(rows, 2, lines);
  transpose(rows, 18, lines + 4);
  auto *out = reinterpret_cast<__m512i *>(quads);
  for (int i = 0; i < 8; ++i)
    if (stream)
      _mm512_stream_si512(out + i, lines[i]);
    else
      _mm512_storeu_si512(out + i, lines[i]);
  for (int r = 0; r < 16; ++r)
    __builtin_memcpy(scales + 2 * r, rows[r], 2);
}

/// One group from its rows' first blocks, as forEachGroup gives them.
IGNIS_INLINE void packGroup(uint8_t *group, const uint8_t **sources, const int64_t *steps,
                            int64_t blocks, bool bypassCache) {
  bool stream = bypassCache && reinterpret_cast<uintptr_t>(group) % 64 == 0;
  // The scales of a pair share a line: collect it, then write it in one go.
  alignas(64) uint8_t scales[kLine];
  for (int64_t b = 0; b < blocks; ++b) {
    uint8_t *quads = group + quadsOffset(b);
    packBlock(sources, quads, scales + b % 2 * 32, stream);
    if (b % 2 == 1) {
      __m512i line = _mm512_load_si512(scales);
      auto *out = reinterpret_cast<__m512i *>(group + scalesOffset(b - 1, blocks));
      if (stream)
        _mm512_stream_si512(out, line);
      else
        _mm512_storeu_si512(out, line);
    } else if (b + 1 == blocks) {
      __m256i half = _mm256_load_si256(reinterpret_cast<const __m256i *>(scales));
      _mm256_storeu_si256(reinterpret_cast<__m256i *>(group + scalesOffset(b, blocks)), half);
    }
    for (int64_t r = 0; r < kGroupRows; ++r)
      sources[r] += steps[r];
  }
}

} // namespace

void ignis::kernels::avx512vnni::pack(const uint8_t *rows, int64_t rowCount, int64_t k,
                                      uint8_t *groups, bool bypassCache) {
  int64_t blocks = k / kBlock;
  forEachGroup(rows, rowCount, k, groups,
               [&](uint8_t *group, const uint8_t **sources, const int64_t *steps) __attribute__((
                   always_inline)) { packGroup(group, sources, steps, blocks, bypassCache); });
  if (bypassCache)
    _mm_sfence();
}
