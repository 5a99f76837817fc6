//===- Mapping.cpp - anonymous memory ---------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Mapping.h.

#include "ignis/Runtime/Mapping.h"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>

using namespace ignis::runtime;

static constexpr uint64_t kHugePage = 2 << 20;

Mapping::~Mapping() {
  if (base)
    munmap(base, length);
}

llvm::Expected<Mapping> Mapping::create(int64_t bytes, bool huge, const char *what) {
  Mapping mapping;
  if (bytes <= 0)
    return mapping;
  huge = huge && static_cast<uint64_t>(bytes) >= kHugePage;
  uint64_t length = static_cast<uint64_t>(bytes) + (huge ? kHugePage : 0);
  void *base = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED)
    return llvm::createStringError(std::string("cannot get ") + std::to_string(bytes) +
                                   " bytes for " + what + ": " + std::strerror(errno));
  mapping.base = base;
  mapping.length = length;
  mapping.bytes = bytes;
  auto address = reinterpret_cast<uintptr_t>(base);
  if (huge)
    address = (address + kHugePage - 1) / kHugePage * kHugePage;
  mapping.aligned = reinterpret_cast<uint8_t *>(address);
#ifdef MADV_HUGEPAGE
  if (huge)
    madvise(mapping.aligned, static_cast<size_t>(bytes), MADV_HUGEPAGE);
#endif
  return mapping;
}
