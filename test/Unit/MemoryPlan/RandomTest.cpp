//===- RandomTest.cpp - planners against brute force and the verifier ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// 10,000 problems of up to 8 buffers, whose optimum is known, and others of up to 200.

#include "ignis/MemoryPlan/LowerBound.h"
#include "ignis/MemoryPlan/Verifier.h"

#include "../../../lib/MemoryPlan/FitSearch.h"
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
      options.budgetSeconds = 0.002;
      PlanResult result = planned(info.name, problem, options);
      EXPECT_TRUE(isValid(problem, result.plan)) << info.name << "\n" << csvOf(problem);
      EXPECT_GE(result.plan.height, optimum) << info.name << "\n" << csvOf(problem);
      EXPECT_LE(result.proven, optimum) << info.name << "\n" << csvOf(problem);
      if (result.status == PlanStatus::Optimal) {
        EXPECT_EQ(result.plan.height, optimum) << info.name << "\n" << csvOf(problem);
      }
    }
  });
}

TEST(Random, ExactIsExact) {
  forSmallProblems(10000, 3, [](const Problem &problem, int64_t optimum) {
    PlanResult result = planned("exact", problem);
    EXPECT_TRUE(isValid(problem, result.plan)) << csvOf(problem);
    EXPECT_EQ(result.status, PlanStatus::Optimal) << csvOf(problem);
    EXPECT_EQ(result.plan.height, optimum) << csvOf(problem);
    EXPECT_EQ(result.proven, optimum) << csvOf(problem);
    EXPECT_FALSE(result.budgetHit);
  });
}

TEST(Random, ExactMeetsACapacityOrProvesThatNoneDoes) {
  forSmallProblems(3000, 4, [](const Problem &problem, int64_t optimum) {
    PlanOptions options;
    for (int64_t capacity : {optimum - 1, optimum, optimum + 3}) {
      if (capacity < 0)
        continue;
      options.capacity = capacity;
      PlanResult result = planned("exact", problem, options);
      EXPECT_TRUE(isValid(problem, result.plan)) << csvOf(problem);
      if (capacity < optimum) {
        EXPECT_EQ(result.status, PlanStatus::Infeasible) << csvOf(problem);
        EXPECT_GT(result.proven, capacity) << csvOf(problem);
        EXPECT_LE(result.proven, optimum) << csvOf(problem);
      } else {
        EXPECT_NE(result.status, PlanStatus::Infeasible) << csvOf(problem);
        EXPECT_LE(result.plan.height, capacity) << csvOf(problem);
      }
    }
  });
}

// Every strategy alone must be complete, also where the portfolio would not use it for long.
TEST(Random, EveryStrategyIsComplete) {
  SearchLimits limits;
  limits.deadline = std::chrono::steady_clock::now() + std::chrono::minutes(10);
  forSmallProblems(1500, 5, [&](const Problem &problem, int64_t optimum) {
    for (auto pick : {Strategy::Anywhere, Strategy::FewestCandidates})
      for (auto rank : {Strategy::Lifetime, Strategy::Width, Strategy::Area, Strategy::LoadLifetime,
                        Strategy::LoadArea})
        for (int64_t height : {optimum, optimum - 1}) {
          bool fits = true;
          for (const Piece &piece : piecesOf(problem)) {
            FitSearch search(piece, limits);
            Strategy strategy{pick, rank, /*seed=*/7, /*noise=*/0.3};
            Answer answer = search.run(height, strategy, UINT64_MAX);
            ASSERT_NE(answer, Answer::GaveUp);
            fits = fits && answer == Answer::Fits;
          }
          ASSERT_EQ(fits, height == optimum || optimum == 0)
              << "pick " << pick << " rank " << rank << "\n"
              << csvOf(problem);
        }
  });
}

TEST(Random, SearchesGiveTheSamePlanEachTime) {
  Random random(6);
  for (int round = 0; round < 20; ++round) {
    Problem problem = randomProblem(random, random.in(9, 40));
    for (const PlannerInfo &info : planners()) {
      PlanOptions options;
      options.budgetSeconds = 0.2;
      PlanResult first = planned(info.name, problem, options);
      PlanResult second = planned(info.name, problem, options);
      if (!first.budgetHit && !second.budgetHit) {
        ASSERT_EQ(first.plan.offsets, second.plan.offsets) << info.name << "\n" << csvOf(problem);
      }
    }
  }
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
