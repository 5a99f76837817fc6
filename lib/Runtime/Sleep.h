//===- Sleep.h - waiting for a word to change -------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The futex of Linux; elsewhere short naps, which cost latency but no correctness.

#ifndef IGNIS_LIB_RUNTIME_SLEEP_H
#define IGNIS_LIB_RUNTIME_SLEEP_H

#include <atomic>
#include <cstdint>
#include <ctime>

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace ignis::runtime {

inline void spinPause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

inline int64_t nanoseconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000000000 + time.tv_nsec;
}

/// Returns when somebody wakes the word, soon if it is not `value`, after `limit` nanoseconds, or
/// for no reason.
inline void sleepOn(std::atomic<uint32_t> &word, uint32_t value, int64_t limit) {
#ifdef __linux__
  timespec time{static_cast<time_t>(limit / 1000000000), static_cast<long>(limit % 1000000000)};
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE, value, &time, nullptr,
          0);
#else
  if (word.load() == value) {
    timespec nap{0, limit < 50000 ? static_cast<long>(limit) : 50000L};
    nanosleep(&nap, nullptr);
  }
#endif
}

inline void wakeAll(std::atomic<uint32_t> &word) {
#ifdef __linux__
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr,
          nullptr, 0);
#else
  (void)word;
#endif
}

} // namespace ignis::runtime

#endif
