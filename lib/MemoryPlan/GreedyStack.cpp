//===- GreedyStack.cpp - planner `greedy-stack` -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Builds the plan from the bottom up. Every buffer not yet placed has a floor, the top of the
// placed buffers below it; the one with the lowest floor goes next, the longest-lived of equals,
// because a wide base leaves fewer notches. Holes under a placed buffer are never filled, which the
// order makes rare.

#include "Conflicts.h"
#include "Planners.h"

#include <algorithm>
#include <queue>
#include <tuple>

namespace ignis::memplan {

namespace {
class GreedyStack : public Planner {
  void run(const Problem &problem, const PlanOptions &, PlanResult &result) const override {
    size_t count = problem.buffers.size();
    Conflicts conflicts(problem);
    std::vector<int64_t> floor(count, 0);
    std::vector<int64_t> &offsets = result.plan.offsets;
    offsets.assign(count, -1);

    // (floor, -lifetime, -size, index); entries whose floor has risen since are skipped.
    using Entry = std::tuple<int64_t, double, int64_t, size_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> queue;
    auto push = [&](size_t i) {
      const Buffer &b = problem.buffers[i];
      double lifetime =
          static_cast<double>(static_cast<uint64_t>(b.end) - static_cast<uint64_t>(b.begin));
      queue.push({floor[i], -lifetime, -b.size, i});
    };
    for (size_t i = 0; i < count; ++i)
      push(i);
    while (!queue.empty()) {
      auto [at, lifetime, size, i] = queue.top();
      queue.pop();
      if (offsets[i] >= 0 || at != floor[i])
        continue;
      offsets[i] = at;
      int64_t top = at + problem.buffers[i].size;
      conflicts.forEach(i, [&](size_t j) {
        int64_t raised = alignUp(top, problem.buffers[j].align);
        if (offsets[j] >= 0 || raised <= floor[j])
          return;
        floor[j] = raised;
        push(j);
      });
    }
  }
};
} // namespace

std::unique_ptr<Planner> createGreedyStack() { return std::make_unique<GreedyStack>(); }

} // namespace ignis::memplan
