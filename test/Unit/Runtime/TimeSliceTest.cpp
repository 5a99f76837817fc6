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

  explicit Thread(int64_t tick = 4 * kMillisecond) : slice(tick) { slice.resume(now, ran, true); }

  /// One op, in which another process has the core for `lost`; whether the thread should yield.
  bool op(int64_t lost = 0, int64_t length = kMillisecond / 4) {
    now += length + lost;
    ran += length;
    return slice.shouldYield(now, ran);
  }
  /// It does; the other process takes `lost`.
  void yield(int64_t lost) {
    now += lost;
    slice.yielded(now - lost, now);
    goOn();
  }
  void goOn() { slice.resume(now, ran, false); }
  /// An op in which the other process takes the core for a turn of its own.
  void lose() {
    EXPECT_FALSE(op(4 * kMillisecond));
    goOn();
  }

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

TEST(TimeSlice, YieldsBeforeTheTickThatEndsTheTurn) {
  Thread thread;
  thread.lose();
  // The op that lost the core ended 1/8 ms after the tick at the earliest; ops begin again at that
  // moment, and the one that the next tick would hit is not begun.
  EXPECT_EQ(thread.opsToYield(), 15);
  for (int i = 0; i < 20; ++i) { // Back at a tick: 16 ops a tick, of which none meets the next.
    thread.yield(4 * kMillisecond);
    EXPECT_EQ(thread.opsToYield(), 15);
  }
}

TEST(TimeSlice, OtherTicks) {
  Thread thread{kMillisecond};
  thread.lose();
  thread.opsToYield();
  thread.yield(4 * kMillisecond);
  // A turn of less than a millisecond is not ended by a tick as far as it knows.
  EXPECT_EQ(thread.opsToYield(), 7);
}

TEST(TimeSlice, AsksAgainWhereNobodyTookTheCore) {
  Thread thread;
  thread.lose();
  thread.opsToYield();
  thread.yield(1000);
  EXPECT_TRUE(thread.op(0, kMillisecond / 20)); // The tick is still ahead.
  thread.yield(1000);
  EXPECT_FALSE(thread.op()); // Now it is past.
}

TEST(TimeSlice, TheTickIsTakenToBeInTheMiddleOfTheOpThatItMet) {
  Thread thread{4100000};
  thread.lose();
  EXPECT_EQ(thread.opsToYield(), 15); // 1/8 ms and 15 ops; 3 7/8 ms and another would be too long.
}

TEST(TimeSlice, LearnsHowShortTurnsAre) {
  Thread thread{kMillisecond / 4}; // A tick in each op: only the length of turns decides.
  thread.lose();
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(thread.op());
    thread.goOn();
  }
  thread.lose();                     // Taken after 3/4 ms: from 21/32 on it may be over.
  EXPECT_EQ(thread.opsToYield(), 2); // With the op in which it came back 3/4 ms.
}

TEST(TimeSlice, TurnsAreNoShorterThanTheLeast) {
  Thread thread{kMillisecond / 4};
  for (int i = 0; i < 20; ++i) { // Its core is taken at once each time.
    thread.lose();
  }
  thread.opsToYield();
  thread.yield(4 * kMillisecond);
  EXPECT_EQ(thread.opsToYield(), TimeSlice::kLeastTurn / (kMillisecond / 4) + 1); // It grew a bit.
}

TEST(TimeSlice, AsksEarlierAfterALongChunk) {
  for (int none : {0, 100}) {
    Thread thread;
    thread.lose();
    thread.opsToYield();
    thread.yield(4 * kMillisecond);
    EXPECT_TRUE(thread.op(0, 7 * kMillisecond / 2));
    thread.yield(4 * kMillisecond);
    for (int i = 0; i < none; ++i) { // Stretches without a chunk change nothing.
      EXPECT_FALSE(thread.op(0, 1000));
      thread.goOn();
    }
    EXPECT_EQ(thread.opsToYield(), 14); // 15 if the long one was forgotten.
  }
}

TEST(TimeSlice, TurnsGrowWhileAllIsWell) {
  Thread thread{kMillisecond};
  thread.lose();
  thread.opsToYield();
  thread.yield(4 * kMillisecond);
  int before = thread.opsToYield();
  for (int i = 0; i < 2000; ++i) {
    thread.yield(4 * kMillisecond);
    thread.opsToYield();
  }
  thread.yield(4 * kMillisecond);
  int after = thread.opsToYield();
  EXPECT_GT(after, before);
  EXPECT_LE(after, (TimeSlice::kMostTurn + kMillisecond) / (kMillisecond / 4));
}

TEST(TimeSlice, ForgetsANeighbourThatIsGone) {
  Thread thread;
  EXPECT_FALSE(thread.slice.sharesCore());
  auto runUntil = [&](int64_t end) { // Nobody wants the core.
    while (thread.now < end)
      if (thread.op())
        thread.yield(1000);
      else
        thread.goOn();
  };
  thread.lose();
  int64_t disturbed = thread.now;
  runUntil(disturbed + TimeSlice::kCalm * 9 / 10);
  EXPECT_TRUE(thread.slice.sharesCore());
  thread.yield(4 * kMillisecond); // It is not gone.
  disturbed = thread.now;
  runUntil(disturbed + TimeSlice::kCalm * 9 / 10);
  EXPECT_TRUE(thread.slice.sharesCore());
  runUntil(disturbed + TimeSlice::kCalm * 11 / 10);
  EXPECT_FALSE(thread.slice.sharesCore());
  EXPECT_EQ(thread.opsToYield(), 1000);
}

TEST(TimeSlice, ForgetsWhatItLearnedOfIt) {
  Thread thread{kMillisecond / 4};
  for (int i = 0; i < 20; ++i) {
    thread.lose();
  }
  thread.now += 2 * TimeSlice::kCalm;
  thread.goOn();
  EXPECT_FALSE(thread.slice.sharesCore());
  thread.lose();
  EXPECT_EQ(thread.opsToYield(), TimeSlice::kFirstTurn / (kMillisecond / 4) - 1);
}

TEST(TimeSlice, ForgetsItAlsoIfItSleepsAtEachBarrier) {
  Thread thread;
  thread.lose();
  for (int64_t end = thread.now + 2 * TimeSlice::kCalm; thread.now < end;) {
    EXPECT_FALSE(thread.op());
    thread.now += 50000;
    thread.slice.resume(thread.now, thread.ran, true);
  }
  EXPECT_FALSE(thread.slice.sharesCore());
}

TEST(TimeSlice, SleepBeginsANewTurn) {
  Thread thread;
  thread.lose();
  for (int i = 0; i < 40; ++i) {
    EXPECT_FALSE(thread.op());
    thread.now += kMillisecond / 4; // Asleep at some of the ticks, awake too shortly at the others.
    thread.slice.resume(thread.now, thread.ran, true);
  }
}

} // namespace
