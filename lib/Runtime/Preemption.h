//===- Preemption.h - noticing that another process wants this core ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Where a neighbour spins on a core, the scheduler takes that core away from a worker in the middle
// of a chunk, for milliseconds, and everybody waits for the chunk. A thread that this happens to
// again and again does more harm than good in calls of short ops; this class says when.

#ifndef IGNIS_LIB_RUNTIME_PREEMPTION_H
#define IGNIS_LIB_RUNTIME_PREEMPTION_H

#include <cstdint>

namespace ignis::runtime {

/// Times that the scheduler took the core of the calling thread; always 0 where it does not say.
int64_t involuntarySwitches();

/// Nanoseconds that the calling thread has run; 0 where the system does not say.
int64_t threadTime();

/// The period of the scheduler's timer, nanoseconds; 4 ms where the system does not say.
int64_t tickLength();

/// A call in which a worker waited for its core for less than this was not preempted in earnest:
/// the kernel's own threads take a core for microseconds, a neighbour for a time slice.
constexpr int64_t kEarnestLoss = 500000;

/// One per worker. Times are nanoseconds of a monotonic clock.
class PreemptionWatch {
public:
  static constexpr int kStrikes = 3;                 ///< preempted calls ..
  static constexpr int64_t kWindow = 200000000;      ///< .. within this time park a worker ..
  static constexpr int64_t kShortestRest = 20000000; ///< .. for this long, twice as long ..
  static constexpr int64_t kLongestRest = 640000000; ///< .. each time that follows soon, up to this

  /// Tells of a call that ended at `now`, in which the thread's count of switches became
  /// `switches`. How long to rest; 0: go on.
  int64_t afterCall(int64_t switches, int64_t now) {
    bool preempted = switches != lastSwitches;
    lastSwitches = switches;
    if (!preempted)
      return 0;
    ++preemptions;
    if (now - firstStrike > kWindow) {
      firstStrike = now;
      strikes = 0;
    }
    // Just back from a rest and preempted again: nothing has changed.
    bool relapse = lastRestEnd && now - lastRestEnd < kWindow;
    if (++strikes < (relapse ? 1 : kStrikes))
      return 0;
    strikes = 0;
    rest = relapse ? (rest * 2 < kLongestRest ? rest * 2 : kLongestRest) : kShortestRest;
    lastRestEnd = now + rest;
    return rest;
  }
  /// After a rest: switches that it caused do not count.
  void rested(int64_t switches) { lastSwitches = switches; }

  uint64_t preemptions = 0;

private:
  int64_t lastSwitches = 0, firstStrike = 0, lastRestEnd = 0, rest = 0;
  int strikes = 0;
};

} // namespace ignis::runtime

#endif
