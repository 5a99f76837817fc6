//===- Mapping.cpp - anonymous memory ---------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Mapping.h.

#include "ignis/Runtime/Mapping.h"

#include "llvm/ADT/STLExtras.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/mman.h>
#include <vector>

using namespace ignis::runtime;

static constexpr uint64_t kHugePage = 2 << 20;

Mapping::~Mapping() {
  if (base)
    munmap(base, length);
}

llvm::Expected<Mapping> Mapping::create(int64_t bytes, HugePages huge, const char *what) {
  Mapping mapping;
  if (bytes <= 0)
    return mapping;
  bool large = huge != HugePages::None && static_cast<uint64_t>(bytes) >= kHugePage;
  uint64_t length = static_cast<uint64_t>(bytes) + (large ? kHugePage : 0);
  void *base = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED)
    return llvm::createStringError(std::string("cannot get ") + std::to_string(bytes) +
                                   " bytes for " + what + ": " + std::strerror(errno));
  mapping.base = base;
  mapping.length = length;
  mapping.bytes = bytes;
  auto address = reinterpret_cast<uintptr_t>(base);
  if (large)
    address = (address + kHugePage - 1) / kHugePage * kHugePage;
  mapping.aligned = reinterpret_cast<uint8_t *>(address);
#ifdef MADV_HUGEPAGE
  if (large)
    madvise(mapping.aligned, static_cast<size_t>(bytes),
            huge == HugePages::Now ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
#endif
  return mapping;
}

#ifdef MADV_HUGEPAGE
/// Whether the system's administrator wants no huge pages, which MADV_COLLAPSE does not ask.
static bool areHugePagesOff() {
  FILE *file = std::fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
  if (!file)
    return true;
  char text[64] = {};
  size_t length = std::fread(text, 1, sizeof(text) - 1, file);
  std::fclose(file);
  return length == 0 || std::strstr(text, "[never]");
}
#endif

void Mapping::useHugePages() {
#ifdef MADV_HUGEPAGE
  auto end = static_cast<uint64_t>(bytes);
  if (end < kHugePage || areHugePagesOff())
    return;
  madvise(aligned, end, MADV_HUGEPAGE);
#ifndef MADV_COLLAPSE
  constexpr int MADV_COLLAPSE = 25; // Linux 6.1; an error before, and then nothing changes.
#endif
  // Of the smallest pages there are: under emulation the host's may be smaller than pageSize().
  std::vector<unsigned char> resident(kHugePage / 4096);
  for (uint64_t at = 0; at + kHugePage <= end; at += kHugePage)
    if (mincore(aligned + at, kHugePage, resident.data()) == 0 &&
        llvm::any_of(resident, [](unsigned char page) { return page & 1; }))
      madvise(aligned + at, kHugePage, MADV_COLLAPSE);
#endif
}
