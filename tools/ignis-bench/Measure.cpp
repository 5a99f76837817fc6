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
  size_t half = values.size() / 2;
  result.median = values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
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

/// Multiply-adds of the linear layers for one token of a prompt of `tokens`: the head runs once,
/// and of the last layer all but its keys and values (ignis-narrow-rows).
double linearMacs(const gguf::File &file, const gguf::ModelConfig &config, int64_t tokens) {
  std::string last = "blk." + std::to_string(config.layers - 1) + ".";
  double macs = 0;
  double once = static_cast<double>(config.vocabulary) * static_cast<double>(config.embedding);
  for (const gguf::TensorInfo &tensor : file.tensors()) {
    if (tensor.rank != 2 || tensor.name == "token_embd.weight" || tensor.name == "output.weight")
      continue;
    llvm::StringRef part = tensor.name;
    bool narrow =
        part.consume_front(last) && !part.starts_with("attn_k.") && !part.starts_with("attn_v.");
    (narrow ? once : macs) += static_cast<double>(tensor.ne[0]) * static_cast<double>(tensor.ne[1]);
  }
  return macs + once / static_cast<double>(tokens);
}

class Bench {
public:
  Bench(const BenchOptions &options, const gguf::File &file, const gguf::ModelConfig &config)
      : options(options), file(file), config(config) {
    mostSequences = *std::max_element(options.batches.begin(), options.batches.end());
    if (mostSequences == 1)
      mostSequences = 0; // No entry `batch` then.
  }

  llvm::Error run(BenchReport &report) {
    int64_t most = 0;
    for (int64_t depth : options.depths)
      most = std::max({most, depth + options.generated,
                       depth + *std::max_element(options.prompts.begin(), options.prompts.end())});
    for (int64_t threads : options.threads) {
      ModelOptions model = options.model;
      model.threads = static_cast<int>(threads);
      model.compile.entries = {"embed", "decode", "prefill"};
      if (mostSequences) {
        model.compile.sequences = mostSequences;
        model.compile.entries.push_back("batch");
      }
      if (model.compile.context <= 0)
        model.compile.context = std::max<int64_t>(most + 16, 512);
      auto variant = completeOptions(model, file);
      if (!variant)
        return variant.takeError();
      report.kernels = (*variant)->name;
      report.limits.push_back(limitsFor(**variant, threads));
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
      begin = now();
      (*session)->prepare();
      add(report, "pack", 0, threads, 0, {now() - begin});
      for (int64_t depth : options.depths) {
        if (llvm::Error error = speeds(**session, threads, depth, report))
          return error;
        for (int64_t batch : options.batches)
          if (llvm::Error error = batch > 1 ? together(**session, threads, depth, batch, report)
                                            : llvm::Error::success())
            return error;
      }
    }
    return llvm::Error::success();
  }

private:
  /// Steps of decoding that are timed. At depth 0 the first token only begins the sequence.
  int64_t steps(int64_t depth) const {
    return depth == 0 ? std::max<int64_t>(1, options.generated - 1) : options.generated;
  }

  Limits limitsFor(const kernels::Variant &variant, int64_t threads) const {
    Limits limits;
    limits.threads = threads;
    if (!options.probe)
      return limits;
    if (options.generated > 0) {
      probe::ReadOptions read;
      read.threads = static_cast<int>(threads);
      limits.bytesPerSecond = probe::measureReadBandwidth(read).bytesPerSecond;
    }
    if (options.prompts != std::vector<int64_t>{0}) {
      // The features that the kernels need, and no more, decide which instruction is their peak.
      probe::DotOptions dot;
      dot.threads = static_cast<int>(threads);
      probe::DotPeak peak = probe::measureDotPeak(variant.needs, dot);
      limits.macsPerSecond = peak.macsPerSecond;
      limits.instruction = peak.instruction;
    }
    return limits;
  }

  static BenchResult &add(BenchReport &report, const char *kind, int64_t tokens, int64_t threads,
                          int64_t depth, const std::vector<double> &values) {
    BenchResult result;
    result.kind = kind;
    result.tokens = tokens;
    result.threads = threads;
    result.depth = depth;
    summarise(values, result);
    report.results.push_back(result);
    return report.results.back();
  }

