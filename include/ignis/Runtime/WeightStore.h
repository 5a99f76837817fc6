//===- WeightStore.h - weights where compiled code expects them -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Layout `file` is the mapped file itself. Interleaved tensors have their places in one mapping.
// They are packed there by pack(), tensor by tensor, and the file's pages are given back as they
// are read, so that no second copy of the weights stays resident. Until then kernels compute from
// the file (lib/Runtime/UnpackedWeights.h), which saves a short prompt the wait for memory.

#ifndef IGNIS_RUNTIME_WEIGHTSTORE_H
#define IGNIS_RUNTIME_WEIGHTSTORE_H

#include "ignis/GGUF/File.h"
#include "ignis/Kernels/Dispatch.h"
#include "ignis/Runtime/Manifest.h"
#include "ignis/Runtime/Mapping.h"

#include <memory>
#include <vector>

namespace ignis::runtime {

class UnpackedWeights;

class WeightStore {
public:
  WeightStore(WeightStore &&) noexcept;
  ~WeightStore();

  /// Errors: a tensor that is missing, has another shape or type than the module was compiled for,
  /// no data in the file, or numbers that are not finite. `file` must outlive the store.
  static llvm::Expected<WeightStore> create(const gguf::File &file, const Manifest &manifest,
                                            const kernels::Variant *variant, int threads,
                                            bool hugePages);

  /// One pointer per weight of the manifest.
  const void *const *pointers() const { return addresses.data(); }
  /// Bytes of packed weights; 0 until they are packed.
  int64_t packedBytes() const { return unpacked ? 0 : packed.size(); }

  /// Packs, on up to `threads` threads, what is not packed yet. Not during a call of a module.
  void pack(int threads);

private:
  WeightStore();

  std::vector<const void *> addresses;
  Mapping packed;
  std::unique_ptr<UnpackedWeights> unpacked; ///< null: everything is packed
};

} // namespace ignis::runtime

#endif
