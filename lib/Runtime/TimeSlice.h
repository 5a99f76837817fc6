//===- TimeSlice.h - giving the core away while no chunk is held ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two processes that want one core take turns, a few milliseconds each. A thread that loses its
// core in the middle of a chunk keeps the whole team waiting for that chunk; one that loses it
// between two ops keeps nobody: the others do its share. So in long calls a thread on a core that
// it shares measures how long its turns are and ends them itself, at a barrier, just before the
// scheduler would.

#ifndef IGNIS_LIB_RUNTIME_TIMESLICE_H
#define IGNIS_LIB_RUNTIME_TIMESLICE_H

#include "Preemption.h"

namespace ignis::runtime {

/// One per thread, in a cache line of its own. Times are nanoseconds; `now` of a monotonic clock,
/// `ran` of threadTime().
class alignas(64) TimeSlice {
public:
  static constexpr int64_t kLeastTurn = 500000;
  static constexpr int64_t kFirstTurn = 3000000;
  static constexpr int64_t kMostTurn = 20000000;
  static constexpr int64_t kCalm = 100000000; ///< undisturbed for so long: the core is its own

  /// The thread goes on after it has waited (`slept`: without a core) or at the start of a call.
  void resume(int64_t now, int64_t ran, bool slept) {
    opBegin = now;
    opRan = ran;
    if (slept)
      turnBegin = now;
  }

  /// An op is over and the thread holds no chunk: whether to yield now.
  bool shouldYield(int64_t now, int64_t ran) {
    if (now - opBegin - (ran - opRan) >= kEarnestLoss) {
      // Too late: the turn ended in that op.
      disturbed = now;
      turnBegin = now;
      turn = shared && turn * 7 / 8 > kLeastTurn ? turn * 7 / 8 : turn;
      shared = true;
      return false;
    }
    return shared && now - turnBegin >= turn;
  }

  /// It yielded at `before` and came back at `now`.
  void yielded(int64_t before, int64_t now) {
    turnBegin = now;
    if (now - before >= kEarnestLoss) {
      disturbed = now;
      turn = turn * 65 / 64 < kMostTurn ? turn * 65 / 64 : kMostTurn;
    } else if (now - disturbed > kCalm) {
      shared = false;
      turn = kFirstTurn;
    }
  }

private:
  int64_t opBegin = 0, opRan = 0; ///< when the thread went on, and what it had run by then
  int64_t turnBegin = 0;          ///< when it last got its core, as far as it knows
  int64_t turn = kFirstTurn;      ///< how long it keeps it
  int64_t disturbed = 0;          ///< when another process last had it
  bool shared = false;
};

/// That of the calling thread while it runs a long call, else null.
inline thread_local TimeSlice *currentTimeSlice = nullptr;

} // namespace ignis::runtime

#endif