  void addPrefill(BenchReport &report, int64_t tokens, int64_t threads, int64_t depth,
                  const std::vector<double> &values) {
    BenchResult &result = add(report, "prefill", tokens, threads, depth, values);
    result.macsPerSecond = result.median * linearMacs(file, config, tokens);
    if (report.limits.back().macsPerSecond > 0)
      result.shareOfDotPeak = result.macsPerSecond / report.limits.back().macsPerSecond;
  }

  /// `values` are tokens a second of all sequences; a step reads the weights once and every cache.
  void addDecode(BenchReport &report, int64_t threads, int64_t depth, int64_t batch,
                 const std::vector<double> &values) {
    BenchResult &result = add(report, "decode", options.generated, threads, depth, values);
    result.batch = batch;
    int64_t cache = (depth + options.generated / 2) * config.layers * config.kvWidth() * 2 *
                    (options.model.compile.kvType == "f32" ? 4 : 2);
    result.bytesPerSecond = result.median / static_cast<double>(batch) *
                            static_cast<double>(weightBytes(file, config) + cache * batch);
    if (report.limits.back().bytesPerSecond > 0)
      result.share = result.bytesPerSecond / report.limits.back().bytesPerSecond;
  }

  llvm::Error speeds(runtime::Session &session, int64_t threads, int64_t depth,
                     BenchReport &report) {
    if (llvm::Error error = session.select(0))
      return error;
    session.rewind(0);
    if (depth)
      if (llvm::Error error = session.feed(someIds(depth, config.vocabulary, 2)))
        return error;
    bool decoding = options.generated > 0 && llvm::is_contained(options.batches, 1);
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
      if (!decoding)
        continue;
      session.rewind(depth);
      if (depth == 0)
        if (llvm::Error error = session.feed(1))
          return error;
      double begin = now();
      for (int64_t i = 0; i < steps(depth); ++i)
        if (llvm::Error error = session.feed(generate::argmax(session.lastLogits())))
          return error;
      if (repeat)
        decode.push_back(static_cast<double>(steps(depth)) / (now() - begin));
    }
    for (auto [i, tokens] : llvm::enumerate(options.prompts))
      if (tokens > 0)
        addPrefill(report, tokens, threads, depth, prefill[i]);
    if (decoding)
      addDecode(report, threads, depth, 1, decode);
    return llvm::Error::success();
  }

  /// Decoding of `batch` sequences, each `depth` tokens long at first (one, if that is 0).
  llvm::Error together(runtime::Session &session, int64_t threads, int64_t depth, int64_t batch,
                       BenchReport &report) {
    if (options.generated <= 0)
      return llvm::Error::success();
    std::vector<int64_t> which(static_cast<size_t>(batch));
    std::vector<int32_t> ids(static_cast<size_t>(batch));
    int64_t begun = std::max<int64_t>(depth, 1);
    for (int64_t i = 0; i < batch; ++i) {
      which[static_cast<size_t>(i)] = i;
      if (llvm::Error error = session.select(i))
        return error;
      session.rewind(0);
      if (llvm::Error error =
              session.feed(someIds(begun, config.vocabulary, static_cast<uint64_t>(10 + i))))
        return error;
    }
    std::vector<double> values;
    for (int64_t repeat = 0; repeat <= options.repeats; ++repeat) {
      for (int64_t i = 0; i < batch; ++i) {
        if (llvm::Error error = session.select(i))
          return error;
        session.rewind(begun);
      }
      ids = someIds(batch, config.vocabulary, 4);
      double begin = now();
      for (int64_t step = 0; step < steps(depth); ++step) {
        if (llvm::Error error = session.step(which, ids))
          return error;
        for (int64_t i = 0; i < batch; ++i)
          ids[static_cast<size_t>(i)] = generate::argmax(session.stepLogits(i));
      }
      if (repeat)
        values.push_back(static_cast<double>(steps(depth) * batch) / (now() - begin));
    }
    addDecode(report, threads, depth, batch, values);
    return llvm::Error::success();
  }

  const BenchOptions &options;
  const gguf::File &file;
  const gguf::ModelConfig &config;
  int64_t mostSequences = 0;
};
} // namespace

llvm::Expected<BenchReport> ignis::tools::measure(const BenchOptions &options,
                                                  const gguf::File &file) {
  llvm::Expected<gguf::ModelConfig> config = gguf::readModelConfig(file);
  if (!config)
    return config.takeError();
  BenchReport report;
  report.cpu = options.model.compile.cpu;
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
