//===- Placement.h - keeping the threads of a team on different cores -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// With two threads and a third process on two cores, a scheduler that counts runnable tasks finds
// nothing wrong with both threads on one core and the other process alone on the other; the team
// then has one core instead of one and a half. So a thread that shares its core looks whether it
// shares it with its own team, and if so moves to a CPU that none of the team is on. Its affinity
// is narrowed for that moment and then as before, but for what the system does not tell: of a
// narrowed affinity, CPUs that are offline.

#ifndef IGNIS_LIB_RUNTIME_PLACEMENT_H
#define IGNIS_LIB_RUNTIME_PLACEMENT_H

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ignis::runtime {

class Placement {
public:
  static constexpr int64_t kBetweenMoves = 1000000; ///< nanoseconds from one move to the next

  explicit Placement(int threads) : seats(static_cast<std::size_t>(threads)) {}

  /// Thread `index`, the caller, runs. Returns its CPU, negative if the system does not say.
  int arrive(int index);

  /// Thread `index` sleeps, or is done.
  void leave(int index) { seat(index).cpu.store(-1, std::memory_order_relaxed); }

  /// Thread `index`, the caller, runs at `now` (nanoseconds of a monotonic clock) and shares its
  /// CPU with somebody: if that is a thread of the team, moves to a CPU of its affinity on which
  /// none is. Returns whether it moved.
  bool keepApart(int index, int64_t now);

private:
  struct alignas(64) Seat {
    std::atomic<int> cpu{-1};
  };
  Seat &seat(int index) { return seats[static_cast<std::size_t>(index)]; }

  std::vector<Seat> seats;
  alignas(64) std::atomic<int64_t> lastMove{INT64_MIN / 2};
};

} // namespace ignis::runtime

#endif
