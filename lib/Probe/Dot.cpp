//===- Dot.cpp - peak of 8-bit dot products ---------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "Loops.h"
#include "Threads.h"
#include "ignis/Probe/Probe.h"

using namespace ignis;
using namespace ignis::probe;

namespace {

struct Choice {
  DotLoop loop;
  int64_t macs; ///< multiply-adds of one iteration
  const char *instruction;
};

Choice choose(const kernels::CPUFeatures &f) {
#if IGNIS_KERNELS_HAVE_AMX
  if (f.amxInt8)
    return {dotAMX, 16 * 16 * 16 * 64, "tdpbusd"};
#endif
#if IGNIS_KERNELS_HAVE_AVX512VNNI
  if (f.avx512Vnni && f.avx512f)
    return {dotAVX512VNNI, 16 * 64, "vpdpbusd zmm"};
#endif
#if IGNIS_KERNELS_HAVE_AVXVNNI
  if (f.avxVnni)
    return {dotAVXVNNI, 16 * 32, "vpdpbusd ymm"};
#endif
#if IGNIS_KERNELS_HAVE_AVX2
  if (f.avx2)
    return {dotAVX2, 16 * 32, "vpmaddubsw ymm"};
#endif
  return {dotPlain, 16, "scalar"};
}

} // namespace

DotPeak probe::measureDotPeak(const kernels::CPUFeatures &features, const DotOptions &options) {
  DotPeak peak;
  Choice choice = choose(features);
  peak.instruction = choice.instruction;
  if (options.threads < 1 || options.repeats < 1)
    return peak;
  std::atomic<uint32_t> sink{0};
  // How many iterations fill the time, from one short run on one thread.
  int64_t count = 1000;
  for (double s = 0; s < options.seconds / 8 && count < int64_t(1) << 40; count *= 2)
    s = timeRounds(1, 1, options.pin, [&](int, int) { sink += choice.loop(count); })[0];
  count *= 4;
  std::vector<double> seconds = timeRounds(options.threads, options.repeats, options.pin,
                                           [&](int, int) { sink += choice.loop(count); });
  for (double s : seconds)
    peak.macsPerSecond =
        std::max(peak.macsPerSecond, double(choice.macs) * double(count) * options.threads / s);
  return peak;
}
