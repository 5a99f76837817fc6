//===- Planner.h - the interface of all planners, and the table of them -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A planner maps a Problem to offsets. To add one: one file in lib/MemoryPlan with a class derived
// from Planner and a create function, and one row in Planners.def. Tools, tests and the plan pass
// find it by name.

#ifndef IGNIS_MEMORYPLAN_PLANNER_H
#define IGNIS_MEMORYPLAN_PLANNER_H

#include "ignis/MemoryPlan/Problem.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <atomic>
#include <memory>
#include <optional>

namespace ignis::memplan {

/// What the caller grants and wants.
struct PlanOptions {
  /// Wall-clock seconds after which a search returns the best plan it has. Planners without a
  /// search ignore it.
  double budgetSeconds = 10.0;
  /// Bytes the plan must fit in; none: as low as the planner gets.
  std::optional<int64_t> capacity;
  /// For planners that draw random numbers. Same problem, options and seed give the same plan,
  /// unless the budget cut the search short.
  uint64_t seed = 1;
  /// When it becomes true, searches return as if the budget had ended.
  const std::atomic<bool> *stop = nullptr;
};

enum class PlanStatus {
  Optimal,    ///< no plan is lower
  Feasible,   ///< a correct plan within the capacity; whether a lower one exists is not known
  Infeasible, ///< no plan within the capacity was found; PlanResult::bound tells if none exists
};

/// "optimal", "feasible", "infeasible".
llvm::StringRef statusName(PlanStatus status);

struct PlanResult {
  Plan plan; ///< always a correct plan; above the capacity where status is Infeasible
  PlanStatus status = PlanStatus::Feasible;
  int64_t bound = 0;      ///< lowerBound(problem), bytes
  int64_t proven = 0;     ///< no plan is lower than this; >= bound (the exact planner raises it)
  double seconds = 0;     ///< wall time of the planner, without verification
  uint64_t nodes = 0;     ///< search steps; 0 where there is no search
  bool budgetHit = false; ///< the search ended at its budget or by PlanOptions::stop
  /// Planners that reuse whole buffers: the slot of each buffer and the bytes of each slot; the
  /// plan lays the slots out one after the other. Empty for the others.
  std::vector<int> slotOf;
  std::vector<int64_t> slotSizes;
};

/// Stateless: one planner may serve several threads.
class Planner {
public:
  virtual ~Planner();

  llvm::StringRef name() const { return plannerName; }

  /// Checks the problem, plans, verifies. Fails for a problem that check() refuses, for a capacity
  /// or budget below zero, and (a bug of the planner) for a plan that the verifier refuses.
  llvm::Expected<PlanResult> solve(const Problem &problem, const PlanOptions &options = {}) const;

protected:
  /// Gets a checked problem with at least one buffer and fills in `plan.offsets` and whatever else
  /// it knows: `proven` if it proved more than the bound, nodes, budgetHit, slots. Height, status,
  /// bound and seconds are solve()'s.
  virtual void run(const Problem &problem, const PlanOptions &options,
                   PlanResult &result) const = 0;

private:
  friend llvm::Expected<std::unique_ptr<Planner>> createPlanner(llvm::StringRef name);
  std::string plannerName;
};

/// One row of the table.
struct PlannerInfo {
  const char *name;
  const char *description; ///< one line: objective and method
  std::unique_ptr<Planner> (*create)();
};

/// All planners, in the order of Planners.def: simple ones first.
llvm::ArrayRef<PlannerInfo> planners();

/// The planner of that name; an unknown name fails with the nearest known one in the message.
llvm::Expected<std::unique_ptr<Planner>> createPlanner(llvm::StringRef name);

} // namespace ignis::memplan

#endif // IGNIS_MEMORYPLAN_PLANNER_H
