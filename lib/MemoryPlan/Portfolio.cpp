//===- Portfolio.cpp - planner `best-of-greedy` -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Composition of planners is a planner: it runs all whose name starts with `greedy-`, keeps the
// lowest plan and stops early at one that reaches the bound.

#include "Planners.h"

namespace ignis::memplan {

namespace {
class BestOfGreedy : public Planner {
  void run(const Problem &problem, const PlanOptions &, PlanResult &result) const override {
    for (const PlannerInfo &info : planners()) {
      if (!llvm::StringRef(info.name).starts_with("greedy-"))
        continue;
      llvm::Expected<PlanResult> candidate = info.create()->solve(problem);
      if (!candidate) {
        // Only a wrong plan gets here, the problem is checked. The others may still be right; if
        // none is, solve() reports the missing offsets.
        llvm::consumeError(candidate.takeError());
        continue;
      }
      ++result.nodes;
      if (result.plan.offsets.empty() || candidate->plan.height < result.plan.height)
        result.plan = std::move(candidate->plan);
      if (result.plan.height == result.bound)
        return;
    }
  }
};
} // namespace

std::unique_ptr<Planner> createBestOfGreedy() { return std::make_unique<BestOfGreedy>(); }

} // namespace ignis::memplan
