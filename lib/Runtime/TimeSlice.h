//===- TimeSlice.h - giving the core away while no chunk is held ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two processes that want one core take turns, a few milliseconds each. A thread that loses its
// core in the middle of a chunk keeps the whole team waiting for that chunk; one that loses it
// between two chunks keeps nobody: the others do its share. So in long calls a thread on a core
// that it shares ends its turns itself, between two chunks or at a barrier, just before the
// scheduler would.
//
// When that is: the scheduler looks at each tick of the core's timer whether a turn has lasted long
// enough. A thread that gets its core back has the tick that took it from the other process just
// behind it, so it knows the phase of the ticks; how long turns are at least it learns.

#ifndef IGNIS_LIB_RUNTIME_TIMESLICE_H
#define IGNIS_LIB_RUNTIME_TIMESLICE_H

#include "Preemption.h"

#include <algorithm>

namespace ignis::runtime {

/// One per thread, in a cache line of its own. Times are nanoseconds; `now` of a monotonic clock,
/// `ran` of threadTime().
class alignas(64) TimeSlice {
public:
  static constexpr int64_t kLeastTurn = 500000;
  static constexpr int64_t kFirstTurn = 1000000;
  static constexpr int64_t kMostTurn = 20000000;
  static constexpr int64_t kLeastChunk = 5000; ///< what is shorter was no chunk, or matters little
  static constexpr int64_t kCalm = 100000000;  ///< undisturbed for so long: the core is its own

  /// `tick`: the period of the scheduler's timer.
  explicit TimeSlice(int64_t tick = 4000000) : tick(std::max<int64_t>(tick, 1)) {}

  /// The thread goes on after a wait, or at the start of a call. `newTurn`: it slept or changed its
  /// core meanwhile.
  void resume(int64_t now, int64_t ran, bool newTurn) {
    stretchBegin = now;
    stretchRan = ran;
    if (newTurn)
      turnBegin = now;
    if (shared && now - disturbed > kCalm) {
      shared = false;
      turn = kFirstTurn;
    }
  }

  /// Whether another process had the core lately.
  bool sharesCore() const { return shared; }

  /// The stretch since resume(), a chunk or the last part of an op, is over and the thread holds no
  /// chunk: whether to yield now.
  bool shouldYield(int64_t now, int64_t ran) {
    int64_t busy = ran - stretchRan;
    if (now - stretchBegin - busy >= kEarnestLoss) {
      // Too late: the turn ended before this.
      if (shared)
        turn = std::max(std::min(turn, (stretchBegin - turnBegin) * 7 / 8), kLeastTurn);
      shared = true;
      disturbed = now;
      turnBegin = now - busy;
      lastTick = now - busy / 2;
      return false;
    }
    if (busy >= kLeastChunk)
      chunk = std::max(busy, chunk * 7 / 8);
    return shared && now - turnBegin >= turn && (now - lastTick) % tick + chunk >= tick;
  }

  /// It yielded at `before` and came back at `now`.
  void yielded(int64_t before, int64_t now) {
    if (now - before >= kEarnestLoss) {
      disturbed = turnBegin = lastTick = now;
      turn = std::min(turn * 257 / 256, kMostTurn);
    }
  }

private:
  int64_t tick;
  int64_t stretchBegin = 0,
          stretchRan = 0;    ///< when the thread went on, and what it had run by then
  int64_t chunk = 0;         ///< how long the next chunk may take
  int64_t turnBegin = 0;     ///< when it last got its core, as far as it knows
  int64_t lastTick = 0;      ///< when a tick was
  int64_t turn = kFirstTurn; ///< a shorter turn is not ended by a tick
  int64_t disturbed = 0;     ///< when another process last had the core
  bool shared = false;
};

} // namespace ignis::runtime

#endif
