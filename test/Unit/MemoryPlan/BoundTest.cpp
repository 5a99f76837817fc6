//===- BoundTest.cpp - load curve and bounds ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The bound must never exceed the optimum (RandomTest.cpp) and must be sharp where it can be.

#include "ignis/MemoryPlan/LowerBound.h"

#include "Support.h"

using namespace ignis::memplan;
using namespace ignis::memplan::test;

namespace {

TEST(Bound, IsTheLargestLoad) {
  EXPECT_EQ(lowerBound({}), 0);
  EXPECT_EQ(lowerBound(problemOf({{0, 2, 4}, {1, 3, 4}, {2, 4, 2}})), 8);
  EXPECT_EQ(lowerBound(problemOf({{0, 2, 4}, {2, 3, 4}})), 4) << "lifetimes are half-open";
  EXPECT_EQ(lowerBound(problemOf({{INT64_MIN, INT64_MAX, 4}, {0, 1, 1}})), 5);
}

TEST(Bound, CountsPaddingThatNoPlanAvoids) {
  // Two buffers of 5 at multiples of 8: one stands at 8 or above.
  EXPECT_EQ(lowerBound(problemOf({{0, 1, 5, 8}, {0, 1, 5, 8}})), 13);
  // The highest of them may be the one with the largest padding.
  EXPECT_EQ(lowerBound(problemOf({{0, 1, 1, 8}, {0, 1, 7, 8}})), 9);
  EXPECT_EQ(lowerBound(problemOf({{0, 1, 5, 8}, {0, 1, 5, 3}})), 10) << "gcd 1";
}

TEST(Bound, NoReuseIsTheSum) {
  EXPECT_EQ(upperBound({}), 0);
  EXPECT_EQ(upperBound(problemOf({{0, 1, 5}, {7, 8, 5, 8}})), 13);
}

TEST(Bound, LoadCurve) {
  std::vector<LoadPoint> curve = loadCurve(problemOf({{0, 2, 4}, {1, 3, 3}, {5, 6, 1}}));
  std::vector<std::pair<int64_t, int64_t>> got;
  for (const LoadPoint &point : curve)
    got.push_back({point.time, point.load});
  std::vector<std::pair<int64_t, int64_t>> expected = {{0, 4}, {1, 7}, {2, 3},
                                                       {3, 0}, {5, 1}, {6, 0}};
  EXPECT_EQ(got, expected);
}

} // namespace
