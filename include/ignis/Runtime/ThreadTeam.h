//===- ThreadTeam.h - the threads that run compiled code --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One program, many threads: each runs the whole entry function and claims chunks (ModuleABI.h).
// The caller is thread 0. A call ends when its chunks are done, not when every thread has returned:
// a worker that was preempted finds nothing left to claim, whenever it goes on. A worker that is
// preempted again and again is parked for a while (lib/Runtime/Preemption.h).

#ifndef IGNIS_RUNTIME_THREADTEAM_H
#define IGNIS_RUNTIME_THREADTEAM_H

#include "ignis/Execution/ModuleABI.h"

#include "llvm/ADT/ArrayRef.h"

#include <functional>
#include <memory>
#include <string>

namespace ignis::runtime {

/// Physical cores that affinity and cgroup quota allow, at least 1.
int defaultThreadCount();

/// CPUs' worth of time that the cgroup allows, or a large number. `root` stands for "/" in tests.
double cgroupQuota(const std::string &root = "");

class ThreadTeam {
public:
  static constexpr int kMostThreads = 256;
  static constexpr size_t kMostArguments = 16;

  /// Starts `threads` - 1 workers, fewer if the system refuses. `slots` counters and `scratchBytes`
  /// for each thread. Null if there is no memory for them.
  static std::unique_ptr<ThreadTeam> create(int threads, int64_t slots, int64_t scratchBytes);
  virtual ~ThreadTeam() = default;

  virtual int threads() const = 0;
  /// How much work a call is: less than waking the others (it runs on this thread only), a few
  /// milliseconds in ops of microseconds, or so much that a worker helps even if it has to share
  /// its core with another process.
  enum class Call { Alone, Short, Long };

  /// Runs one call. At most kMostArguments arguments. Calls must not overlap.
  virtual void run(IgnisEntry entry, const void *const *weights, uint8_t *arena,
                   llvm::ArrayRef<uint64_t> arguments, Call call = Call::Short) = 0;

  struct Statistics {
    uint64_t calls = 0;       ///< of run()
    uint64_t preemptions = 0; ///< calls in which a worker lost its core, as far as workers noticed
    uint64_t parkings = 0;    ///< times that a worker was sent to rest
  };
  virtual Statistics statistics() const = 0;
};

/// The barrier that compiled code calls; see IgnisBarrier.
void barrier(const IgnisFrame *frame, int64_t slot, int64_t chunks);

/// Calls task(i) for i in [0, count) from up to `threads` threads, any order.
void parallelFor(int threads, int64_t count, const std::function<void(int64_t)> &task);

} // namespace ignis::runtime

#endif
