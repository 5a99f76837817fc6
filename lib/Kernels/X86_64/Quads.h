//===- Quads.h - where things lie in the quads layouts ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Addresses inside a group of 16 output features (WeightLayout::Quads*) and inside an activation
// record (ActivationLayout::Blocks*). A pair of blocks takes 17 cache lines: 8 lines of quads for
// the first block, 8 for the second, and one line with the 16 float16 scales of each; line i of a
// block holds values 4 i .. 4 i + 3 of row 0, then of row 1, and so on. An odd last block is 8
// lines and half a line of scales. All functions here are static and always inlined: nothing of
// this header may become a symbol (Variant.inc says why).

#ifndef IGNIS_LIB_KERNELS_X86_64_QUADS_H
#define IGNIS_LIB_KERNELS_X86_64_QUADS_H

#include <cstdint>

#define IGNIS_INLINE static inline __attribute__((always_inline))

namespace ignis::kernels {

constexpr int64_t kLine = 64;              // 16 rows x 4 values, one 512-bit register
constexpr int64_t kQuadLines = 8;          // lines of values a block
constexpr int64_t kPairBytes = 17 * kLine; // two blocks of a group
constexpr int64_t kRecordBlock = 40;       // 32 values, scale, sum or start

/// Bytes of a group of k / 32 = `blocks` blocks.
IGNIS_INLINE int64_t groupBytes(int64_t blocks) { return blocks * 544; }

/// The value lines of block `b`.
IGNIS_INLINE int64_t quadsOffset(int64_t b) {
  return b / 2 * kPairBytes + b % 2 * (kQuadLines * kLine);
}

/// The 16 scales of block `b`.
IGNIS_INLINE int64_t scalesOffset(int64_t b, int64_t blocks) {
  bool single = b % 2 == 0 && b + 1 == blocks;
  return b / 2 * kPairBytes + (single ? kQuadLines * kLine : 2 * kQuadLines * kLine + b % 2 * 32);
}

/// Asks for the pair of blocks that a sequential reader of weights at `w` needs soon, into the
/// second-level cache. Reaches past the end of the weights, which is harmless, and into the next
/// call's, which is welcome. The distance was measured (docs/Performance.md).
IGNIS_INLINE void prefetchPair(const uint8_t *w) {
  constexpr int64_t kAhead = 4 * kPairBytes;
#pragma GCC unroll 17
  for (int i = 0; i < 17; ++i)
    __builtin_prefetch(w + kAhead + i * kLine, 0, 2);
}

/// The same for a slower reader: farther ahead, into the second-level cache.
IGNIS_INLINE void prefetchPairFar(const uint8_t *w) {
  constexpr int64_t kAhead = 8 * kPairBytes;
#pragma GCC unroll 17
  for (int i = 0; i < 17; ++i)
    __builtin_prefetch(w + kAhead + i * kLine, 0, 2);
}

} // namespace ignis::kernels

#endif
