//===- Profile.h - where the time of compiled code goes ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Modules compiled for it (CompileOptions::profile) call `ignis_profile` at the border of every op
// and barrier; other modules hold no trace of it. Each thread logs to memory of its own. Afterwards
// the log becomes a table and a trace in the format of Chrome and Perfetto.

#ifndef IGNIS_RUNTIME_PROFILE_H
#define IGNIS_RUNTIME_PROFILE_H

#include "ignis/Execution/ModuleABI.h"
#include "ignis/Runtime/Manifest.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ignis::runtime {

/// The callback of compiled code: stretch `event` of entry `entry` (index in the manifest) has
/// begun on this thread. The number after the last stretch ends the call.
void profileEvent(const IgnisFrame *frame, int64_t entry, int64_t event);

class Profile {
public:
  /// Begins to log for up to `threads` threads; one profile at a time. `manifest` must outlive it.
  Profile(const Manifest &manifest, int threads);
  ~Profile();

  /// One line of the table: all stretches of the same kind of op.
  struct Line {
    std::string entry, op; ///< op: its name and shape, or "wait" for time spent at barriers
    int64_t calls = 0;     ///< of the op, over all calls of the entry
    double seconds = 0;    ///< averaged over the threads
    double bytes = 0;      ///< weights, cache and activations read and written, each once
    double flops = 0;      ///< a multiply-add counts as two
  };
  /// Sorted by time, longest first.
  std::vector<Line> table() const;
  /// JSON: `traceEvents` with one complete event per thread and stretch, times in microseconds.
  std::string trace() const;

private:
  struct Log;
  struct Stretch;
  std::vector<Stretch> stretches() const;
  const Manifest &manifest;
  std::unique_ptr<Log> log;
  friend void profileEvent(const IgnisFrame *, int64_t, int64_t);
};

} // namespace ignis::runtime

#endif
