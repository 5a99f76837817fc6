//===- VerifierTest.cpp - every rule, broken on purpose -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// And the sweep against a look at all pairs, on right plans and on damaged ones.

#include "ignis/MemoryPlan/Verifier.h"

#include "Support.h"

using namespace ignis::memplan;
using namespace ignis::memplan::test;

namespace {

Rule ruleOf(const Problem &problem, std::vector<int64_t> offsets, int64_t height) {
  Verdict verdict = verify(problem, Plan{std::move(offsets), height});
  EXPECT_EQ(verdict.ok(), verdict.message.empty());
  return verdict.rule;
}

TEST(Verifier, Rules) {
  Problem problem = problemOf({{0, 3, 4}, {2, 5, 4, 4}, {3, 6, 2}});
  EXPECT_EQ(ruleOf(problem, {0, 4, 0}, 8), Rule::None);
  EXPECT_EQ(ruleOf({}, {}, 0), Rule::None);
  EXPECT_EQ(ruleOf(problem, {0, 4}, 8), Rule::Count);
  EXPECT_EQ(ruleOf(problem, {0, -4, 0}, 8), Rule::Negative);
  EXPECT_EQ(ruleOf(problem, {0, 5, 0}, 9), Rule::Alignment);
  EXPECT_EQ(ruleOf(problem, {0, 4, INT64_MAX}, 8), Rule::Range);
  EXPECT_EQ(ruleOf(problem, {0, 4, 0}, 7), Rule::Range);
  EXPECT_EQ(ruleOf(problem, {0, 4, 0}, 9), Rule::Height);
  EXPECT_EQ(ruleOf(problem, {1, 4, 0}, 8), Rule::Overlap);
  EXPECT_EQ(ruleOf(problem, {0, 4, 2}, 8), Rule::None) << "b2 begins when b0 has ended";
  EXPECT_EQ(ruleOf(problem, {0, 4, 7}, 9), Rule::Overlap);
}

TEST(Verifier, NamesTheOverlap) {
  Problem problem = problemOf({{0, 3, 4}, {9, 10, 4}, {2, 5, 4}});
  Verdict verdict = verify(problem, Plan{{0, 0, 3}, 7});
  EXPECT_EQ(verdict.rule, Rule::Overlap);
  EXPECT_EQ(verdict.first, 0u);
  EXPECT_EQ(verdict.second, 2u);
  EXPECT_EQ(verdict.message,
            "buffers 'b0' (live [0, 3), bytes [0, 4)) and 'b2' (live [2, 5), bytes "
            "[3, 7)) overlap");
}

TEST(Verifier, EmptyBuffersMeetNothing) {
  EXPECT_EQ(ruleOf(problemOf({{0, 3, 4}, {0, 3, 0}}), {0, 2}, 4), Rule::None);
}

TEST(Verifier, AgreesWithAllPairs) {
  Random random(7);
  size_t wrong = 0;
  for (int round = 0; round < 4000; ++round) {
    Problem problem = randomProblem(random, random.in(1, 12));
    PlanResult result = planned("greedy-size", problem);
    ASSERT_TRUE(isValid(problem, result.plan));
    // Damage one offset; the plan may stay right by luck.
    Plan plan = result.plan;
    size_t i = static_cast<size_t>(random.in(0, static_cast<int64_t>(plan.offsets.size()) - 1));
    plan.offsets[i] = std::max<int64_t>(0, plan.offsets[i] + random.in(-9, 9));
    plan.height = heightOf(problem, plan.offsets);
    ASSERT_EQ(verify(problem, plan).ok(), isValid(problem, plan)) << csvOf(problem, &plan);
    wrong += !isValid(problem, plan);
  }
  EXPECT_GT(wrong, 1000u);
}

} // namespace
