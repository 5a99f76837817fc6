//===- Placement.cpp - keeping the threads of a team on different cores -----------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "Placement.h"

#ifdef __linux__
#include <cstring>
#include <sched.h>
#include <unistd.h>
#endif

using namespace ignis::runtime;

#ifdef __linux__
/// Moves the calling thread to `cpu`, one of `allowed`, which is its affinity before and after.
static bool moveTo(int cpu, const cpu_set_t &allowed) {
  cpu_set_t one, all;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  std::memset(&all, 0xff, sizeof(all));
  // An affinity of all CPUs stays that also when there come to be more.
  bool whole = CPU_COUNT(&allowed) == sysconf(_SC_NPROCESSORS_ONLN);
  if (sched_setaffinity(0, sizeof(one), &one) != 0)
    return false;
  if (whole || sched_setaffinity(0, sizeof(allowed), &allowed) != 0)
    sched_setaffinity(0, sizeof(all), &all);
  return true;
}
#endif

int Placement::arrive(int index) {
#ifdef __linux__
  int here = sched_getcpu();
  if (seat(index).cpu.load(std::memory_order_relaxed) != here)
    seat(index).cpu.store(here, std::memory_order_relaxed);
  return here;
#else
  (void)index;
  return -1;
#endif
}

bool Placement::keepApart(int index, int64_t now) {
  int here = arrive(index);
  int64_t last = lastMove.load(std::memory_order_relaxed);
  if (here < 0 || now - last < kBetweenMoves)
    return false;
  bool together = false;
  for (Seat &other : seats)
    together |= &other != &seat(index) && other.cpu.load(std::memory_order_relaxed) == here;
  // One thread at a time, or two that meet would both leave.
  if (!together || !lastMove.compare_exchange_strong(last, now, std::memory_order_relaxed))
    return false;
#ifdef __linux__
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
    return false; // More CPUs than the set holds: enough for the scheduler to choose from.
  cpu_set_t free = allowed;
  for (Seat &other : seats)
    if (int cpu = other.cpu.load(std::memory_order_relaxed); cpu >= 0 && cpu < CPU_SETSIZE)
      CPU_CLR(cpu, &free);
  if (CPU_COUNT(&free) == 0)
    return false;
  int choice = index % CPU_COUNT(&free), cpu = 0;
  while (!CPU_ISSET(cpu, &free) || choice-- > 0)
    ++cpu;
  bool moved = moveTo(cpu, allowed);
  arrive(index);
  return moved;
#else
  return false;
#endif
}
