//===- Bounds.h - what bounds generated code --------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two limits of one core, each measured by a loop that does nothing else: fused multiply-adds of
// float32 in registers, and moving bytes of a working set, wherever in the caches that lies.

#ifndef IGNIS_BENCH_GENERATED_BOUNDS_H
#define IGNIS_BENCH_GENERATED_BOUNDS_H

#include <cstdint>

namespace ignis::bench {

/// Floating-point operations a second, a multiply-add counted as two.
double measureFlops();

/// Bytes a second of y[i] = a[i] + b[i] over arrays of `bytes` bytes in all, each read or written
/// once a pass.
double measureMove(int64_t bytes);

} // namespace ignis::bench

#endif
