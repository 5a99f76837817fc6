//===- Report.cpp - the figures as text and JSON ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The JSON is read by other programs: keys are added, never changed.

#include "Measure.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdio>

using namespace ignis;
using namespace ignis::tools;

void ignis::tools::printText(const BenchReport &report) {
  for (auto &[threads, bytes] : report.bandwidth)
    std::printf("read bandwidth   %2lld threads  %8.1f GB/s\n", static_cast<long long>(threads),
                bytes / 1e9);
  for (const BenchResult &result : report.results) {
    bool seconds =
        result.kind == "load" || result.kind == "compile" || result.kind == "first_token";
    std::printf("%-11s %4lld %2lld threads", result.kind.c_str(),
                static_cast<long long>(result.tokens), static_cast<long long>(result.threads));
    if (seconds) {
      std::printf("  %8.1f ms\n", result.median * 1e3);
      continue;
    }
    std::printf("  depth %5lld  %8.1f tokens/s (%.1f to %.1f)",
                static_cast<long long>(result.depth), result.median, result.least, result.most);
    if (result.bytesPerSecond > 0)
      std::printf("  %.1f GB/s", result.bytesPerSecond / 1e9);
    if (result.share > 0)
      std::printf(" = %.0f %%", result.share * 100);
    std::printf("\n");
  }
  if (report.peakResident)
    std::printf("resident at most %.1f MiB, anonymous %.1f MiB\n",
                static_cast<double>(report.peakResident) / 1048576,
                static_cast<double>(report.anonymous) / 1048576);
}

void ignis::tools::printJSON(const BenchReport &report, const BenchOptions &options) {
  llvm::json::Array results, bandwidth;
  for (auto &[threads, bytes] : report.bandwidth)
    bandwidth.push_back(llvm::json::Object{{"threads", threads}, {"bytes_per_second", bytes}});
  for (const BenchResult &result : report.results) {
    bool seconds =
        result.kind == "load" || result.kind == "compile" || result.kind == "first_token";
    llvm::json::Object object{{"kind", result.kind},
                              {"tokens", result.tokens},
                              {"threads", result.threads},
                              {"depth", result.depth},
                              {"batch", 1}};
    object["tokens_per_second"] =
        seconds ? llvm::json::Value(nullptr) : llvm::json::Value(result.median);
    object["seconds"] = seconds ? llvm::json::Value(result.median) : llvm::json::Value(nullptr);
    object["min"] = result.least;
    object["max"] = result.most;
    object["share_of_bandwidth"] =
        result.share > 0 ? llvm::json::Value(result.share) : llvm::json::Value(nullptr);
    if (result.bytesPerSecond > 0)
      object["bytes_per_second"] = result.bytesPerSecond;
    results.push_back(std::move(object));
  }
  kernels::CPUFeatures features = kernels::detectCPUFeatures();
  kernels::Selection selection = kernels::selectKernels(features, options.model.kernelsName);
  llvm::json::Object machine{{"features", kernels::toString(features)},
                             {"kernels", selection.variant ? selection.variant->name : ""},
                             {"cpu", options.model.compile.cpu},
                             {"read_bandwidth", std::move(bandwidth)},
                             {"peak_resident_bytes", report.peakResident},
                             {"anonymous_bytes", report.anonymous}};
  llvm::outs() << llvm::json::Value(llvm::json::Object{{"machine", std::move(machine)},
                                                       {"results", std::move(results)}})
               << '\n';
  llvm::outs().flush();
}
