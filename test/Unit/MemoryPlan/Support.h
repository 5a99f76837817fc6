//===- Support.h - random problems and brute force ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What the tests compare planners with. Nothing here uses the library beyond its value types: a
// mistake in the library must not repeat itself in its referee.

#ifndef IGNIS_TEST_UNIT_MEMORYPLAN_SUPPORT_H
#define IGNIS_TEST_UNIT_MEMORYPLAN_SUPPORT_H

#include "ignis/MemoryPlan/Planner.h"
#include "ignis/MemoryPlan/ProblemCSV.h"

#include <gtest/gtest.h>

namespace ignis::memplan::test {

/// Buffers "b0", "b1", ... from {begin, end, size, align}.
struct Row {
  int64_t begin, end, size, align = 1;
};
inline Problem problemOf(std::initializer_list<Row> rows) {
  Problem problem;
  for (const Row &row : rows)
    problem.buffers.push_back(
        {"b" + std::to_string(problem.buffers.size()), row.begin, row.end, row.size, row.align});
  return problem;
}

/// splitmix64: the same numbers everywhere, unlike the distributions of <random>.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t x = state += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
  }
  int64_t in(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(next() % static_cast<uint64_t>(high - low + 1));
  }

private:
  uint64_t state;
};

/// Shapes of random problems: each stresses another part of the planners.
inline Problem randomProblem(Random &random, int64_t count) {
  static constexpr int64_t aligns[] = {1, 1, 1, 2, 4, 8, 3, 6};
  int64_t span = random.in(2, 24), largest = random.in(1, 40);
  bool aligned = random.in(0, 3) == 0, empty = random.in(0, 7) == 0;
  int64_t unit = random.in(0, 3) == 0 ? 1024 : 1;
  Problem problem;
  for (int64_t i = 0; i < count; ++i) {
    int64_t begin = random.in(0, span - 1);
    int64_t end = random.in(0, 2) ? random.in(begin + 1, std::min(span, begin + 4))
                                  : random.in(begin + 1, span);
    int64_t size = empty && random.in(0, 5) == 0 ? 0 : random.in(1, largest) * unit;
    problem.buffers.push_back(
        {"b" + std::to_string(i), begin, end, size, aligned ? aligns[random.in(0, 7)] : 1});
  }
  return problem;
}

/// The optimum. In a plan that is pushed down as far as it goes, each buffer, taken by ascending
/// offset, stands on the highest of the earlier ones that it meets in time; so trying all orders
/// finds the least height.
inline int64_t bruteForce(const Problem &problem) {
  size_t count = problem.buffers.size();
  std::vector<int64_t> top(count, -1); // of placed buffers
  int64_t best = INT64_MAX;
  auto place = [&](auto &&self, size_t placed, int64_t height) -> void {
    if (height >= best)
      return;
    if (placed == count) {
      best = height;
      return;
    }
    for (size_t i = 0; i < count; ++i) {
      if (top[i] >= 0)
        continue;
      const Buffer &b = problem.buffers[i];
      int64_t floor = 0;
      for (size_t j = 0; j < count; ++j) {
        const Buffer &other = problem.buffers[j];
        if (top[j] >= 0 && other.size > 0 && other.begin < b.end && b.begin < other.end)
          floor = std::max(floor, top[j]);
      }
      if (b.size == 0)
        floor = 0;
      int64_t at = (floor + b.align - 1) / b.align * b.align;
      top[i] = at + b.size;
      self(self, placed + 1, std::max(height, top[i]));
      top[i] = -1;
    }
  };
  place(place, 0, 0);
  return best;
}

/// Every pair and every rule, without a sweep.
inline bool isValid(const Problem &problem, const Plan &plan) {
  if (plan.offsets.size() != problem.buffers.size())
    return false;
  int64_t height = 0;
  for (size_t i = 0; i < plan.offsets.size(); ++i) {
    const Buffer &a = problem.buffers[i];
    if (plan.offsets[i] < 0 || plan.offsets[i] % a.align)
      return false;
    height = std::max(height, plan.offsets[i] + a.size);
    for (size_t j = 0; j < i; ++j) {
      const Buffer &b = problem.buffers[j];
      bool time = a.begin < b.end && b.begin < a.end;
      bool space =
          plan.offsets[i] < plan.offsets[j] + b.size && plan.offsets[j] < plan.offsets[i] + a.size;
      if (time && space && a.size > 0 && b.size > 0)
        return false;
    }
  }
  return height == plan.height;
}

inline PlanResult planned(llvm::StringRef name, const Problem &problem,
                          const PlanOptions &options = {}) {
  llvm::Expected<std::unique_ptr<Planner>> planner = createPlanner(name);
  if (!planner) {
    ADD_FAILURE() << llvm::toString(planner.takeError());
    return {};
  }
  llvm::Expected<PlanResult> result = (*planner)->solve(problem, options);
  if (!result) {
    ADD_FAILURE() << name.str() << ": " << llvm::toString(result.takeError());
    return {};
  }
  return std::move(*result);
}

inline std::string csvOf(const Problem &problem, const Plan *plan = nullptr) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writeCSV(os, problem, plan);
  return text;
}

} // namespace ignis::memplan::test

#endif // IGNIS_TEST_UNIT_MEMORYPLAN_SUPPORT_H
