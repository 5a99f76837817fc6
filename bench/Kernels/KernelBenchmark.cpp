//===- KernelBenchmark.cpp - every kernel of every variant against its bound ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Measures the two bounds of the machine first (ignis/Probe/Probe.h), then each kernel on one
// thread, and reports the share of the bound: `of_read` for what streams weights from memory
// (matvec, pack), `of_dot` for what is limited by 8-bit products (matmul). Names read
// kernel/variant/shape; choose with --benchmark_filter=.

#include "ignis/Kernels/Dispatch.h"
#include "ignis/Probe/Probe.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstring>
#include <random>
#include <sys/mman.h>

using namespace ignis;
using namespace ignis::kernels;

namespace {

double readBound = 0;

constexpr int64_t kHugePage = int64_t(2) << 20;

/// Memory in huge pages, as a weight store would have it; lives until the program ends.
uint8_t *allocate(int64_t bytes) {
  size_t length = size_t(bytes + 2 * kHugePage);
  void *memory = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::fprintf(stderr, "cannot map %zu bytes\n", length);
    std::exit(1);
  }
#if defined(MADV_HUGEPAGE)
  madvise(memory, length, MADV_HUGEPAGE);
#endif
  auto address = reinterpret_cast<uintptr_t>(memory);
  return static_cast<uint8_t *>(memory) + (kHugePage - address % kHugePage) % kHugePage;
}

/// One region shared by all benchmarks: file blocks or packed weights, whichever was asked for
/// last.
class Weights {
public:
  static constexpr int64_t kBytes = int64_t(1) << 30;

  /// Packed weights of copies of one n x k tensor, as many as fit into `bytes`.
  uint8_t *packed(const Variant &variant, int64_t n, int64_t k, int64_t bytes, int64_t &copies) {
    if (!region)
      region = allocate(kBytes);
    copies = std::max<int64_t>(1, bytes / packedBytes(n, k));
    std::string key =
        variant.name + std::to_string(n) + "x" + std::to_string(k) + "*" + std::to_string(copies);
    if (key == current)
      return region;
    current = key;
    std::mt19937_64 rng(1);
    std::vector<uint8_t> file(n * (k / 32) * 34);
    for (size_t at = 0; at < file.size(); at += 34) {
      uint16_t scale = uint16_t(0x1400 + rng() % 0x800);
      std::memcpy(&file[at], &scale, 2);
      for (int i = 0; i < 4; ++i) {
        uint64_t bits = rng();
        std::memcpy(&file[at + 2 + i * 8], &bits, 8);
      }
    }
    for (int64_t c = 0; c < copies; ++c)
      variant.pack(file.data(), n, k, region + c * packedBytes(n, k), true);
    return region;
  }

private:
  uint8_t *region = nullptr;
  std::string current;
} weights;

std::vector<float> randomFloats(int64_t count) {
  std::mt19937 rng(2);
  std::normal_distribution<float> normal;
  std::vector<float> x(count);
  for (float &f : x)
    f = normal(rng);
  return x;
}

double dotBound(const Variant &variant) {
  static std::vector<std::pair<const Variant *, double>> known;
  for (auto &[v, rate] : known)
    if (v == &variant)
      return rate;
  // The features a variant needs, and no more, decide which instruction is its peak.
  probe::DotPeak peak = probe::measureDotPeak(variant.needs);
  known.push_back({&variant, peak.macsPerSecond});
  return peak.macsPerSecond;
}

void matvec(benchmark::State &state, const Variant &variant, int64_t n, int64_t k) {
  int64_t copies;
  uint8_t *w = weights.packed(variant, n, k, int64_t(512) << 20, copies);
  std::vector<float> x = randomFloats(k), y(n);
  static uint8_t *a = allocate(int64_t(1) << 20);
  variant.table.round_q8_0(x.data(), a, 1, k, 0, k, k);
  int64_t copy = 0;
  for (auto _ : state) {
    variant.table.matvec_q8_0(w + copy * packedBytes(n, k), a, nullptr, nullptr, y.data(), k, 0, n);
    copy = (copy + 1) % copies;
  }
  double bytes = double(packedBytes(n, k)) * double(state.iterations());
  state.counters["GB/s"] = benchmark::Counter(bytes * 1e-9, benchmark::Counter::kIsRate);
  if (readBound > 0)
    state.counters["of_read"] = benchmark::Counter(bytes / readBound, benchmark::Counter::kIsRate);
}

