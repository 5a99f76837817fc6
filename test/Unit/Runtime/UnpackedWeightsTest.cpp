//===- UnpackedWeightsTest.cpp - kernels on weights that are still in the file ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// With tensors of the shipped model and every variant that this machine has: what modules call
// gives the same bytes before packing and after, and before packing touches no packed place.

#include "../../../lib/Runtime/UnpackedWeights.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cstring>

using namespace ignis;
using namespace ignis::kernels;
using runtime::UnpackedTensor;
using runtime::UnpackedWeights;

namespace {

class Unpacked : public ::testing::Test {
protected:
  void SetUp() override {
    auto opened = gguf::File::open(IGNIS_SOURCE_DIR "/models/fairy-tales-20m-q8_0.gguf");
    ASSERT_TRUE(static_cast<bool>(opened)) << llvm::toString(opened.takeError());
    file = std::make_unique<gguf::File>(std::move(*opened));
    int64_t bytes = 0;
    // A matrix of three tensors and one of one, whose last group is not full.
    for (const char *name : {"blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight",
                             "token_embd.weight"}) {
      const gguf::TensorInfo *tensor = file->findTensor(name);
      ASSERT_TRUE(tensor) << name;
      int64_t columns = tensor->ne[0], count = tensor->ne[1] - (name[0] == 't' ? 5 : 0);
      places.push_back(bytes);
      tensors.push_back({tensor, file->data(*tensor), count, columns, nullptr});
      bytes += packedBytes(count, columns);
    }
    memory.resize(static_cast<size_t>(bytes));
    for (size_t i = 0; i < tensors.size(); ++i)
      tensors[i].groups = memory.data() + places[i];
  }

  /// A call's results of rows x columns [begin, end), with or without bias and residual.
  std::vector<float> compute(const Variant &variant, const KernelTable &table, const uint8_t *w,
                             int64_t rows, int64_t begin, int64_t end, bool sums) const {
    int64_t k = tensors[0].columns, n = end - begin;
    std::vector<float> x(static_cast<size_t>(rows * k)), more(static_cast<size_t>(rows * n)),
        y(static_cast<size_t>(rows * n), -1);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>(static_cast<int>(i * 7919 % 2003) - 1001) / 97;
    for (size_t i = 0; i < more.size(); ++i)
      more[i] = static_cast<float>(i % 31);
    std::vector<uint8_t> a(static_cast<size_t>(rows * activationRecordBytes(k)) + 64);
    uint8_t *records = a.data() + -reinterpret_cast<uintptr_t>(a.data()) % 64;
    variant.table.round_q8_0(x.data(), records, rows, k, 0, k, k);
    const float *extra = sums ? more.data() : nullptr;
    if (rows == 1)
      table.matvec_q8_0(w, records, extra, extra, y.data(), k, begin, end);
    else
      table.matmul_q8_0(w, records, extra, extra, y.data(), rows, k, begin, end, n);
    return y;
  }

  std::unique_ptr<gguf::File> file;
  std::vector<int64_t> places;
  std::vector<UnpackedTensor> tensors;
  std::vector<uint8_t> memory;
};

bool same(const std::vector<float> &a, const std::vector<float> &b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * 4) == 0;
}

} // namespace

