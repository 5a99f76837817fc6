//===- Loops.h - the loops that probes repeat -------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One implementation a processor extension, each in a file compiled for it; Read.cpp and Dot.cpp
// choose.

#ifndef IGNIS_LIB_PROBE_LOOPS_H
#define IGNIS_LIB_PROBE_LOOPS_H

#include <cstdint>

namespace ignis::probe {

/// Reads `bytes` (a multiple of 8 * 256) at p as `streams` (1 to 8) contiguous ranges side by side,
/// prefetching `ahead` bytes in each if that is not 0. Returns something that depends on every
/// byte.
using ReadLoop = uint64_t (*)(const uint8_t *p, int64_t bytes, int streams, int64_t ahead);

/// Does `count` times 16 independent dot-product instructions. Returns something that depends on
/// all.
using DotLoop = uint32_t (*)(int64_t count);

uint64_t readPlain(const uint8_t *p, int64_t bytes, int streams, int64_t ahead);
uint64_t readAVX2(const uint8_t *p, int64_t bytes, int streams, int64_t ahead);
uint64_t readAVX512(const uint8_t *p, int64_t bytes, int streams, int64_t ahead);

uint32_t dotPlain(int64_t count);      ///< 16 products an iteration
uint32_t dotAVX2(int64_t count);       ///< vpmaddubsw + vpmaddwd + vpaddd, 16 x 32 products
uint32_t dotAVXVNNI(int64_t count);    ///< 16 x 32
uint32_t dotAVX512VNNI(int64_t count); ///< 16 x 64
uint32_t dotAMX(int64_t count);        ///< 16 tdpbusd of 16 x 16 x 64

} // namespace ignis::probe

#endif
