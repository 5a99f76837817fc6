//===- PlacementTest.cpp - threads of a team on different cores -------------------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "../../../lib/Runtime/Placement.h"

#include "gtest/gtest.h"

#ifdef __linux__
#include <sched.h>

using ignis::runtime::Placement;

namespace {

/// The affinity of the calling thread, put back at the end of the test.
class PlacementTest : public testing::Test {
protected:
  void SetUp() override { ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0); }
  void TearDown() override { sched_setaffinity(0, sizeof(before), &before); }
  /// Confines the thread to the one CPU that it is on.
  void stay() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  }
  bool affinityIsAsBefore() const {
    cpu_set_t now;
    return sched_getaffinity(0, sizeof(now), &now) == 0 && CPU_EQUAL(&now, &before);
  }

  cpu_set_t before;
  Placement placement{2};
  static constexpr int64_t kNow = 10 * Placement::kBetweenMoves;
};

TEST_F(PlacementTest, AloneStays) {
  EXPECT_FALSE(placement.keepApart(0, kNow));
  EXPECT_FALSE(placement.keepApart(0, 2 * kNow));
}

TEST_F(PlacementTest, MovesOffTheOthersCore) {
  if (CPU_COUNT(&before) < 2)
    GTEST_SKIP() << "one CPU";
  stay();
  placement.keepApart(0, kNow);               // Thread 0 is on this CPU,
  EXPECT_FALSE(placement.keepApart(1, kNow)); // 1 too and may not leave.
  int shared = sched_getcpu();
  // Allowed everywhere again, it is moved; unless the scheduler has done so on its own.
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
  bool moved = placement.keepApart(1, 2 * kNow);
  EXPECT_TRUE(moved || sched_getcpu() != shared);
  EXPECT_TRUE(affinityIsAsBefore());
}

TEST_F(PlacementTest, OneMoveATime) {
  if (CPU_COUNT(&before) < 2)
    GTEST_SKIP() << "one CPU";
  int moves = 0;
  for (int i = 0; i < 100; ++i) { // Thread 0 always where thread 1 is, all within a millisecond.
    placement.keepApart(0, 0);
    moves += placement.keepApart(1, kNow + i);
  }
  EXPECT_LE(moves, 1);
}

TEST_F(PlacementTest, WhoHasLeftIsInNobodysWay) {
  placement.keepApart(0, kNow);
  placement.leave(0);
  EXPECT_FALSE(placement.keepApart(1, 2 * kNow));
}

} // namespace
#endif