TEST_F(Unpacked, TheSameBytesBeforeAndAfter) {
  const uint8_t *joined = tensors[0].groups, *single = tensors[3].groups;
  int64_t q = tensors[0].count, joinedRows = q + tensors[1].count + tensors[2].count;
  struct Range {
    const uint8_t *w;
    int64_t begin, end;
  };
  const Range ranges[] = {{joined, 0, 16},
                          {joined, q - 16, q + 16},
                          {joined, q, q + 48},
                          {joined, 0, joinedRows},
                          {single, 0, tensors[3].count},
                          {single, 1024, 1024 + 4096},
                          {single, (tensors[3].count - 40) / 16 * 16, tensors[3].count}};
  for (const Variant &variant : variants()) {
    if (!missingFeatures(variant.needs, detectCPUFeatures()).empty())
      continue;
    bool slow = variant.name == std::string("scalar");
    KernelTable table = runtime::deferringKernels(variant);
    std::fill(memory.begin(), memory.end(), 0);
    auto unpacked = std::make_unique<UnpackedWeights>(*file, variant, tensors);
    std::vector<std::vector<float>> before;
    auto forEach = [&](auto &&body) {
      for (const Range &range : ranges)
        for (int64_t rows : {1, 5, 70})
          if (!slow || (rows < 70 && range.end - range.begin < 1024))
            body(range, rows, rows != 5);
    };
    forEach([&](const Range &range, int64_t rows, bool sums) {
      before.push_back(compute(variant, table, range.w, rows, range.begin, range.end, sums));
    });
    EXPECT_TRUE(std::all_of(memory.begin(), memory.end(), [](uint8_t b) { return b == 0; }))
        << variant.name;
    // Weights that are not this session's are taken as they are.
    std::vector<uint8_t> own(static_cast<size_t>(packedBytes(q, tensors[0].columns)));
    variant.pack(tensors[0].rows, q, tensors[0].columns, own.data(), true);
    EXPECT_TRUE(same(compute(variant, table, own.data(), 3, 0, q, false),
                     compute(variant, table, joined, 3, 0, q, false)));
    unpacked->pack(2);
    unpacked.reset();
    size_t i = 0;
    forEach([&](const Range &range, int64_t rows, bool sums) {
      EXPECT_TRUE(
          same(before[i], compute(variant, table, range.w, rows, range.begin, range.end, sums)) &&
          same(before[i],
               compute(variant, variant.table, range.w, rows, range.begin, range.end, sums)))
          << variant.name << ": " << rows << " rows, columns " << range.begin << " to "
          << range.end;
      ++i;
    });
  }
}

TEST_F(Unpacked, SessionsSideBySide) {
  const Variant &variant = variants().back();
  KernelTable table = runtime::deferringKernels(variant);
  std::vector<uint8_t> other(memory.size());
  std::vector<UnpackedTensor> others = tensors;
  for (size_t i = 0; i < others.size(); ++i)
    others[i].groups = other.data() + places[i];
  auto first = std::make_unique<UnpackedWeights>(*file, variant, tensors);
  auto second = std::make_unique<UnpackedWeights>(*file, variant, others);
  std::vector<float> expected = compute(variant, table, tensors[0].groups, 2, 0, 64, false);
  EXPECT_TRUE(same(expected, compute(variant, table, others[0].groups, 2, 0, 64, false)));
  first->pack(1);
  first.reset();
  EXPECT_TRUE(same(expected, compute(variant, table, others[0].groups, 2, 0, 64, false)));
  EXPECT_TRUE(same(expected, compute(variant, table, tensors[0].groups, 2, 0, 64, false)));
  EXPECT_TRUE(std::all_of(other.begin(), other.end(), [](uint8_t b) { return b == 0; }));
}

TEST_F(Unpacked, NoMoreThanAProcessHoldsPlacesFor) {
  std::vector<std::unique_ptr<UnpackedWeights>> sessions;
  auto make = [&] {
    sessions.push_back(std::make_unique<UnpackedWeights>(*file, variants().back(), tensors));
    return sessions.back()->deferred();
  };
  while (make())
    ASSERT_LT(sessions.size(), 1000u);
  EXPECT_GE(sessions.size(), 16u);
  sessions.erase(sessions.begin());
  EXPECT_TRUE(make());
  EXPECT_FALSE(make());
}

// The numbers of functions that modules can be bound to.
TEST(Deferring, EveryVariant) {
  for (const Variant &variant : variants()) {
    KernelTable table = runtime::deferringKernels(variant);
    EXPECT_NE(table.matvec_q8_0, variant.table.matvec_q8_0) << variant.name;
    EXPECT_NE(table.matmul_q8_0, variant.table.matmul_q8_0) << variant.name;
    for (const Variant &other : variants())
      if (&other != &variant) {
        EXPECT_NE(table.matvec_q8_0, runtime::deferringKernels(other).matvec_q8_0);
      }
  }
}
