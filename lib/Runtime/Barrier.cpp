//===- Barrier.cpp - waiting for chunks -------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The runtime's half of ModuleABI.h: generated code claims and finishes chunks itself and comes
// here to wait for the last one, to wake who waits, and between chunks on a shared core. Spinning
// is short, because a thread that spins may hold the very core that the holder of the last chunk
// needs; asleep, it lets the scheduler move that one over.

#include "LongCall.h"
#include "Sleep.h"
#include "SpinLimit.h"
#include "ignis/Runtime/ThreadTeam.h"

#include <atomic>

using namespace ignis;
using namespace ignis::runtime;

/// A sleeper looks again after this long, whatever happened to its wake-up.
static constexpr int64_t kLongestSleep = 5000000;

/// Returns whether the thread slept meanwhile.
static bool waitForChunks(const IgnisFrame *frame, int64_t index, int64_t chunks);

void ignis::runtime::barrier(const IgnisFrame *frame, int64_t index, int64_t chunks) {
  if (frame->threads == 1 || chunks == 0)
    return;
  LongCall *call = chunks == kWakeSleepers ? nullptr : currentLongCall;
  if (call)
    call->holdsNoChunk();
  if (chunks == kBetweenChunks)
    return;
  bool slept = waitForChunks(frame, index, chunks);
  if (call)
    call->goesOn(*frame, slept);
}

static bool waitForChunks(const IgnisFrame *frame, int64_t index, int64_t chunks) {
  IgnisSlot &slot = frame->slots[index];
  auto &done = reinterpret_cast<std::atomic<uint64_t> &>(slot.done);
  auto &sleepers = reinterpret_cast<std::atomic<uint32_t> &>(slot.sleepers);
  // The half of `done` that counts (and the low bits of the epoch above it): the futex's word.
  auto &low =
      reinterpret_cast<std::atomic<uint32_t> *>(&slot.done)[__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__];
  if (chunks == kWakeSleepers) {
    wakeAll(low);
    return false;
  }
  auto finished = [&](uint64_t word) {
    uint64_t epoch = word >> kEpochShift;
    return epoch > frame->epoch ||
           (epoch == frame->epoch && static_cast<int64_t>(word & kMaxChunks) >= chunks);
  };
  for (int i = 0, limit = spinLimit(); i < limit; ++i) {
    if (finished(done.load(std::memory_order_acquire)))
      return false;
    spinPause();
  }
  if (currentLongCall)
    currentLongCall->pauses();
  while (true) {
    // Counted first, looked at second; the finisher does it the other way round, so one of the two
    // sees the other.
    sleepers.fetch_add(1);
    uint64_t word = done.load();
    if (!finished(word))
      sleepOn(low, static_cast<uint32_t>(word), kLongestSleep);
    sleepers.fetch_sub(1);
    if (finished(done.load()))
      return true;
  }
}
