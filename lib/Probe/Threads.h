//===- Threads.h - run a loop on several threads at once and time it --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Probes need threads that start together and a clock around the slowest; nothing else of a thread
// pool.

#ifndef IGNIS_LIB_PROBE_THREADS_H
#define IGNIS_LIB_PROBE_THREADS_H

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

namespace ignis::probe {

/// Puts the calling thread on the index-th processor that the process may use (modulo their
/// number).
inline void pinThread(int index) {
#if defined(__linux__)
  cpu_set_t allowed, one;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
    return;
  int wanted = index % CPU_COUNT(&allowed);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || wanted-- > 0)
      continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
    return;
  }
#else
  (void)index;
#endif
}

/// Runs body(thread, round) for `rounds` rounds on `threads` threads, all starting each round
/// together. Returns the seconds of each round, from the first thread's begin to the last one's
/// end.
template <typename Body>
std::vector<double> timeRounds(int threads, int rounds, bool pin, const Body &body) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> seconds(rounds);
  std::atomic<int> arrived{0};
  std::vector<Clock::time_point> begins(size_t(threads) * rounds), ends(size_t(threads) * rounds);
  auto run = [&](int thread) {
    if (pin)
      pinThread(thread);
    for (int round = 0; round < rounds; ++round) {
      ++arrived;
      while (arrived.load() < threads * (round + 1))
        std::this_thread::yield();
      // By every thread: one that loses its core right here must not make the round look shorter.
      begins[size_t(thread) * rounds + round] = Clock::now();
      body(thread, round);
      ends[size_t(thread) * rounds + round] = Clock::now();
    }
  };
  std::vector<std::thread> workers;
  for (int thread = 0; thread < threads; ++thread)
    workers.emplace_back(run, thread);
  for (std::thread &worker : workers)
    worker.join();
  for (int round = 0; round < rounds; ++round) {
    Clock::time_point begin = begins[round], end = ends[round];
    for (int thread = 1; thread < threads; ++thread) {
      begin = std::min(begin, begins[size_t(thread) * rounds + round]);
      end = std::max(end, ends[size_t(thread) * rounds + round]);
    }
    seconds[round] = std::chrono::duration<double>(end - begin).count();
  }
  return seconds;
}

} // namespace ignis::probe

#endif
