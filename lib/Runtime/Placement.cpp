//===- Placement.cpp - keeping the threads of a team on different cores -----------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "Placement.h"

#ifdef __linux__
#include <sched.h>
#endif

using namespace ignis::runtime;

bool Placement::keepApart(int index, int64_t now) {
#ifdef __linux__
  int here = sched_getcpu();
  if (here < 0)
    return false;
  Seat &mine = seat(index);
  mine.cpu.store(here, std::memory_order_relaxed);
  bool together = false;
  for (Seat &other : seats)
    together |= &other != &mine && other.cpu.load(std::memory_order_relaxed) == here;
  if (!together || now - mine.lastMove < kBetweenMoves)
    return false;
  mine.lastMove = now;
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
    return false; // More CPUs than the set holds: enough for the scheduler to choose from.
  cpu_set_t free = allowed;
  for (Seat &other : seats)
    if (int cpu = other.cpu.load(std::memory_order_relaxed); cpu >= 0 && cpu < CPU_SETSIZE)
      CPU_CLR(cpu, &free);
  if (CPU_COUNT(&free) == 0 || sched_setaffinity(0, sizeof(free), &free) != 0)
    return false;
  sched_setaffinity(0, sizeof(allowed), &allowed);
  mine.cpu.store(sched_getcpu(), std::memory_order_relaxed);
  return true;
#else
  (void)index;
  (void)now;
  return false;
#endif
}
