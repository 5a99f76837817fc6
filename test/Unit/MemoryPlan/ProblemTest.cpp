//===- ProblemTest.cpp - rules of a problem -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// check() is what keeps every planner from overflow: its limits are tested at the limit.

#include "Support.h"

using namespace ignis::memplan;
using namespace ignis::memplan::test;

namespace {

std::string refusal(const Problem &problem) { return llvm::toString(check(problem)); }

TEST(Problem, Accepts) {
  EXPECT_EQ(refusal({}), "");
  EXPECT_EQ(refusal(problemOf({{0, 1, 0}, {INT64_MIN, INT64_MAX, 5}, {-3, -2, 1, 7}})), "");
}

TEST(Problem, Refuses) {
  EXPECT_EQ(refusal(problemOf({{3, 3, 1}})), "buffer 'b0': expected lower < upper, but got [3, 3)");
  EXPECT_EQ(refusal(problemOf({{0, 1, 1}, {0, 1, -1}})),
            "buffer 'b1': expected a size of at least 0, but got -1");
  EXPECT_EQ(refusal(problemOf({{0, 1, 1, 0}})),
            "buffer 'b0': expected an alignment of at least 1, but got 0");
}

TEST(Problem, SumLimit) {
  constexpr int64_t half = maxTotalBytes / 2;
  EXPECT_EQ(refusal(problemOf({{0, 1, half}, {5, 6, half}})), "");
  EXPECT_NE(refusal(problemOf({{0, 1, half}, {5, 6, half + 1}})), "");
  EXPECT_NE(refusal(problemOf({{0, 1, half}, {5, 6, half, 2}})), "");
  EXPECT_NE(refusal(problemOf({{0, 1, INT64_MAX, INT64_MAX}})), "");
  EXPECT_NE(refusal(problemOf({{0, 1, INT64_MAX}, {0, 1, INT64_MAX}})), "");
}

TEST(Problem, AlignUp) {
  EXPECT_EQ(alignUp(0, 64), 0);
  EXPECT_EQ(alignUp(1, 64), 64);
  EXPECT_EQ(alignUp(64, 64), 64);
  EXPECT_EQ(alignUp(7, 3), 9);
  EXPECT_EQ(alignUp(maxTotalBytes - 1, maxTotalBytes), maxTotalBytes);
}

TEST(Problem, HeightIsTheHighestEnd) {
  EXPECT_EQ(heightOf({}, {}), 0);
  EXPECT_EQ(heightOf(problemOf({{0, 1, 4}, {0, 1, 1}}), {0, 9}), 10);
}

} // namespace
