//===- Mapping.h - anonymous memory -----------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Caches, arena and packed weights: zero pages that become resident when they are touched, in huge
// pages where the system has them. Those are faster to read and slower to get: a cache of which a
// short prompt fills little has them later.

#ifndef IGNIS_RUNTIME_MAPPING_H
#define IGNIS_RUNTIME_MAPPING_H

#include "llvm/Support/Error.h"

#include <cstdint>
#include <utility>

namespace ignis::runtime {

class Mapping {
public:
  Mapping() = default;
  Mapping(Mapping &&other) noexcept { *this = std::move(other); }
  Mapping &operator=(Mapping &&other) noexcept {
    std::swap(base, other.base);
    std::swap(length, other.length);
    std::swap(aligned, other.aligned);
    std::swap(bytes, other.bytes);
    return *this;
  }
  ~Mapping();

  enum class HugePages { None, Now, Later };
  /// `bytes` zero bytes on a 64-byte boundary at least; on a boundary of 2 MiB with huge pages, now
  /// or later. `what` stands in the error.
  static llvm::Expected<Mapping> create(int64_t bytes, HugePages huge, const char *what);

  /// Huge pages from now on, for what is resident already too. What the memory holds stays.
  void useHugePages();

  uint8_t *data() const { return aligned; }
  int64_t size() const { return bytes; }

private:
  void *base = nullptr;
  uint64_t length = 0;
  uint8_t *aligned = nullptr;
  int64_t bytes = 0;
};

} // namespace ignis::runtime

#endif
