//===- Report.cpp - the figures as text and JSON ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The JSON is read by other programs: keys are added, never changed.

#include "Measure.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace ignis;
using namespace ignis::tools;

static bool isTime(const BenchResult &result) {
  return result.kind == "load" || result.kind == "compile" || result.kind == "first_token" ||
         result.kind == "pack";
}

static long long integer(int64_t value) { return static_cast<long long>(value); }

std::string ignis::tools::asText(const BenchReport &report) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << llvm::format("kernels %s, code for %s\n", report.kernels.c_str(), report.cpu.c_str());
  for (const Limits &limits : report.limits) {
    if (limits.bytesPerSecond > 0)
      out << llvm::format("read bandwidth    %2lld threads  %8.1f GB/s\n", integer(limits.threads),
                          limits.bytesPerSecond / 1e9);
    if (limits.macsPerSecond > 0)
      out << llvm::format("dot-product peak  %2lld threads  %8.1f GMAC/s (%s)\n",
                          integer(limits.threads), limits.macsPerSecond / 1e9, limits.instruction);
  }
  for (const BenchResult &result : report.results) {
    out << llvm::format("%-11s %4lld %2lld threads", result.kind.c_str(), integer(result.tokens),
                        integer(result.threads));
    if (isTime(result)) {
      out << llvm::format("  %8.1f ms\n", result.median * 1e3);
      continue;
    }
    out << llvm::format("  depth %5lld  batch %3lld  %8.1f tokens/s (%.1f to %.1f)",
                        integer(result.depth), integer(result.batch), result.median, result.least,
                        result.most);
    if (result.bytesPerSecond > 0)
      out << llvm::format("  %.1f GB/s", result.bytesPerSecond / 1e9);
    if (result.share > 0)
      out << llvm::format(" = %.0f %%", result.share * 100);
    if (result.macsPerSecond > 0)
      out << llvm::format("  %.1f GMAC/s", result.macsPerSecond / 1e9);
    if (result.shareOfDotPeak > 0)
      out << llvm::format(" = %.0f %%", result.shareOfDotPeak * 100);
    out << '\n';
  }
  if (report.peakResident)
    out << llvm::format("resident at most %.1f MiB, anonymous %.1f MiB\n",
                        static_cast<double>(report.peakResident) / 1048576,
                        static_cast<double>(report.anonymous) / 1048576);
  return text;
}

/// A number that was measured, or null.
static llvm::json::Value known(double value) {
  return value > 0 ? llvm::json::Value(value) : llvm::json::Value(nullptr);
}

std::string ignis::tools::asJSON(const BenchReport &report) {
  llvm::json::Array results, bandwidth, peak;
  for (const Limits &limits : report.limits) {
    if (limits.bytesPerSecond > 0)
      bandwidth.push_back(llvm::json::Object{{"threads", limits.threads},
                                             {"bytes_per_second", limits.bytesPerSecond}});
    if (limits.macsPerSecond > 0)
      peak.push_back(llvm::json::Object{{"threads", limits.threads},
                                        {"macs_per_second", limits.macsPerSecond},
                                        {"instruction", limits.instruction}});
  }
  for (const BenchResult &result : report.results)
    results.push_back(
        llvm::json::Object{{"kind", result.kind},
                           {"tokens", result.tokens},
                           {"threads", result.threads},
                           {"depth", result.depth},
                           {"batch", result.batch},
                           {"tokens_per_second", known(isTime(result) ? 0 : result.median)},
                           {"seconds", known(isTime(result) ? result.median : 0)},
                           {"min", result.least},
                           {"max", result.most},
                           {"bytes_per_second", known(result.bytesPerSecond)},
                           {"share_of_bandwidth", known(result.share)},
                           {"macs_per_second", known(result.macsPerSecond)},
                           {"share_of_dot_product_peak", known(result.shareOfDotPeak)}});
  llvm::json::Object machine{{"features", kernels::toString(kernels::detectCPUFeatures())},
                             {"kernels", report.kernels},
                             {"cpu", report.cpu},
                             {"read_bandwidth", std::move(bandwidth)},
                             {"dot_product_peak", std::move(peak)},
                             {"peak_resident_bytes", report.peakResident},
                             {"anonymous_bytes", report.anonymous}};
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(
                                        llvm::json::Object{{"machine", std::move(machine)},
                                                           {"results", std::move(results)}})
                                 << '\n';
  return text;
}
