//===- NoReuse.cpp - planner `none` -------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every buffer has its own bytes: the figure all others are compared with.

#include "Planners.h"

namespace ignis::memplan {

namespace {
class NoReuse : public Planner {
  void run(const Problem &problem, const PlanOptions &, PlanResult &result) const override {
    int64_t top = 0;
    for (const Buffer &buffer : problem.buffers) {
      top = alignUp(top, buffer.align);
      result.plan.offsets.push_back(top);
      top += buffer.size;
    }
  }
};
} // namespace

std::unique_ptr<Planner> createNoReuse() { return std::make_unique<NoReuse>(); }

} // namespace ignis::memplan
