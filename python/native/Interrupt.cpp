//===- Interrupt.cpp - Ctrl-C during long calls -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Native.h.

#include "Native.h"

#include "llvm/Support/thread.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

using namespace ignis::python;

static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

bool Interrupt::pending() {
  if (raised)
    return true;
  double time = now();
  if (time - last < 0.02)
    return false;
  last = time;
  py::gil_scoped_acquire acquire;
  if (PyErr_CheckSignals() != 0) {
    error = std::make_unique<py::error_already_set>();
    raised = true;
  }
  return raised;
}

void Interrupt::runAside(const std::function<void()> &work) {
  std::mutex mutex;
  std::condition_variable done;
  bool finished = false;
  // The compiler wants more stack than some systems give a std::thread.
  llvm::thread thread([&] {
    work();
    std::lock_guard<std::mutex> lock(mutex);
    finished = true;
    done.notify_one();
  });
  std::unique_lock<std::mutex> lock(mutex);
  while (!done.wait_for(lock, std::chrono::milliseconds(20), [&] { return finished; })) {
    lock.unlock();
    pending();
    lock.lock();
  }
  lock.unlock();
  thread.join();
}

void Interrupt::rethrow() {
  if (error) {
    py::error_already_set copy = std::move(*error);
    error.reset();
    throw copy;
  }
}
