//===- Placement.h - keeping the threads of a team on different cores -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// With two threads and a third process on two cores, a scheduler that counts runnable tasks finds
// nothing wrong with both threads on one core and the other process alone on the other; the team
// then has one core instead of one and a half. So a thread that shares its core looks whether it
// shares it with its own team, and if so moves away. Affinity is as before once it has moved.

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

  /// Thread `index`, the caller, is running at `now` (nanoseconds of a monotonic clock): moves it
  /// if another thread of the team was last seen on its CPU and its affinity allows one on which
  /// none was. Returns whether it moved.
  bool keepApart(int index, int64_t now);

  /// Thread `index` does not run for now.
  void leave(int index) { seat(index).cpu.store(-1, std::memory_order_relaxed); }

private:
  struct alignas(64) Seat {
    std::atomic<int> cpu{-1};
    int64_t lastMove = 0;
  };
  Seat &seat(int index) { return seats[static_cast<std::size_t>(index)]; }

  std::vector<Seat> seats;
};

} // namespace ignis::runtime

#endif
