//===- MappingTest.cpp - memory keeps what it holds -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "ignis/Runtime/Mapping.h"

#include "gtest/gtest.h"

#include <fstream>
#include <sstream>
#include <string>
#include <sys/mman.h>

using ignis::runtime::Mapping;
using HugePages = Mapping::HugePages;

TEST(Mapping, HugePagesLaterKeepWhatIsThere) {
  // Less than a huge page, one, several and a part of one; touched here and there.
  for (int64_t bytes : {int64_t(4096), int64_t(2) << 20, (int64_t(9) << 20) + 4096})
    for (HugePages huge : {HugePages::None, HugePages::Now, HugePages::Later}) {
      auto mapping = Mapping::create(bytes, huge, "a test");
      ASSERT_TRUE(static_cast<bool>(mapping));
      ASSERT_EQ(mapping->size(), bytes);
      if (huge != HugePages::None && bytes >= int64_t(2) << 20) {
        EXPECT_EQ(reinterpret_cast<uintptr_t>(mapping->data()) % (2 << 20), 0u);
      }
      uint8_t *data = mapping->data();
      for (int64_t at : {int64_t(0), bytes / 3, bytes - 1})
        data[at] = static_cast<uint8_t>(at % 251 + 1);
      for (int times = 0; times < 2; ++times) {
        mapping->useHugePages();
        ASSERT_EQ(mapping->data(), data);
        for (int64_t at : {int64_t(0), bytes / 3, bytes - 1})
          EXPECT_EQ(data[at], at % 251 + 1);
        EXPECT_EQ(data[bytes / 3 + 1], 0);
        EXPECT_EQ(data[bytes / 2], 0);
      }
      data[bytes / 2] = 7; // still writable
      EXPECT_EQ(data[bytes / 2], 7);
    }
}

#ifdef __linux__
namespace {
/// KiB of huge pages in the mapping that has this address.
long hugeKiB(const uint8_t *address) {
  std::ifstream smaps("/proc/self/smaps");
  bool here = false;
  for (std::string line; std::getline(smaps, line);) {
    uintptr_t begin = 0, end = 0;
    char dash = 0;
    std::istringstream range(line);
    if (range >> std::hex >> begin >> dash >> end && dash == '-')
      here = begin <= reinterpret_cast<uintptr_t>(address) &&
             reinterpret_cast<uintptr_t>(address) < end;
    if (here && line.rfind("AnonHugePages:", 0) == 0)
      return std::stol(line.substr(14));
  }
  return -1;
}
} // namespace

TEST(Mapping, HugePagesComeLater) {
  constexpr int64_t kHuge = int64_t(2) << 20;
  auto mapping = Mapping::create(4 * kHuge, HugePages::Later, "a test");
  ASSERT_TRUE(static_cast<bool>(mapping));
  uint8_t *data = mapping->data();
  data[kHuge + 5] = 1;
  constexpr int kCollapse = 25;
  auto probe = Mapping::create(4 * kHuge, HugePages::Later, "a test");
  ASSERT_TRUE(static_cast<bool>(probe));
  probe->data()[0] = 1;
  std::string enabled;
  std::getline(std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled"), enabled);
  if (madvise(probe->data(), kHuge, MADV_HUGEPAGE) || madvise(probe->data(), kHuge, kCollapse) ||
      hugeKiB(probe->data()) <= 0 || enabled.empty() ||
      enabled.find("[never]") != std::string::npos)
    GTEST_SKIP() << "this system makes no huge pages of small ones";
  EXPECT_EQ(hugeKiB(data + kHuge), 0);
  mapping->useHugePages();
  EXPECT_EQ(hugeKiB(data + kHuge), kHuge >> 10); // Of the one that was touched.
  EXPECT_EQ(data[kHuge + 5], 1);
}
#endif

TEST(Mapping, NothingAndTooMuch) {
  auto none = Mapping::create(0, HugePages::Later, "a test");
  ASSERT_TRUE(static_cast<bool>(none));
  none->useHugePages();
  EXPECT_EQ(none->data(), nullptr);
  auto huge = Mapping::create(int64_t(1) << 60, HugePages::Now, "a test");
  EXPECT_EQ(llvm::toString(huge.takeError()).substr(0, 50),
            "cannot get 1152921504606846976 bytes for a test: C");
}
