//===- Sleep.h - waiting for a word to change --------------------------------------------------------------===//
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

/// Returns when somebody wakes the word, soon if it is not `value`, or for no reason.
inline void sleepOn(std::atomic<uint32_t> &word, uint32_t value) {
#ifdef __linux__
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
#else
  if (word.load() == value) {
    timespec nap{0, 50000};
    nanosleep(&nap, nullptr);
  }
#endif
}

inline void wakeAll(std::atomic<uint32_t> &word) {
#ifdef __linux__
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr, nullptr, 0);
#else
  (void)word;
#endif
}

} // namespace ignis::runtime

#endif
