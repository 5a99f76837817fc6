//===- UnpackedWeights.cpp - weights that are still in the file -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See UnpackedWeights.h. A kernel gets an address and no session, so the sessions with unpacked
// weights stand in one list of the process; a count of them is all that other calls look at.

#include "UnpackedWeights.h"

#include "ignis/Runtime/ThreadTeam.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Compiler.h"

#include <array>
#include <atomic>
#include <deque>

using namespace ignis;
using namespace ignis::runtime;

namespace {
constexpr int64_t kFileBlock = 34;  // float16 scale, 32 values
constexpr int64_t kTaskRows = 1024; // rows that a thread packs at a time, a multiple of the group
constexpr int64_t kRunBytes = 128 << 10; // packed for one call of a kernel; stays in the cache
constexpr int64_t kLeastRunGroups = 2;   // a tile of most kernels
constexpr uint64_t kLine = 64;

/// Where one session's unpacked weights are. Never changed and never freed, so that a thread may
/// look at one that has just been taken out: its own session's address is not in there then.
struct Range {
  const uint8_t *begin, *end;
  const UnpackedWeights *owner;
};

constexpr size_t kMostVariants = 16; // with a function of their own for each kernel
alignas(128) std::array<std::atomic<const kernels::KernelTable *>, kMostVariants> tables;

size_t numberOf(const kernels::Variant &variant) {
  return static_cast<size_t>(&variant - kernels::variants().data());
}

struct Registry {
  std::mutex mutex; ///< of whoever adds or removes
  std::deque<Range> ranges;
};
Registry &registry() {
  static Registry instance;
  return instance;
}
constexpr size_t kMostSessions = 16; // that wait with packing at the same time
alignas(128) std::atomic<int> sessionsWithUnpackedWeights{0}; // Read by every call of a kernel.
std::array<std::atomic<const Range *>, kMostSessions> places;

bool anyUnpacked() { return sessionsWithUnpackedWeights.load(std::memory_order_relaxed) != 0; }

/// The session whose unpacked weights have this address; it is the caller's own.
const UnpackedWeights *findUnpacked(const uint8_t *weights) {
  std::less<> less;
  for (const std::atomic<const Range *> &place : places)
    if (const Range *range = place.load(std::memory_order_acquire);
        range && !less(weights, range->begin) && less(weights, range->end))
      return range->owner;
  return nullptr;
}

int64_t rowBytes(int64_t columns) { return columns / kernels::kBlock * kFileBlock; }

/// A run of groups of one tensor, small enough to share out evenly.
struct Task {
  size_t tensor;        // its number
  int64_t first, count; // rows
};

std::vector<Task> tasksOf(llvm::ArrayRef<UnpackedTensor> tensors) {
  std::vector<Task> tasks;
  for (auto [i, tensor] : llvm::enumerate(tensors))
    for (int64_t first = 0; first < tensor.count; first += kTaskRows)
      tasks.push_back({i, first, std::min(kTaskRows, tensor.count - first)});
  return tasks;
}

/// The first block of Q8_0 data [blocks] whose scale is NaN or infinite; `blocks` if there is none.
int64_t badBlock(const uint8_t *data, int64_t blocks) {
  for (int64_t i = 0; i < blocks; ++i)
    if (isBadHalf(data + i * kFileBlock))
      return i;
  return blocks;
}
} // namespace

//===----------------------------------------------------------------------===//
// All of them at once
//===----------------------------------------------------------------------===//

UnpackedWeights::UnpackedWeights(const gguf::File &file, const kernels::Variant &variant,
                                 std::vector<UnpackedTensor> given)
    : file(file), variant(variant), tensors(std::move(given)) {
  const UnpackedTensor &last = tensors.back();
  std::lock_guard lock(registry().mutex);
  auto *free = llvm::find_if(places, [](auto &place) { return !place.load(); });
  if (free == places.end() || numberOf(variant) >= kMostVariants)
    return;
  registry().ranges.push_back(
      {tensors.front().groups, last.groups + kernels::packedBytes(last.count, last.columns), this});
  place = free - places.begin();
  free->store(&registry().ranges.back());
  ++sessionsWithUnpackedWeights;
}

UnpackedWeights::~UnpackedWeights() {
  if (!deferred())
    return;
  std::lock_guard lock(registry().mutex);
  places[static_cast<size_t>(place)].store(nullptr);
  --sessionsWithUnpackedWeights;
}

