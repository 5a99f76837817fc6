//===- Measure.cpp - what ignis-bench measures ------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Repeats of prefill and decode alternate, so that a slow moment of a shared machine hits both.

#include "Measure.h"

#include "ignis/GGUF/ModelConfig.h"
#include "ignis/Generate/Sampler.h"
#include "ignis/Probe/Probe.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

using namespace ignis;
using namespace ignis::tools;

namespace {
/// Ids that depend on nothing but their number.
std::vector<int32_t> someIds(int64_t count, int64_t vocabulary, uint64_t seed) {
  generate::RandomGenerator random(seed);
  std::vector<int32_t> ids(static_cast<size_t>(count));
  for (int32_t &id : ids)
    id = static_cast<int32_t>(random.next() % static_cast<uint64_t>(vocabulary));
  return ids;
}

void summarise(std::vector<double> values, BenchResult &result) {
  std::sort(values.begin(), values.end());
  result.median = values[values.size() / 2];
  result.least = values.front();
  result.most = values.back();
}

/// Bytes of weights that one decoded token reads: every matrix once, the embedding only as a tied
/// head.
int64_t weightBytes(const gguf::File &file, const gguf::ModelConfig &config) {
  int64_t bytes = 0;
  for (const gguf::TensorInfo &tensor : file.tensors())
    if (config.tied || tensor.name != "token_embd.weight")
      bytes += static_cast<int64_t>(tensor.bytes);
  return bytes;
}

class Bench {
public:
  Bench(const BenchOptions &options, const gguf::File &file, const gguf::ModelConfig &config)
      : options(options), file(file), config(config) {}

  llvm::Error run(BenchReport &report) {
    int64_t most = 0;
    for (int64_t depth : options.depths)
      most = std::max({most, depth + options.generated,
                       depth + *std::max_element(options.prompts.begin(), options.prompts.end())});
    for (int64_t threads : options.threads) {
      if (options.probe) {
        probe::ReadOptions read;
        read.threads = static_cast<int>(threads);
        probe::ReadBandwidth bandwidth = probe::measureReadBandwidth(read);
        report.bandwidth.push_back({threads, bandwidth.bytesPerSecond});
      }
      ModelOptions model = options.model;
      model.threads = static_cast<int>(threads);
      model.compile.entries = {"embed", "decode", "prefill"};
      if (model.compile.context <= 0)
        model.compile.context = std::max<int64_t>(most + 16, 512);
      LoadTimes times;
      auto session = openSession(model, file, times);
      if (!session)
        return session.takeError();
      add(report, "compile", 0, threads, 0, {times.compile});
      add(report, "load", 0, threads, 0, {times.load});
      double begin = now();
      if (llvm::Error error = (*session)->feed(someIds(4, config.vocabulary, 1)))
        return error;
      add(report, "first_token", 4, threads, 0, {times.compile + times.load + now() - begin});
      for (int64_t depth : options.depths)
        if (llvm::Error error = speeds(**session, threads, depth, report))
          return error;
    }
    return llvm::Error::success();
  }

private:
  static void add(BenchReport &report, const char *kind, int64_t tokens, int64_t threads,
                  int64_t depth, const std::vector<double> &values) {
    BenchResult result;
    result.kind = kind;
    result.tokens = tokens;
    result.threads = threads;
    result.depth = depth;
    summarise(values, result);
    report.results.push_back(result);
  }

  llvm::Error speeds(runtime::Session &session, int64_t threads, int64_t depth,
                     BenchReport &report) {
    session.rewind(0);
    if (depth)
      if (llvm::Error error = session.feed(someIds(depth, config.vocabulary, 2)))
        return error;
    std::vector<std::vector<double>> prefill(options.prompts.size());
    std::vector<double> decode;
    for (int64_t repeat = 0; repeat <= options.repeats; ++repeat) { // The first warms up.
      for (auto [i, tokens] : llvm::enumerate(options.prompts)) {
        if (tokens <= 0)
          continue;
        session.rewind(depth);
        std::vector<int32_t> ids = someIds(tokens, config.vocabulary, 3);
        double begin = now();
        if (llvm::Error error = session.feed(ids))
          return error;
        if (repeat)
          prefill[i].push_back(static_cast<double>(tokens) / (now() - begin));
      }
      if (options.generated <= 0)
        continue;
      session.rewind(depth);
      if (depth == 0)
        if (llvm::Error error = session.feed(1))
          return error;
      double begin = now();
      for (int64_t i = 0; i < options.generated - (depth == 0); ++i)
        if (llvm::Error error = session.feed(generate::argmax(session.lastLogits())))
          return error;
      if (repeat)
        decode.push_back(static_cast<double>(options.generated - (depth == 0)) / (now() - begin));
    }
    for (auto [i, tokens] : llvm::enumerate(options.prompts))
      if (tokens > 0)
        add(report, "prefill", tokens, threads, depth, prefill[i]);
    if (options.generated > 0) {
      add(report, "decode", options.generated, threads, depth, decode);
      BenchResult &result = report.results.back();
      int64_t cache = (depth + options.generated / 2) * config.layers * config.kvWidth() * 2 *
                      (options.model.compile.kvType == "f32" ? 4 : 2);
      result.bytesPerSecond =
          result.median * static_cast<double>(weightBytes(file, config) + cache);
      for (auto &[count, bytes] : report.bandwidth)
        if (count == threads && bytes > 0)
          result.share = result.bytesPerSecond / bytes;
    }
    return llvm::Error::success();
  }

  const BenchOptions &options;
  const gguf::File &file;
  const gguf::ModelConfig &config;
};
} // namespace

llvm::Expected<BenchReport> ignis::tools::measure(const BenchOptions &options,
                                                  const gguf::File &file) {
  llvm::Expected<gguf::ModelConfig> config = gguf::readModelConfig(file);
  if (!config)
    return config.takeError();
  BenchReport report;
  if (llvm::Error error = Bench(options, file, *config).run(report))
    return error;
#ifdef __linux__
  if (FILE *status = std::fopen("/proc/self/status", "r")) {
    char line[256];
    long long kib;
    while (std::fgets(line, sizeof(line), status)) {
      if (std::sscanf(line, "VmHWM: %lld", &kib) == 1)
        report.peakResident = kib * 1024;
      if (std::sscanf(line, "RssAnon: %lld", &kib) == 1)
        report.anonymous = kib * 1024;
    }
    std::fclose(status);
  }
#endif
  return report;
}
