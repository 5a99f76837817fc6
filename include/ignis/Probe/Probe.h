//===- Probe.h - the limits of this machine, measured -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two numbers that bound a model's speed: how fast memory can be read (generation of text, one
// token after the other, reads every weight once a token) and how many 8-bit products the cores can
// sum (long prompts). Both are measured by loops that do nothing else, so that a report can say
// which share of them the real code reaches, in the same run on the same machine.

#ifndef IGNIS_PROBE_PROBE_H
#define IGNIS_PROBE_PROBE_H

#include "ignis/Kernels/CPUFeatures.h"

#include <cstdint>
#include <string>

namespace ignis::probe {

struct ReadOptions {
  int threads = 1;
  int64_t bytes =
      int64_t(1) << 30; ///< read by all threads together; should be many times the last-level cache
  int repeats = 3;      ///< passes for each way of reading; the fastest pass counts
  bool pin = false;     ///< thread i on processor i of the process's affinity mask
};

struct ReadBandwidth {
  double bytesPerSecond = 0; ///< of the best way; 0 on failure
  int streams = 0;           ///< sequential streams a thread in the best way, 1 to 8
  int64_t ahead = 0;         ///< its prefetch distance in bytes; 0 = left to the hardware
  bool hugePages = false;    ///< whether the kernel granted huge pages (Linux)
  std::string error;         ///< why it failed, lower case, or empty
};

/// The best read bandwidth over 1 to 8 streams a thread, with and without software prefetch. Takes
/// about 16 * repeats * bytes / bandwidth: a second or two.
ReadBandwidth measureReadBandwidth(const ReadOptions &options = {});

struct DotOptions {
  int threads = 1;
  double seconds = 0.05; ///< length of one measurement
  int repeats = 5;       ///< the fastest counts
  bool pin = false;
};

struct DotPeak {
  double macsPerSecond =
      0; ///< 8-bit multiply-adds of all threads together; twice that is "int8 ops/s"
  const char *instruction = ""; ///< what was repeated: "vpdpbusd zmm", "vpmaddubsw ymm", ...
};

/// The dot-product peak of the best instruction that `features` allows: registers only, no memory,
/// no other arithmetic. Without a vector variant (other architectures, plain x86-64) a scalar loop.
DotPeak measureDotPeak(const kernels::CPUFeatures &features, const DotOptions &options = {});

} // namespace ignis::probe

#endif
