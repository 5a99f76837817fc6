//===- RobustnessTest.cpp - cut and damaged files never crash ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each file lies right before a page that cannot be read, so that a single byte read past its end
// ends the test even without a sanitizer.

#include "Exercise.h"
#include "GGUFBuilder.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

using namespace ignis::gguf;
using namespace ignis::gguf::test;

namespace {

/// Memory whose last byte is followed by an unreadable page.
class Guarded {
public:
  explicit Guarded(size_t most) {
    size_t page = ::sysconf(_SC_PAGESIZE);
    size = (most + page - 1) / page * page;
    base = static_cast<uint8_t *>(
        ::mmap(nullptr, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    EXPECT_NE(base, MAP_FAILED);
    EXPECT_EQ(::mprotect(base + size, page, PROT_NONE), 0);
    total = size + page;
  }
  ~Guarded() { ::munmap(base, total); }
  llvm::ArrayRef<uint8_t> place(const Bytes &bytes) {
    uint8_t *at = base + size - bytes.size();
    std::copy(bytes.begin(), bytes.end(), at);
    return {at, bytes.size()};
  }

private:
  uint8_t *base;
  size_t size, total;
};

/// A file with every value type and a valid model.
Builder rich() {
  Shape shape;
  shape.layers = 1;
  shape.vocabulary = 5;
  Builder b = qwen2(shape);
  b.u32("general.alignment", 32).str("general.name", "caf\xc3\xa9");
  b.raw("x.u8", Builder::scalar<uint8_t>(ValueType::U8, 1));
  b.raw("x.i64", Builder::scalar<int64_t>(ValueType::I64, -1));
  b.raw("x.f64", Builder::scalar<double>(ValueType::F64, 0.1));
  b.boolean("x.bool", 1);
  b.raw("x.types", Builder::array<int32_t>(ValueType::I32, {1, 1, 3, 1, 1}));
  b.raw("x.u64s", Builder::array<uint64_t>(ValueType::U64, {1, 2}));
  b.raw("x.scores", Builder::array<float>(ValueType::F32, {0.5f, -1.0f}));
  b.raw("x.bools", Builder::array<uint8_t>(ValueType::Bool, {1, 0, 1}));
  b.tensor("extra", TensorType(12), {256, 2});
  return b;
}

TEST(GGUFRobustness, CutAtEveryByteOfTheDirectory) {
  Builder b = rich();
  Bytes whole = b.build();
  Guarded memory(whole.size());
  ASSERT_TRUE(exercise(memory.place(whole), /*requireData=*/true, /*list=*/true));
  for (size_t size = 0; size != b.directoryEnd; ++size) {
    Bytes cut(whole.begin(), whole.begin() + size);
    EXPECT_FALSE(exercise(memory.place(cut), /*requireData=*/false, /*list=*/false)) << size;
    EXPECT_FALSE(exercise(memory.place(cut), /*requireData=*/true, /*list=*/false)) << size;
  }
  for (size_t size = b.directoryEnd; size < whole.size(); size += 61) {
    Bytes cut(whole.begin(), whole.begin() + size);
    EXPECT_TRUE(exercise(memory.place(cut), /*requireData=*/false, /*list=*/false)) << size;
    EXPECT_FALSE(exercise(memory.place(cut), /*requireData=*/true, /*list=*/false)) << size;
  }
}

/// One of the values that break arithmetic, of 1, 2, 4 or 8 bytes.
void writeNastyNumber(Bytes &bytes, std::mt19937_64 &random) {
  static const uint64_t nasty[] = {0,          1,          0x7f,       0x80,       0xff,
                                   0x7fff,     0xffff,     0x7fffffff, 0x80000000, 0xffffffff,
                                   1ull << 32, 1ull << 60, 1ull << 61, 1ull << 62, 1ull << 63,
                                   ~0ull,      ~0ull - 31, ~0ull - 7};
  uint64_t value = nasty[random() % std::size(nasty)];
  size_t width = size_t(1) << (random() % 4);
  if (bytes.size() < width)
    return;
  std::memcpy(bytes.data() + random() % (bytes.size() - width + 1), &value, width);
}

void damage(Bytes &bytes, size_t within, std::mt19937_64 &random) {
  switch (random() % 8) {
  default: // some bytes, in the part that is read
    for (unsigned n = 1 + random() % 4; n; --n)
      bytes[random() % within] = random();
    break;
  case 5:
    bytes.resize(within); // so that the number lands where it is read
    writeNastyNumber(bytes, random);
    break;
  case 6: { // a piece is missing or doubled
    size_t at = random() % within, n = 1 + random() % 16;
    if (random() % 2)
      bytes.erase(bytes.begin() + at, bytes.begin() + std::min(at + n, bytes.size()));
    else
      bytes.insert(bytes.begin() + at, n, random());
    break;
  }
  case 7: // a single bit
    bytes[random() % within] ^= 1u << (random() % 8);
    break;
  }
}

TEST(GGUFRobustness, RandomDamage) {
  Builder b = rich();
  const Bytes whole = b.build();
  Guarded memory(whole.size() + 64);
  std::mt19937_64 random(20240607);
  unsigned wellFormed = 0;
  constexpr unsigned rounds = 40000;
  for (unsigned i = 0; i != rounds; ++i) {
    // Tensor data is never looked at: most rounds leave it out.
    bool withData = i % 16 == 0;
    Bytes bytes(whole.begin(), withData ? whole.end() : whole.begin() + b.directoryEnd);
    damage(bytes, b.directoryEnd, random);
    wellFormed += exercise(memory.place(bytes), withData, /*list=*/i % 32 == 0);
  }
  // Both outcomes must be common, or the test tests one path only.
  EXPECT_GT(wellFormed, rounds / 20);
  EXPECT_LT(wellFormed, rounds * 19 / 20);
}

} // namespace
