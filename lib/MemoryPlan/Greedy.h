//===- Greedy.h - placement in a given order ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The engine under all planners that fix an order first: shared by the greedy planners, which
// compute one order, and the local search, which tries many.

#ifndef IGNIS_LIB_MEMORYPLAN_GREEDY_H
#define IGNIS_LIB_MEMORYPLAN_GREEDY_H

#include "Conflicts.h"
#include "ignis/MemoryPlan/Planner.h"

namespace ignis::memplan {

/// Which gap a buffer takes among those it fits in.
enum class Fit {
  Lowest,   ///< the lowest
  Tightest, ///< the smallest between placed buffers, the lowest of equals; else on top
};

/// Places buffers one by one. Offsets of buffers that were not placed are -1.
class Placement {
public:
  Placement(const Problem &problem, const Conflicts &conflicts)
      : problem(problem), conflicts(conflicts), offsets(problem.buffers.size(), -1) {}

  /// Gives buffer i its offset, in O(k log k) for k buffers in conflict, and returns it.
  int64_t place(size_t i, Fit fit);
  void remove(size_t i) { offsets[i] = -1; }

  const std::vector<int64_t> &get() const { return offsets; }
  std::vector<int64_t> take() { return std::move(offsets); }

private:
  const Problem &problem;
  const Conflicts &conflicts;
  std::vector<int64_t> offsets;
  std::vector<std::pair<int64_t, int64_t>> taken; // [from, to) of placed buffers in conflict
};

/// Offsets that result from placing all buffers in `order`.
std::vector<int64_t> placeAll(const Problem &problem, const Conflicts &conflicts,
                              llvm::ArrayRef<size_t> order, Fit fit);

/// The buffers by `key`, largest first; equals by size, then lifetime, then index.
std::vector<size_t> orderByKey(const Problem &problem, llvm::ArrayRef<double> key);

} // namespace ignis::memplan

#endif // IGNIS_LIB_MEMORYPLAN_GREEDY_H
