//===- PlannerTest.cpp - the interface and what each planner promises ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Small problems whose plans are known by hand.

#include "Support.h"

#include <cmath>
#include <set>

using namespace ignis::memplan;
using namespace ignis::memplan::test;

namespace {

TEST(Planner, NamesAreUniqueAndKnown) {
  std::set<std::string> names;
  for (const PlannerInfo &info : planners()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    llvm::Expected<std::unique_ptr<Planner>> planner = createPlanner(info.name);
    ASSERT_TRUE(static_cast<bool>(planner));
    EXPECT_EQ((*planner)->name(), info.name);
    EXPECT_NE(std::string(info.description), "");
  }
}

TEST(Planner, UnknownNameNamesTheNearest) {
  EXPECT_EQ(llvm::toString(createPlanner("gredy-size").takeError()),
            "unknown planner 'gredy-size', did you mean 'greedy-size'?");
}

TEST(Planner, EveryPlannerTakesTheEdges) {
  Problem problems[] = {
      {},
      problemOf({{0, 1, 0}}),
      problemOf({{0, 1, 7}}),
      problemOf({{0, 1, 0}, {0, 1, 0, 64}}),
      problemOf({{INT64_MIN, INT64_MAX, 3}, {INT64_MIN, 0, 2}, {0, INT64_MAX, 2}}),
      problemOf({{0, 1, maxTotalBytes - 100}, {0, 1, 1, 100}}),
      problemOf({{0, 4, 5, 64}, {1, 3, 5, 48}, {2, 6, 5, 7}, {3, 9, 1, 1}}),
  };
  for (const PlannerInfo &info : planners())
    for (const Problem &problem : problems) {
      PlanResult result = planned(info.name, problem);
      EXPECT_TRUE(isValid(problem, result.plan)) << info.name << "\n" << csvOf(problem);
      EXPECT_GE(result.plan.height, result.proven);
      EXPECT_GE(result.proven, result.bound);
    }
}

TEST(Planner, RefusesWhatCheckRefuses) {
  for (const PlannerInfo &info : planners()) {
    llvm::Expected<PlanResult> result = info.create()->solve(problemOf({{1, 1, 4}}));
    EXPECT_FALSE(static_cast<bool>(result));
    llvm::consumeError(result.takeError());
  }
}

TEST(Planner, RefusesOptionsOutOfRange) {
  auto refused = [](PlanOptions options) {
    llvm::Expected<PlanResult> result =
        cantFail(createPlanner("greedy-size"))->solve(problemOf({{0, 1, 4}}), options);
    return result ? std::string() : llvm::toString(result.takeError());
  };
  PlanOptions options;
  options.capacity = -1;
  EXPECT_EQ(refused(options), "expected a capacity of at least 0 bytes, but got -1");
  options = {};
  options.budgetSeconds = -1;
  EXPECT_EQ(refused(options), "expected a budget of at least 0 seconds");
  options.budgetSeconds = NAN;
  EXPECT_EQ(refused(options), "expected a budget of at least 0 seconds");
}

TEST(Planner, StatusAgainstCapacity) {
  Problem problem = problemOf({{0, 2, 4}, {1, 3, 4}, {2, 4, 2}});
  PlanOptions options;
  EXPECT_EQ(planned("none", problem, options).status, PlanStatus::Feasible);
  EXPECT_EQ(planned("greedy-size", problem, options).status, PlanStatus::Optimal);
  options.capacity = 8;
  EXPECT_EQ(planned("none", problem, options).status, PlanStatus::Infeasible);
  EXPECT_EQ(planned("greedy-size", problem, options).status, PlanStatus::Optimal);
  options.capacity = 7;
  PlanResult result = planned("greedy-size", problem, options);
  EXPECT_EQ(result.status, PlanStatus::Infeasible);
  EXPECT_GT(result.proven, 7) << "the bound shows that none exists";
}

TEST(Planner, None) {
  PlanResult result = planned("none", problemOf({{0, 1, 5}, {7, 8, 5, 8}, {9, 10, 1}}));
  EXPECT_EQ(result.plan.offsets, (std::vector<int64_t>{0, 8, 13}));
}

// Sizes 8, 4, 6, 9: two slots; the third buffer has both free.
TEST(Planner, SlotPolicies) {
  Problem problem = problemOf({{0, 2, 8}, {0, 2, 4}, {2, 4, 4}, {4, 6, 9}});
  auto slots = [&](const char *name) {
    PlanResult result = planned(name, problem);
    EXPECT_EQ(result.slotOf.size(), 4u);
    return result.slotSizes;
  };
  EXPECT_EQ(slots("slots"), (std::vector<int64_t>{9, 4})) << "exact fit, then the largest grows";
  EXPECT_EQ(slots("slots-first"), (std::vector<int64_t>{9, 4}));
  EXPECT_EQ(slots("slots-largest"), (std::vector<int64_t>{9, 4}));
  EXPECT_EQ(slots("slots-nearest"), (std::vector<int64_t>{9, 4}));
  problem = problemOf({{0, 2, 2}, {0, 2, 8}, {2, 4, 3}, {2, 4, 7}});
  EXPECT_EQ(slots("slots"), (std::vector<int64_t>{7, 8}));
  EXPECT_EQ(slots("slots-first"), (std::vector<int64_t>{3, 8}));
  EXPECT_EQ(slots("slots-largest"), (std::vector<int64_t>{7, 8}));
  EXPECT_EQ(slots("slots-nearest"), (std::vector<int64_t>{3, 8}));
}

TEST(Planner, GreedyFindsTheGapBelow) {
  // b2 fits under b1 where b0 has died.
  Problem problem = problemOf({{0, 2, 6}, {1, 4, 4}, {2, 4, 5}});
  PlanResult result = planned("greedy-size", problem);
  EXPECT_EQ(result.plan.offsets, (std::vector<int64_t>{0, 6, 0}));
  EXPECT_EQ(result.status, PlanStatus::Optimal);
}

TEST(Planner, BestOfGreedyIsNoWorseThanAny) {
  Random random(11);
  for (int round = 0; round < 200; ++round) {
    Problem problem = randomProblem(random, random.in(2, 40));
    int64_t best = planned("best-of-greedy", problem).plan.height;
    for (const PlannerInfo &info : planners())
      if (llvm::StringRef(info.name).starts_with("greedy-")) {
        ASSERT_LE(best, planned(info.name, problem).plan.height) << info.name;
      }
  }
}

TEST(Planner, StopEndsEveryPlanner) {
  Random random(17);
  Problem problem = randomProblem(random, 300);
  std::atomic<bool> stop{true};
  PlanOptions options;
  options.stop = &stop;
  options.budgetSeconds = 1000;
  for (const PlannerInfo &info : planners()) {
    PlanResult result = planned(info.name, problem, options);
    EXPECT_TRUE(isValid(problem, result.plan)) << info.name;
    EXPECT_LT(result.seconds, 5) << info.name;
  }
}

} // namespace
