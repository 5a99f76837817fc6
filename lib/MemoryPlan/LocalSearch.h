//===- LocalSearch.h - improves a plan step by step ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shared by the planner `local` and the exact planner, which wants a good plan to begin with.

#ifndef IGNIS_LIB_MEMORYPLAN_LOCALSEARCH_H
#define IGNIS_LIB_MEMORYPLAN_LOCALSEARCH_H

#include "ignis/MemoryPlan/Problem.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace ignis::memplan {

struct LocalSearchLimits {
  int64_t goal;                       ///< bytes; a plan of this height ends the search
  uint64_t maxPlacements;             ///< placements of one buffer; up to some millions a second
  llvm::function_ref<bool()> expired; ///< asked some thousand times a second
};

/// Lowers `offsets`, a correct plan. Returns false if `expired` ended it; otherwise the result
/// depends on the other arguments alone. Adds its steps to `steps`.
bool improveLocally(const Problem &problem, std::vector<int64_t> &offsets, uint64_t seed,
                    const LocalSearchLimits &limits, uint64_t &steps);

} // namespace ignis::memplan

#endif // IGNIS_LIB_MEMORYPLAN_LOCALSEARCH_H
