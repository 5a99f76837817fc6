//===- PackTest.cpp - interleaved weights against the file's blocks ---------------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "KernelTestSupport.h"

#include "gtest/gtest.h"

using namespace ignis::kernels;
using namespace ignis::kernels::test;

namespace {

// Where docs/Kernels.md says that value i of block b of row r of a group lies, and its scale.
struct Place {
  int64_t value, scale;
};

Place placeOf(WeightLayout layout, int64_t blocks, int64_t b, int64_t r, int64_t i) {
  if (layout == WeightLayout::RowMajor)
    return {b * 544 + r * 32 + i, b * 544 + 512 + r * 2};
  bool single = b % 2 == 0 && b + 1 == blocks;
  int64_t pair = b / 2 * 1088, scale = pair + (single ? 512 : 1024 + b % 2 * 32) + r * 2;
  if (layout == WeightLayout::OctetsSigned) {
    const int64_t order[4] = {0, 2, 1, 3};
    return {pair + b % 2 * 512 + i / 8 * 128 + (r / 4 * 4 + order[r % 4]) * 8 + i % 8, scale};
  }
  return {pair + b % 2 * 512 + i / 4 * 64 + r * 4 + i % 4, scale};
}

} // namespace

TEST(Pack, EveryByteIsWhereTheLayoutSays) {
  for (const Variant *v : usableVariants()) {
    for (int64_t k : {32, 64, 96, 896}) {
      for (int64_t n : {1, 15, 16, 17, 48, 50}) {
        for (int way = 0; way < 3; ++way) { // past the cache, not aligned, through the cache
          std::vector<uint8_t> file = makeTensor(n, k, Weights::Extreme, uint32_t(n + k));
          Buffer w = packed(*v, file, n, k, way == 1 ? 8 : 0, way < 2);
          ASSERT_TRUE(w.guardIntact());
          int64_t blocks = k / 32, offset = v->weights == WeightLayout::QuadsUnsigned ? 128 : 0;
          for (int64_t row = 0; row < (n + 15) / 16 * 16; ++row) {
            const uint8_t *group = w.bytes() + row / 16 * blocks * 544;
            for (int64_t b = 0; b < blocks; ++b) {
              const uint8_t *source = row < n ? &file[(row * blocks + b) * 34] : nullptr;
              for (int64_t i = 0; i < 32; ++i) {
                uint8_t want = uint8_t((source ? source[2 + i] : 0) + offset);
                ASSERT_EQ(group[placeOf(v->weights, blocks, b, row % 16, i).value], want)
                    << v->name << " n=" << n << " k=" << k << " row " << row << " block " << b
                    << " value " << i;
              }
              const uint8_t *scale = group + placeOf(v->weights, blocks, b, row % 16, 0).scale;
              ASSERT_EQ(scale[0], source ? source[0] : 0);
              ASSERT_EQ(scale[1], source ? source[1] : 0);
            }
          }
        }
      }
    }
  }
}

TEST(Pack, GroupRangesAddUp) {
  for (const Variant *v : usableVariants()) {
    int64_t n = 75, k = 160, rowBytes = k / 32 * 34;
    std::vector<uint8_t> file = makeTensor(n, k, Weights::Normal, 9);
    Buffer whole = packed(*v, file, n, k), parts(packedBytes(n, k));
    for (int64_t row : {48, 0, 64}) { // three calls, out of order
      int64_t count = row == 48 ? 16 : row == 0 ? 48 : 11;
      v->pack(file.data() + row * rowBytes, count, k, parts.bytes() + packedBytes(row, k),
              row == 48);
    }
    EXPECT_EQ(std::memcmp(whole.bytes(), parts.bytes(), whole.size), 0) << v->name;
  }
}
