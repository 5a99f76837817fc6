//===- Preemption.cpp - what the system tells of a thread's time ------------------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "Preemption.h"

#include <ctime>

#ifdef __linux__
#include <sys/resource.h>
#endif

[[maybe_unused]] static int64_t nanosecondsOf(const timespec &time) {
  return time.tv_sec * int64_t(1000000000) + time.tv_nsec;
}

int64_t ignis::runtime::involuntarySwitches() {
#ifdef RUSAGE_THREAD
  rusage usage;
  if (getrusage(RUSAGE_THREAD, &usage) == 0)
    return usage.ru_nivcsw;
#endif
  return 0;
}

int64_t ignis::runtime::threadTime() {
#ifdef CLOCK_THREAD_CPUTIME_ID
  timespec time;
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0)
    return nanosecondsOf(time);
#endif
  return 0;
}

int64_t ignis::runtime::tickLength() {
#ifdef CLOCK_MONOTONIC_COARSE
  timespec time;
  if (clock_getres(CLOCK_MONOTONIC_COARSE, &time) == 0)
    return nanosecondsOf(time);
#endif
  return 4000000;
}
