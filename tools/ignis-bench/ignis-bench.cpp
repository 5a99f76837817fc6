//===- ignis-bench.cpp - how fast a model runs ------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Prefill and decode speeds, start-up times, memory, and the read bandwidth of the machine in the
// same run.

#include "Measure.h"

#include "../Common/OptionTable.h"
#include "ignis/Runtime/ThreadTeam.h"

#include <cstdio>

using namespace ignis;
using namespace ignis::tools;

/// "1,2,3" to numbers from `least` on.
static bool parseList(const std::string &text, int64_t least, std::vector<int64_t> &out) {
  out.clear();
  for (llvm::StringRef rest = text; !rest.empty();) {
    auto [item, tail] = rest.split(',');
    int64_t number;
    if (item.getAsInteger(10, number) || number < least || number > (1 << 24))
      return false;
    out.push_back(number);
    rest = tail;
  }
  return !out.empty();
}

int main(int argc, char **argv) {
  BenchOptions options;
  CompileOptions &compile = options.model.compile;
  compile.context = compile.chunk = 0;
  std::string prompts = "128,512", threads = std::to_string(runtime::defaultThreadCount()),
              depths = "0", batches = "1";
  bool help = false, noCache = false, noProbe = false;
  OptionTable table;
  table.text("-p --prompt", prompts, "LIST", "prompt lengths (128,512; 0: none)");
  table.integer("-n --tokens", options.generated, "N", "tokens to generate (64; 0: none)", 0,
                1 << 20);
  table.text("-t --threads", threads, "LIST", "thread counts (physical cores allowed)");
  table.text("-d --depth", depths, "LIST", "tokens already cached (0)");
  table.text("-b --batch", batches, "LIST", "sequences decoded together (1)");
  table.integer("-r --repeats", options.repeats, "N", "measurements of each (5)", 1, 1000);
  table.integer("--ctx", compile.context, "N", "positions of the context (what is needed)", 1,
                1 << 24);
  table.integer("--chunk", compile.chunk, "N", "prompt tokens of one call (512)", 1, 1 << 20);
  table.choice("--kv", compile.kvType, {"f16", "f32"}, "type of the key/value cache (f16)");
  table.text("--cpu", compile.cpu, "NAME", "as ignis-run's");
  table.text("--kernels", options.model.kernelsName, "NAME", "as ignis-run's");
  table.choice("--lowering", compile.lowering, {"kernels", "reference"}, "as ignis-run's");
  table.text("--pass-pipeline", compile.pipeline, "TEXT", "as ignis-run's");
  table.text("--module", compile.modulePath, "FILE", "as ignis-run's");
  table.text("--cache-dir", options.model.cacheDirectory, "DIR", "as ignis-run's");
  table.flag("--no-cache", noCache, "compile anew");
  table.flag("--no-probe", noProbe, "leave out read bandwidth and dot-product peak");
  table.flag("--json", options.json, "results as JSON");
  table.flag("-h --help", help, "this text");
  std::vector<std::string> rest;
  std::string error;
  auto usage = [](const std::string &text) {
    std::fprintf(stderr, "ignis-bench: %s\n", text.c_str());
    return 2;
  };
  if (!table.parse(argc, argv, rest, error))
    return usage(error);
  if (help) {
    std::printf("usage: ignis-bench MODEL.gguf [options]\n%s", table.help().c_str());
    return 0;
  }
  if (rest.size() != 1)
    return usage(rest.empty() ? "no model given (see --help)"
                              : "one model wanted, got also '" + rest[1] + "'");
  if (!parseList(prompts, 0, options.prompts))
    return usage("-p: expected lengths separated by commas, got '" + prompts + "'");
  if (!parseList(threads, 1, options.threads))
    return usage("-t: expected thread counts separated by commas, got '" + threads + "'");
  if (!parseList(depths, 0, options.depths))
    return usage("-d: expected depths separated by commas, got '" + depths + "'");
  if (!parseList(batches, 1, options.batches))
    return usage("-b: expected numbers of sequences separated by commas, got '" + batches + "'");
  compile.modelPath = rest[0];
  options.probe = !noProbe;
  if (noCache)
    options.model.cacheDirectory = "off";
  auto fail = [](llvm::Error error) {
    std::fprintf(stderr, "ignis-bench: %s\n", llvm::toString(std::move(error)).c_str());
    return 1;
  };
  auto file = gguf::File::open(rest[0]);
  if (!file)
    return fail(file.takeError());
  auto report = measure(options, *file);
  if (!report)
    return fail(report.takeError());
  options.json ? printJSON(*report) : printText(*report);
  return 0;
}
