//===- ignis-bench.cpp - how fast a model runs ------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Prefill and decode speeds, start-up times, memory, and the read bandwidth of the machine in the
// same run.

#include "Measure.h"

#include "../Common/OptionTable.h"
#include "../Common/Process.h"
#include "ignis/Runtime/ThreadTeam.h"

#include <cstdio>

using namespace ignis;
using namespace ignis::tools;

/// "1,2,3" to numbers from `least` to `most`.
static bool parseList(const std::string &text, int64_t least, int64_t most,
                      std::vector<int64_t> &out) {
  out.clear();
  llvm::SmallVector<llvm::StringRef> items;
  llvm::StringRef(text).split(items, ',');
  for (llvm::StringRef item : items) {
    int64_t number;
    if (item.getAsInteger(10, number) || number < least || number > most)
      return false;
    out.push_back(number);
  }
  return true;
}

int main(int argc, char **argv) {
  prepareProcess("ignis-bench");
  BenchOptions options;
  CompileOptions &compile = options.model.compile;
  compile.context = compile.chunk = 0;
  std::string prompts = "128,512", threads = std::to_string(runtime::defaultThreadCount()),
              depths = "0", batches = "1";
  bool help = false, version = false, noCache = false, noProbe = false;
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
  table.flag("--version", version, "version");
  std::vector<std::string> rest;
  std::string error;
  auto usage = [](const std::string &text) {
    std::fprintf(stderr, "ignis-bench: %s\n", text.c_str());
    return 2;
  };
  if (!table.parse(argc, argv, rest, error))
    return usage(error);
  auto fail = [](llvm::Error error) {
    std::fprintf(stderr, "ignis-bench: %s\n", llvm::toString(std::move(error)).c_str());
    return 1;
  };
  auto say = [&](const std::string &text) { return print(text) ? 0 : fail(stdoutError()); };
  if (help)
    return say("usage: ignis-bench MODEL.gguf [options]\n" + table.help());
  if (version)
    return say("ignis " IGNIS_VERSION "\n");
  if (rest.size() != 1)
    return usage(rest.empty() ? "no model given (see --help)"
                              : "one model wanted, got also '" + rest[1] + "'");
  if (!parseList(prompts, 0, 1 << 24, options.prompts))
    return usage("-p: expected lengths separated by commas, got '" + prompts + "'");
  if (!parseList(threads, 1, 256, options.threads))
    return usage("-t: expected thread counts from 1 to 256 separated by commas, got '" + threads +
                 "'");
  if (!parseList(depths, 0, 1 << 24, options.depths))
    return usage("-d: expected depths separated by commas, got '" + depths + "'");
  if (!parseList(batches, 1, 4096, options.batches))
    return usage("-b: expected numbers of sequences from 1 to 4096 separated by commas, got '" +
                 batches + "'");
  compile.modelPath = rest[0];
  options.probe = !noProbe;
  if (noCache)
    options.model.cacheDirectory = "off";
  auto file = gguf::File::open(rest[0]);
  if (!file)
    return fail(file.takeError());
  auto report = measure(options, *file);
  if (!report)
    return fail(report.takeError());
  return say(options.json ? asJSON(*report) : asText(*report));
}
