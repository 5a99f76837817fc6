//===- TimeSliceTest.cpp - when a thread gives its core away ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "../../../lib/Runtime/TimeSlice.h"

#include "gtest/gtest.h"

using ignis::runtime::TimeSlice;

namespace {

constexpr int64_t kMillisecond = 1000000;

/// A thread with a clock, in ops of 0.25 ms.
struct Thread {
  TimeSlice slice;
  int64_t now = 0, ran = 0;

  Thread() { slice.resume(now, ran, true); }

  /// One op, in which another process has the core for `lost`; whether the thread should yield.
  bool op(int64_t lost = 0) {
    now += kMillisecond / 4 + lost;
    ran += kMillisecond / 4;
    return slice.shouldYield(now, ran);
  }
  /// It does; the other process takes `lost`.
  void yield(int64_t lost) {
    now += lost;
    slice.yielded(now - lost, now);
    goOn();
  }
  void goOn() { slice.resume(now, ran, false); }

  /// Ops up to the next yield, or 1000.
  int opsToYield() {
    for (int i = 1; i < 1000; ++i) {
      if (op())
        return i;
      goOn();
    }
    return 1000;
  }
};

TEST(TimeSlice, AloneNeverYields) {
  Thread thread;
  EXPECT_EQ(thread.opsToYield(), 1000);
}

TEST(TimeSlice, ShortLossesAreNone) {
  Thread thread;
  EXPECT_FALSE(thread.op(ignis::runtime::kEarnestLoss - 1));
  thread.goOn();
  EXPECT_EQ(thread.opsToYield(), 1000);
}

TEST(TimeSlice, YieldsBeforeTheTurnEnds) {
  Thread thread;
  EXPECT_FALSE(thread.op(4 * kMillisecond));
  thread.goOn();
  EXPECT_EQ(thread.opsToYield(), TimeSlice::kFirstTurn / (kMillisecond / 4));
}

TEST(TimeSlice, TurnsShrinkWhenTheyEndTooLate) {
  Thread thread;
  int before = 0;
  for (int i = 0; i < 40; ++i) {
    thread.op(4 * kMillisecond);
    thread.goOn();
    if (i == 0)
      before = thread.opsToYield();
    thread.yield(4 * kMillisecond);
  }
  int after = thread.opsToYield();
  EXPECT_LT(after, before);
  EXPECT_GE(after, TimeSlice::kLeastTurn / (kMillisecond / 4));
}

TEST(TimeSlice, TurnsGrowWhileAllIsWell) {
  Thread thread;
  thread.op(4 * kMillisecond);
  thread.goOn();
  int before = thread.opsToYield();
  for (int i = 0; i < 200; ++i) {
    thread.yield(4 * kMillisecond);
    thread.opsToYield();
  }
  thread.yield(4 * kMillisecond);
  int after = thread.opsToYield();
  EXPECT_GT(after, before);
  EXPECT_LE(after, TimeSlice::kMostTurn / (kMillisecond / 4));
}

TEST(TimeSlice, ForgetsANeighbourThatIsGone) {
  Thread thread;
  thread.op(4 * kMillisecond);
  thread.goOn();
  for (int64_t end = thread.now + 2 * TimeSlice::kCalm; thread.now < end;)
    if (thread.opsToYield() < 1000)
      thread.yield(1000); // Nobody wants the core.
  EXPECT_EQ(thread.opsToYield(), 1000);
}

TEST(TimeSlice, SleepBeginsANewTurn) {
  Thread thread;
  thread.op(4 * kMillisecond);
  thread.goOn();
  for (int i = 0; i < 8; ++i) {
    EXPECT_FALSE(thread.op());
    thread.now += kMillisecond;
    thread.slice.resume(thread.now, thread.ran, true);
  }
  EXPECT_EQ(thread.opsToYield(), TimeSlice::kFirstTurn / (kMillisecond / 4));
}

} // namespace
