//===- LowerBound.h - bytes that no plan can go below -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every result is reported beside this bound: a plan that reaches it is optimal, whoever found it.

#ifndef IGNIS_MEMORYPLAN_LOWERBOUND_H
#define IGNIS_MEMORYPLAN_LOWERBOUND_H

#include "ignis/MemoryPlan/Problem.h"

namespace ignis::memplan {

/// The maximum over time of the live load. Where all buffers live at a time have alignments that
/// are multiples of g (their greatest common divisor), every buffer but the highest takes its size
/// rounded up to g: load = sum of rounded sizes - the largest single padding. With alignment 1 this
/// is the plain sum. O(n log n).
int64_t lowerBound(const Problem &problem);

/// All buffers one after the other, each at the next offset its alignment allows: the upper bound
/// that planner `none` reaches.
int64_t upperBound(const Problem &problem);

/// Load at one time, for pictures: from `time` on, up to the next entry's time.
struct LoadPoint {
  int64_t time;
  int64_t load; ///< sum of the sizes of live buffers, in bytes, without padding
};

/// The load curve, by time; the last entry has load 0. Empty without buffers.
std::vector<LoadPoint> loadCurve(const Problem &problem);

} // namespace ignis::memplan

#endif // IGNIS_MEMORYPLAN_LOWERBOUND_H
