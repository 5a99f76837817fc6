//===- Planner.cpp - what all planners share: checks, clock, verifier, table --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A planner only finds offsets. Height, status and bound are computed here from the problem and the
// offsets, so that no planner can claim what its plan does not show.

#include "ignis/MemoryPlan/Planner.h"

#include "Planners.h"
#include "ignis/MemoryPlan/LowerBound.h"
#include "ignis/MemoryPlan/Verifier.h"

#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace ignis::memplan {

Planner::~Planner() = default;

llvm::StringRef statusName(PlanStatus status) {
  switch (status) {
  case PlanStatus::Optimal:
    return "optimal";
  case PlanStatus::Feasible:
    return "feasible";
  case PlanStatus::Infeasible:
    return "infeasible";
  }
  return "unknown";
}

llvm::Expected<PlanResult> Planner::solve(const Problem &problem,
                                          const PlanOptions &options) const {
  if (llvm::Error error = check(problem))
    return llvm::Expected<PlanResult>(std::move(error));
  if (options.capacity && *options.capacity < 0)
    return llvm::createStringError(
        llvm::formatv("expected a capacity of at least 0 bytes, but got {0}", *options.capacity));
  if (!std::isfinite(options.budgetSeconds) || options.budgetSeconds < 0)
    return llvm::createStringError("expected a budget of at least 0 seconds");

  PlanResult result;
  result.bound = result.proven = lowerBound(problem);
  auto start = std::chrono::steady_clock::now();
  if (!problem.buffers.empty())
    run(problem, options, result);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  if (result.plan.offsets.size() == problem.buffers.size())
    result.plan.height = heightOf(problem, result.plan.offsets);
  if (Verdict verdict = verify(problem, result.plan); !verdict.ok())
    return llvm::createStringError("planner '" + plannerName +
                                   "' made a wrong plan, please report it: " + verdict.message);
  if (options.capacity && result.plan.height > *options.capacity)
    result.status = PlanStatus::Infeasible;
  else if (result.plan.height == result.proven)
    result.status = PlanStatus::Optimal;
  else
    result.status = PlanStatus::Feasible;
  return result;
}

static const PlannerInfo table[] = {
#define IGNIS_PLANNER(NAME, CREATE, DESCRIPTION) {NAME, DESCRIPTION, CREATE},
#include "ignis/MemoryPlan/Planners.def"
};

llvm::ArrayRef<PlannerInfo> planners() { return table; }

llvm::Expected<std::unique_ptr<Planner>> createPlanner(llvm::StringRef name) {
  const PlannerInfo *nearest = nullptr;
  unsigned distance = ~0u;
  for (const PlannerInfo &info : table) {
    if (name == info.name) {
      std::unique_ptr<Planner> planner = info.create();
      planner->plannerName = info.name;
      return planner;
    }
    unsigned edits = name.edit_distance(info.name);
    if (edits < distance) {
      distance = edits;
      nearest = &info;
    }
  }
  return llvm::createStringError("unknown planner '" + name.str() + "', did you mean '" +
                                 nearest->name + "'?");
}

} // namespace ignis::memplan
