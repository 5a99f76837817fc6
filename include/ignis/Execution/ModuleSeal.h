//===- ModuleSeal.h - damage to compiled modules is noticed
//---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A shared object that ignis writes ends in 24 bytes that loaders ignore: a magic number and a
// 128-bit hash of all bytes before. Loading a damaged one could end in a signal, so it is looked at
// first. A seal is no signature: code from strangers is code from strangers.

#ifndef IGNIS_EXECUTION_MODULESEAL_H
#define IGNIS_EXECUTION_MODULESEAL_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/xxhash.h"

#include <string>

namespace ignis {

constexpr size_t kSealBytes = 24;

/// The seal of these bytes.
inline std::string moduleSeal(llvm::StringRef object) {
  llvm::XXH128_hash_t hash = llvm::xxh3_128bits(
      llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(object.data()), object.size()));
  std::string seal = "IGNISSUM";
  seal.append(reinterpret_cast<const char *>(&hash.low64), 8);
  seal.append(reinterpret_cast<const char *>(&hash.high64), 8);
  return seal;
}

/// Whether the bytes end in the seal of what comes before it.
inline bool isSealed(llvm::StringRef bytes) {
  return bytes.size() >= kSealBytes &&
         bytes.take_back(kSealBytes) == moduleSeal(bytes.drop_back(kSealBytes));
}

} // namespace ignis

#endif
