//===- RandomTest.cpp - planners against brute force and the verifier ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// 10,000 problems of up to 8 buffers, whose optimum is known, and others of up to 200.

#include "ignis/MemoryPlan/LowerBound.h"
#include "ignis/MemoryPlan/Verifier.h"

#include "Support.h"

using namespace ignis::memplan;
using namespace ignis::memplan::test;

namespace {

/// Runs `judge` on every small problem with its optimum.
template <typename Judge> void forSmallProblems(int rounds, uint64_t seed, Judge judge) {
  Random random(seed);
  for (int round = 0; round < rounds; ++round) {
    Problem problem = randomProblem(random, random.in(1, 8));
    judge(problem, bruteForce(problem));
    if (testing::Test::HasFailure())
      return;
  }
}

TEST(Random, NoPlannerBeatsBruteForceOrClaimsTooMuch) {
  forSmallProblems(2000, 1, [](const Problem &problem, int64_t optimum) {
    EXPECT_LE(lowerBound(problem), optimum) << csvOf(problem);
    for (const PlannerInfo &info : planners()) {
      PlanOptions options;
      options.budgetSeconds = 0.02;
      PlanResult result = planned(info.name, problem, options);
      EXPECT_TRUE(isValid(problem, result.plan)) << info.name << "\n" << csvOf(problem);
      EXPECT_GE(result.plan.height, optimum) << info.name << "\n" << csvOf(problem);
      EXPECT_LE(result.proven, optimum) << info.name << "\n" << csvOf(problem);
      if (result.status == PlanStatus::Optimal)
        EXPECT_EQ(result.plan.height, optimum) << info.name << "\n" << csvOf(problem);
    }
  });
}

TEST(Random, LargeProblemsAreRight) {
  Random random(2);
  for (int round = 0; round < 300; ++round) {
    Problem problem = randomProblem(random, random.in(9, 200));
    for (const PlannerInfo &info : planners()) {
      PlanOptions options;
      options.budgetSeconds = 0.005;
      PlanResult result = planned(info.name, problem, options);
      ASSERT_TRUE(verify(problem, result.plan).ok()) << info.name << "\n" << csvOf(problem);
      ASSERT_TRUE(isValid(problem, result.plan)) << info.name << "\n" << csvOf(problem);
      ASSERT_GE(result.plan.height, result.proven) << info.name << "\n" << csvOf(problem);
    }
  }
}

} // namespace