llvm::Error UnpackedWeights::check(int threads) const {
  std::vector<Task> tasks = tasksOf(tensors);
  std::atomic<uint64_t> damage{UINT64_MAX}; // the least offset of a scale that is no finite number
  parallelFor(threads, static_cast<int64_t>(tasks.size()), [&](int64_t i) {
    const Task &task = tasks[static_cast<size_t>(i)];
    const UnpackedTensor &tensor = tensors[task.tensor];
    int64_t bytes = rowBytes(tensor.columns), blocks = task.count * bytes / kFileBlock;
    int64_t bad = badBlock(tensor.rows + task.first * bytes, blocks);
    if (bad == blocks)
      return;
    uint64_t offset =
        tensor.info->offset + static_cast<uint64_t>(task.first * bytes + bad * kFileBlock);
    for (uint64_t least = damage; offset < least && !damage.compare_exchange_weak(least, offset);)
      ;
  });
  for (const UnpackedTensor &tensor : tensors)
    if (uint64_t within = damage - tensor.info->offset; within < tensor.info->bytes)
      return file.errorAt(damage, "tensor '" + gguf::escape(tensor.info->name) + "': block " +
                                      llvm::Twine(within / kFileBlock) +
                                      ": expected a finite scale, got NaN or infinity");
  return llvm::Error::success();
}

void UnpackedWeights::pack(int threads) const {
  std::vector<Task> tasks = tasksOf(tensors);
  std::vector<std::atomic<int64_t>> left(tensors.size()); // rows that are not done
  for (auto [tensor, rows] : llvm::zip(tensors, left))
    rows = tensor.count;
  parallelFor(threads, static_cast<int64_t>(tasks.size()), [&](int64_t i) {
    const Task &task = tasks[static_cast<size_t>(i)];
    const UnpackedTensor &tensor = tensors[task.tensor];
    variant.pack(tensor.rows + task.first * rowBytes(tensor.columns), task.count, tensor.columns,
                 tensor.groups + kernels::packedBytes(task.first, tensor.columns),
                 /*bypassCache=*/true);
    if (left[task.tensor].fetch_sub(task.count) == task.count)
      file.releasePages(*tensor.info);
  });
}

//===----------------------------------------------------------------------===//
// What one call reads
//===----------------------------------------------------------------------===//

/// A thread's groups during one call.
class UnpackedWeights::Buffer {
public:
  Buffer(const UnpackedWeights &owner, int64_t bytes) : owner(owner) {
    {
      std::lock_guard lock(owner.mutex);
      if (!owner.idle.empty()) {
        memory = std::move(owner.idle.back());
        owner.idle.pop_back();
      }
    }
    if (memory.size() < static_cast<size_t>(bytes) + kLine)
      memory.resize(static_cast<size_t>(bytes) + kLine);
  }
  ~Buffer() {
    std::lock_guard lock(owner.mutex);
    owner.idle.push_back(std::move(memory));
  }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;

  uint8_t *data() { return memory.data() + -reinterpret_cast<uintptr_t>(memory.data()) % kLine; }

private:
  const UnpackedWeights &owner;
  std::vector<uint8_t> memory;
};

/// compute(groups, first, columns): columns [first, first + columns) of the call, whose groups are
/// at `groups`.
template <typename Compute>
void UnpackedWeights::forEachRun(const uint8_t *w, int64_t k, int64_t nBegin, int64_t nEnd,
                                 Compute compute) const {
  int64_t groupBytes = kernels::packedBytes(kernels::kGroupRows, k);
  int64_t groups = std::max(kLeastRunGroups, kRunBytes / groupBytes);
  groups = std::min(groups, (nEnd - nBegin + kernels::kGroupRows - 1) / kernels::kGroupRows);
  Buffer buffer(*this, groups * groupBytes);
  for (int64_t begin = nBegin; begin < nEnd;) {
    const uint8_t *place = w + kernels::packedBytes(begin, k);
    const UnpackedTensor &tensor = *std::prev(
        llvm::partition_point(tensors, [&](const UnpackedTensor &t) { return t.groups <= place; }));
    int64_t first = (place - tensor.groups) / groupBytes * kernels::kGroupRows;
    int64_t count = std::min({groups * kernels::kGroupRows, nEnd - begin, tensor.count - first});
    variant.pack(tensor.rows + first * rowBytes(k), count, k, buffer.data(),
                 /*bypassCache=*/false);
    compute(buffer.data(), begin - nBegin, count);
    begin += count;
  }
}

