//===- Measure.h - what ignis-bench measures --------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One result per line of the report.

#ifndef IGNIS_TOOLS_IGNIS_BENCH_MEASURE_H
#define IGNIS_TOOLS_IGNIS_BENCH_MEASURE_H

#include "../Common/LoadedModel.h"

#include <string>
#include <vector>

namespace ignis::tools {

struct BenchOptions {
  ModelOptions model;
  std::vector<int64_t> prompts = {128, 512}, threads, depths = {0}, batches = {1};
  int64_t generated = 64, repeats = 5;
  bool json = false, probe = true;
};

struct BenchResult {
  std::string kind; ///< prefill, decode, load, compile, first_token or pack
  int64_t tokens = 0, threads = 1, depth = 0, batch = 1;
  double median = 0, least = 0,
         most = 0;           ///< tokens a second; of load, compile, first_token and pack seconds
  double bytesPerSecond = 0; ///< of decode: weights and cache read
  double share = 0;          ///< of the read bandwidth, 0 if it was not measured
  double macsPerSecond = 0;  ///< of prefill: multiply-adds of the linear layers
  double shareOfDotPeak = 0; ///< of the dot-product peak, 0 if it was not measured
};

/// The limits of the machine for a number of threads, 0 if not measured.
struct Limits {
  int64_t threads = 1;
  double bytesPerSecond = 0, macsPerSecond = 0;
  const char *instruction = ""; ///< that of the dot-product peak
};

struct BenchReport {
  std::vector<BenchResult> results;
  std::vector<Limits> limits;
  std::string kernels, cpu;                ///< variant used, CPU that code was generated for
  int64_t peakResident = 0, anonymous = 0; ///< bytes, at the end (Linux)
};

llvm::Expected<BenchReport> measure(const BenchOptions &options, const gguf::File &file);
std::string asText(const BenchReport &report);
std::string asJSON(const BenchReport &report);

} // namespace ignis::tools

#endif
