//===- PlacementTest.cpp - threads of a team on different cores -------------------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "../../../lib/Runtime/Placement.h"

#include "gtest/gtest.h"

#ifdef __linux__
#include <sched.h>

using ignis::runtime::Placement;

namespace {

/// Affinity of the calling thread, put back at the end of the test.
class PlacementTest : public testing::Test {
protected:
  void SetUp() override {
    if (sched_getaffinity(0, sizeof(before), &before) != 0 || CPU_COUNT(&before) < 2)
      GTEST_SKIP() << "one CPU, or more than the set holds";
    if (!allow(before))
      GTEST_SKIP() << "affinity cannot be changed here";
  }
  void TearDown() override { allow(before); }
  static bool allow(const cpu_set_t &set) { return sched_setaffinity(0, sizeof(set), &set) == 0; }
  /// Confines the thread to the one CPU that it is on.
  static bool stay() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    return allow(one);
  }
  bool affinityIsAsBefore() const {
    cpu_set_t now;
    return sched_getaffinity(0, sizeof(now), &now) == 0 && CPU_EQUAL(&now, &before);
  }
  int64_t later() { return now += 10 * Placement::kBetweenMoves; }

  cpu_set_t before;
  Placement placement{2};
  int64_t now = 0;
};

TEST_F(PlacementTest, AloneStays) {
  EXPECT_FALSE(placement.keepApart(0, later()));
  EXPECT_FALSE(placement.keepApart(0, later()));
}

TEST_F(PlacementTest, MovesOffTheOthersCore) {
  bool moved = false;
  // The scheduler may move the thread too, so one of many tries has to show it.
  for (int i = 0; i < 100 && !moved; ++i) {
    ASSERT_TRUE(stay());
    int shared = placement.arrive(0);              // Thread 0 is on this CPU,
    EXPECT_FALSE(placement.keepApart(1, later())); // thread 1 too, and may not leave.
    ASSERT_TRUE(allow(before));
    moved = placement.keepApart(1, later()) && sched_getcpu() != shared;
    EXPECT_TRUE(affinityIsAsBefore());
    // Thread 0 now on the CPU to which thread 1 went: it is known there.
    moved = moved && placement.keepApart(0, later());
    placement.leave(1);
  }
  EXPECT_TRUE(moved);
}

TEST_F(PlacementTest, KeepsANarrowAffinity) {
  if (CPU_COUNT(&before) < 3)
    GTEST_SKIP() << "fewer than three CPUs";
  cpu_set_t narrow = before;
  CPU_CLR(sched_getcpu(), &narrow);
  ASSERT_TRUE(allow(narrow));
  placement.arrive(0);
  placement.keepApart(1, later());
  cpu_set_t after;
  ASSERT_EQ(sched_getaffinity(0, sizeof(after), &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&after, &narrow));
}

TEST_F(PlacementTest, OneMoveATime) {
  int moves = 0;
  for (int i = 0; i < 100; ++i) { // Each where the other is, all within a millisecond.
    placement.arrive(0);
    moves += placement.keepApart(1, 1000 + i);
    placement.arrive(1);
    moves += placement.keepApart(0, 1000 + i);
  }
  EXPECT_LE(moves, 1);
}

TEST_F(PlacementTest, WhoHasLeftIsInNobodysWay) {
  placement.arrive(0);
  placement.leave(0);
  EXPECT_FALSE(placement.keepApart(1, later()));
}

} // namespace
#endif
