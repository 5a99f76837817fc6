//===- Profile.cpp - --profile ----------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One line per entry point and kind of op, longest first.

#include "Modes.h"

#include "ignis/Runtime/OutputFile.h"

#include <cstdio>

using namespace ignis;
using namespace ignis::tools;

llvm::Error ignis::tools::reportProfile(const RunOptions &options,
                                        const runtime::Profile &profile) {
  std::vector<runtime::Profile::Line> lines = profile.table();
  double total = 0;
  for (const runtime::Profile::Line &line : lines)
    total += line.seconds;
  std::fprintf(stderr, "%-9s %-32s %8s %10s %7s %10s %8s %9s\n", "entry", "op", "calls", "ms",
               "share", "MB", "GB/s", "GFLOP/s");
  for (const runtime::Profile::Line &line : lines)
    std::fprintf(stderr, "%-9s %-32s %8lld %10.3f %6.1f%% %10.2f %8.1f %9.1f\n", line.entry.c_str(),
                 line.op.c_str(), static_cast<long long>(line.calls), line.seconds * 1e3,
                 total > 0 ? line.seconds / total * 100 : 0, line.bytes * 1e-6,
                 line.seconds > 0 ? line.bytes / line.seconds * 1e-9 : 0,
                 line.seconds > 0 ? line.flops / line.seconds * 1e-9 : 0);
  llvm::Expected<runtime::OutputFile> out = runtime::OutputFile::create(options.trace);
  if (!out)
    return out.takeError();
  out->stream() << profile.trace();
  if (llvm::Error failed = out->keep())
    return failed;
  std::fprintf(stderr, "trace: %s (Perfetto shows it)\n", options.trace.c_str());
  return llvm::Error::success();
}
