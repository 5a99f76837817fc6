//===- Read.cpp - read bandwidth --------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Tries every number of streams and both prefetching policies and keeps the best: the bound should
// be what this machine can do, not what one access pattern happens to get.

#include "Loops.h"
#include "Threads.h"
#include "ignis/Probe/Probe.h"

#include <cstdio>
#include <cstring>
#include <sys/mman.h>

using namespace ignis;
using namespace ignis::probe;

namespace {

constexpr int64_t kHugePage = int64_t(2) << 20;

ReadLoop chooseLoop() {
#if defined(__x86_64__)
  kernels::CPUFeatures f = kernels::detectCPUFeatures();
  (void)f;
#if IGNIS_KERNELS_HAVE_AVX512VNNI
  if (f.avx512f && f.avx512bw && f.avx512vl && f.avx512dq && f.avx512Vnni)
    return readAVX512;
#endif
#if IGNIS_KERNELS_HAVE_AVX2
  if (f.avx2)
    return readAVX2;
#endif
#endif
  return readPlain;
}

/// Anonymous memory on a huge-page boundary.
class Pages {
public:
  explicit Pages(int64_t bytes) : length(size_t(bytes + kHugePage)) {
    memory = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      return;
    auto address = reinterpret_cast<uintptr_t>(memory);
    begin = static_cast<uint8_t *>(memory) + (kHugePage - address % kHugePage) % kHugePage;
#if defined(MADV_HUGEPAGE)
    madvise(begin, size_t(bytes), MADV_HUGEPAGE);
#endif
  }
  ~Pages() {
    if (memory != MAP_FAILED)
      munmap(memory, length);
  }
  Pages(const Pages &) = delete;
  Pages &operator=(const Pages &) = delete;
  uint8_t *data() const { return begin; }

private:
  size_t length;
  void *memory;
  uint8_t *begin = nullptr;
};

/// Whether the mapping that holds p consists of huge pages for the most part.
bool isHuge(const void *p, int64_t bytes) {
  FILE *maps = std::fopen("/proc/self/smaps", "r");
  if (!maps)
    return false;
  char line[512];
  unsigned long begin, end, kilobytes;
  bool inside = false, huge = false;
  auto address = reinterpret_cast<uintptr_t>(p);
  while (std::fgets(line, sizeof(line), maps)) {
    if (std::sscanf(line, "%lx-%lx ", &begin, &end) == 2)
      inside = address >= begin && address < end;
    else if (inside && std::sscanf(line, "AnonHugePages: %lu kB", &kilobytes) == 1)
      huge = int64_t(kilobytes) * 1024 > bytes / 2;
  }
  std::fclose(maps);
  return huge;
}

} // namespace

ReadBandwidth probe::measureReadBandwidth(const ReadOptions &options) {
  ReadBandwidth best;
  if (options.threads < 1 || options.repeats < 1 || options.bytes < options.threads * kHugePage) {
    best.error = "read bandwidth: expected at least one thread, one repeat and 2 MiB a thread";
    return best;
  }
  int64_t each = options.bytes / options.threads / kHugePage * kHugePage;
  Pages pages(each * options.threads);
  if (!pages.data()) {
    best.error = "read bandwidth: cannot map " + std::to_string(each * options.threads) + " bytes";
    return best;
  }
  // Each thread writes its own part first, which places the pages near it.
  timeRounds(options.threads, 1, options.pin,
             [&](int thread, int) { std::memset(pages.data() + thread * each, 1, size_t(each)); });
  best.hugePages = isHuge(pages.data(), each * options.threads);
  ReadLoop loop = chooseLoop();
  std::atomic<uint64_t> sink{0};
  for (int64_t ahead : {0, 2048}) {
    for (int streams = 1; streams <= 8; ++streams) {
      std::vector<double> seconds =
          timeRounds(options.threads, options.repeats, options.pin, [&](int thread, int) {
            sink += loop(pages.data() + thread * each, each, streams, ahead);
          });
      for (double s : seconds) {
        double rate = double(each / streams / 256 * 256 * streams * options.threads) / s;
        if (rate > best.bytesPerSecond) {
          best.bytesPerSecond = rate;
          best.streams = streams;
          best.ahead = ahead;
        }
      }
    }
  }
  return best;
}
