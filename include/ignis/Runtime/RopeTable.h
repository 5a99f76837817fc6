//===- RopeTable.h - cosines and sines of rotary position embedding ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// angle(p, i) = p * base^(-2i / d) (Su et al., RoFormer, 2021), by the project's own functions,
// because libm differs between machines (docs/Numerics.md, section 5).

#ifndef IGNIS_RUNTIME_ROPETABLE_H
#define IGNIS_RUNTIME_ROPETABLE_H

#include <cstdint>

namespace ignis::runtime {

/// Rows [begin, end) of f32 [positions, d]: cos of pair i at column i, sin at column d / 2 + i.
void fillRopeTable(float *table, int64_t begin, int64_t end, int64_t d, double base);

/// The functions behind it, for tests. x >= 1; any finite x; |x| < 2^30.
double preciseLog2(double x);
double preciseExp2(double x);
void preciseSinCos(double x, double &sine, double &cosine);

} // namespace ignis::runtime

#endif
