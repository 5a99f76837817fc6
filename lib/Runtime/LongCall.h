//===- LongCall.h - what a thread minds in a call of milliseconds -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// In a long call half a core is a gain even if another process has the other half. The thread ends
// its turns itself while it holds no chunk (TimeSlice.h) and keeps off its team's cores
// (Placement.h). While it has its core to itself, both cost a few clock reads a barrier.

#ifndef IGNIS_LIB_RUNTIME_LONGCALL_H
#define IGNIS_LIB_RUNTIME_LONGCALL_H

#include "Placement.h"
#include "Sleep.h"
#include "TimeSlice.h"
#include "ignis/Execution/ModuleABI.h"

#include <sched.h>

namespace ignis::runtime {

/// One per thread of a team.
class LongCall {
public:
  LongCall(TimeSlice slice, Placement &placement, int index)
      : slice(slice), placement(placement), index(index) {}

  void begin(const IgnisFrame &frame) { goesOn(frame, /*slept=*/true); }
  /// The thread sleeps until others have done something, or has nothing more to do.
  void pauses() { placement.leave(index); }

  /// Between two chunks, or at a barrier before the wait: a moment to give the core away.
  void holdsNoChunk() {
    int64_t before = nanoseconds(), ran = threadTime(), now = nanoseconds();
    bool yields = slice.shouldYield(before, ran);
    if (now - before >= kEarnestLoss) {
      slice.yielded(before, now); // Asked for its time the scheduler saw that the turn was over.
    } else if (yields) {
      sched_yield();
      before = now;
      now = nanoseconds();
      slice.yielded(before, now);
    }
    bool moved = slice.sharesCore() && placement.keepApart(index, now);
    if (moved)
      now = nanoseconds();
    slice.resume(now, ran, /*newTurn=*/moved);
  }

  /// After the wait at a barrier (`slept`: without a core).
  void goesOn(const IgnisFrame &frame, bool slept) {
    placement.arrive(index);
    slice.resume(nanoseconds(), threadTime(), /*newTurn=*/slept);
    frame.sharesCore = slice.sharesCore();
  }

private:
  TimeSlice slice;
  Placement &placement;
  int index;
};

/// That of the calling thread while it runs a long call, else null.
inline thread_local LongCall *currentLongCall = nullptr;

} // namespace ignis::runtime

#endif
