//===- StartThread.h - how threads are made ---------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Compiled code and kernels run on them, and kernels keep converted weights on the stack: what a
// system gives a thread by default may be less (512 KiB on macOS, 128 KiB with musl), so the size
// is asked for.

#ifndef IGNIS_KERNELS_STARTTHREAD_H
#define IGNIS_KERNELS_STARTTHREAD_H

#include "ignis/Kernels/KernelABI.h"

#include <csignal>
#include <pthread.h>

namespace ignis {

/// Kernels take their part, generated code and barriers some KiB. A multiple of any page size;
/// pages that nobody touches cost nothing.
constexpr size_t kThreadStackBytes = 1 << 20;
static_assert(kThreadStackBytes >= 2 * kernels::kMostStackBytes);

/// Starts a thread; false if the system has none left. Signals from outside are the main thread's:
/// this one would only lose time, and Ctrl-C its addressee. Those that its own instructions raise
/// stay open, because a blocked one ends the process past its handler (a mapped page that the file
/// has no more, see tools/Common/Process.cpp).
inline bool startThread(pthread_t &thread, void *(*run)(void *), void *argument,
                        size_t stackBytes = kThreadStackBytes) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes))
    return false;
  pthread_attr_setstacksize(&attributes, stackBytes);
#ifdef __APPLE__
  pthread_attr_set_qos_class_np(&attributes, QOS_CLASS_USER_INITIATED, 0); // Not efficiency cores.
#endif
  sigset_t outside, before;
  sigfillset(&outside);
  for (int fault : {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS})
    sigdelset(&outside, fault);
  pthread_sigmask(SIG_SETMASK, &outside, &before);
  bool started = pthread_create(&thread, &attributes, run, argument) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return started;
}

} // namespace ignis

#endif