void matmul(benchmark::State &state, const Variant &variant, int64_t rows, int64_t n, int64_t k) {
  int64_t copies;
  uint8_t *w = weights.packed(variant, n, k, int64_t(512) << 20, copies);
  std::vector<float> x = randomFloats(rows * k), y(rows * n);
  static uint8_t *a = allocate(int64_t(64) << 20);
  variant.table.round_q8_0(x.data(), a, rows, k, 0, k, k);
  int64_t copy = 0;
  for (auto _ : state) {
    variant.table.matmul_q8_0(w + copy * packedBytes(n, k), a, nullptr, nullptr, y.data(), rows, k,
                              0, n, n);
    copy = (copy + 1) % copies;
  }
  double macs = double(rows) * double(n) * double(k) * double(state.iterations());
  double bytes = double(packedBytes(n, k)) * double(state.iterations());
  state.counters["GMAC/s"] = benchmark::Counter(macs * 1e-9, benchmark::Counter::kIsRate);
  state.counters["of_dot"] =
      benchmark::Counter(macs / dotBound(variant), benchmark::Counter::kIsRate);
  state.counters["GB/s"] = benchmark::Counter(bytes * 1e-9, benchmark::Counter::kIsRate);
}

void roundRows(benchmark::State &state, const Variant &variant, int64_t rows, int64_t k) {
  std::vector<float> x = randomFloats(rows * k);
  std::vector<uint8_t> a(rows * activationRecordBytes(k));
  for (auto _ : state) {
    variant.table.round_q8_0(x.data(), a.data(), rows, k, 0, k, k);
    benchmark::ClobberMemory();
  }
  state.counters["values/s"] = benchmark::Counter(double(rows * k) * double(state.iterations()),
                                                  benchmark::Counter::kIsRate);
}

void packTensor(benchmark::State &state, const Variant &variant, int64_t n, int64_t k) {
  int64_t copies;
  uint8_t *w = weights.packed(variant, n, k, Weights::kBytes, copies);
  static std::vector<uint8_t> file; // larger than the caches, as a file in the page cache is
  int64_t bytes = n * (k / 32) * 34, files = std::max<int64_t>(1, (int64_t(128) << 20) / bytes);
  file.resize(files * bytes, 1);
  int64_t copy = 0;
  for (auto _ : state) {
    variant.pack(file.data() + copy % files * bytes, n, k, w + copy % copies * packedBytes(n, k),
                 true);
    ++copy;
  }
  double total = double(bytes) * double(state.iterations());
  state.counters["GB/s"] = benchmark::Counter(total * 1e-9, benchmark::Counter::kIsRate);
  if (readBound > 0) // every byte is read once and written once
    state.counters["of_read"] =
        benchmark::Counter(2 * total / readBound, benchmark::Counter::kIsRate);
}

struct Shape {
  int64_t n, k;
};

void registerVariant(const Variant &v) {
  std::string name = v.name;
  bool slow = name == "scalar";
  // The linear layers of Qwen2.5-0.5B: o and q, gate and up together, down, the head; and a 7B
  // down.
  const Shape shapes[] = {{896, 896}, {9728, 896}, {896, 4864}, {151936, 896}, {3584, 18944}};
  auto label = [](const Shape &s) { return std::to_string(s.n) + "x" + std::to_string(s.k); };
  for (const Shape &s : shapes) {
    if (slow && s.n * s.k > 1000000)
      continue;
    benchmark::RegisterBenchmark(("matvec/" + name + "/" + label(s)).c_str(),
                                 [&v, s](benchmark::State &state) { matvec(state, v, s.n, s.k); });
    for (int64_t rows : {2, 4, 8, 16, 32, 128, 512}) {
      if ((slow && rows > 2) || (s.n > 10000 && rows > 32))
        continue;
      benchmark::RegisterBenchmark(
          ("matmul/" + name + "/" + label(s) + "/" + std::to_string(rows)).c_str(),
          [&v, s, rows](benchmark::State &state) { matmul(state, v, rows, s.n, s.k); });
    }
    benchmark::RegisterBenchmark(
        ("pack/" + name + "/" + label(s)).c_str(),
        [&v, s](benchmark::State &state) { packTensor(state, v, s.n, s.k); });
  }
  for (int64_t k : {896, 4864})
    benchmark::RegisterBenchmark(("round/" + name + "/" + std::to_string(k)).c_str(),
                                 [&v, k](benchmark::State &state) { roundRows(state, v, 16, k); });
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  CPUFeatures host = detectCPUFeatures();
  for (const Variant &variant : variants())
    if (missingFeatures(variant.needs, host).empty())
      registerVariant(variant);
  probe::ReadBandwidth read = probe::measureReadBandwidth();
  readBound = read.bytesPerSecond;
  std::printf("read bandwidth, 1 thread: %.1f GB/s (%d streams, prefetch %lld bytes ahead, huge "
              "pages: %s)\n",
              read.bytesPerSecond * 1e-9, read.streams, static_cast<long long>(read.ahead),
              read.hugePages ? "yes" : "no");
  for (const Variant &variant : variants())
    if (missingFeatures(variant.needs, host).empty()) {
      probe::DotPeak peak = probe::measureDotPeak(variant.needs);
      std::printf("dot-product peak for %s: %.1f GMAC/s (%s)\n", variant.name,
                  peak.macsPerSecond * 1e-9, peak.instruction);
    }
  std::fflush(stdout);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