static const float *at(const float *values, int64_t i) { return values ? values + i : nullptr; }

void UnpackedWeights::matvec(const uint8_t *w, const uint8_t *a, const float *bias,
                             const float *residual, float *y, int64_t k, int64_t nBegin,
                             int64_t nEnd) const {
  forEachRun(w, k, nBegin, nEnd, [&](const uint8_t *groups, int64_t first, int64_t columns) {
    variant.table.matvec_q8_0(groups, a, at(bias, first), at(residual, first), y + first, k, 0,
                              columns);
  });
}

void UnpackedWeights::matmul(const uint8_t *w, const uint8_t *a, const float *bias,
                             const float *residual, float *y, int64_t rows, int64_t k,
                             int64_t nBegin, int64_t nEnd, int64_t yStride) const {
  forEachRun(w, k, nBegin, nEnd, [&](const uint8_t *groups, int64_t first, int64_t columns) {
    variant.table.matmul_q8_0(groups, a, at(bias, first), at(residual, first), y + first, rows, k,
                              0, columns, yStride);
  });
}

//===----------------------------------------------------------------------===//
// What modules call
//===----------------------------------------------------------------------===//

namespace {
const kernels::KernelTable &tableOf(size_t index) {
  return *tables[index].load(std::memory_order_relaxed);
}

LLVM_ATTRIBUTE_NOINLINE void matvecPerhapsUnpacked(size_t index, const uint8_t *w, const uint8_t *a,
                                                   const float *bias, const float *residual,
                                                   float *y, int64_t k, int64_t nBegin,
                                                   int64_t nEnd) {
  if (const UnpackedWeights *unpacked = findUnpacked(w))
    unpacked->matvec(w, a, bias, residual, y, k, nBegin, nEnd);
  else
    tableOf(index).matvec_q8_0(w, a, bias, residual, y, k, nBegin, nEnd);
}

LLVM_ATTRIBUTE_NOINLINE void matmulPerhapsUnpacked(size_t index, const uint8_t *w, const uint8_t *a,
                                                   const float *bias, const float *residual,
                                                   float *y, int64_t rows, int64_t k,
                                                   int64_t nBegin, int64_t nEnd, int64_t yStride) {
  if (const UnpackedWeights *unpacked = findUnpacked(w))
    unpacked->matmul(w, a, bias, residual, y, rows, k, nBegin, nEnd, yStride);
  else
    tableOf(index).matmul_q8_0(w, a, bias, residual, y, rows, k, nBegin, nEnd, yStride);
}

/// The kernels of the variant number `index`: a function each, because a kernel gets no context.
/// When all is packed, a look at the count and a jump.
template <size_t index> struct Deferring {
  static void matvec(const uint8_t *w, const uint8_t *a, const float *bias, const float *residual,
                     float *y, int64_t k, int64_t nBegin, int64_t nEnd) {
    if (LLVM_UNLIKELY(anyUnpacked()))
      return matvecPerhapsUnpacked(index, w, a, bias, residual, y, k, nBegin, nEnd);
    return tableOf(index).matvec_q8_0(w, a, bias, residual, y, k, nBegin, nEnd);
  }
  static void matmul(const uint8_t *w, const uint8_t *a, const float *bias, const float *residual,
                     float *y, int64_t rows, int64_t k, int64_t nBegin, int64_t nEnd,
                     int64_t yStride) {
    if (LLVM_UNLIKELY(anyUnpacked()))
      return matmulPerhapsUnpacked(index, w, a, bias, residual, y, rows, k, nBegin, nEnd, yStride);
    return tableOf(index).matmul_q8_0(w, a, bias, residual, y, rows, k, nBegin, nEnd, yStride);
  }
};

template <size_t... index>
void bindDeferring(kernels::KernelTable &table, size_t which, std::index_sequence<index...>) {
  (void)((index == which ? (table.matvec_q8_0 = Deferring<index>::matvec,
                            table.matmul_q8_0 = Deferring<index>::matmul, true)
                         : false) ||
         ...);
}
} // namespace

kernels::KernelTable ignis::runtime::deferringKernels(const kernels::Variant &variant) {
  size_t which = numberOf(variant);
  kernels::KernelTable table = variant.table;
  if (which >= kMostVariants)
    return table;
  tables[which] = &variant.table;
  bindDeferring(table, which, std::make_index_sequence<kMostVariants>());
  return table;
}
