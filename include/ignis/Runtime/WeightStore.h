//===- WeightStore.h - weights where compiled code expects them -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Layout `file` is the mapped file itself. Interleaved tensors are packed into one mapping, tensor
// by tensor, and the file's pages are given back as they are read, so that no second copy of the
// weights stays resident.

#ifndef IGNIS_RUNTIME_WEIGHTSTORE_H
#define IGNIS_RUNTIME_WEIGHTSTORE_H

#include "ignis/GGUF/File.h"
#include "ignis/Kernels/Dispatch.h"
#include "ignis/Runtime/Manifest.h"
#include "ignis/Runtime/Mapping.h"

#include <vector>

namespace ignis::runtime {

class WeightStore {
public:
  /// Errors: a tensor that is missing, has another shape or type than the module was compiled for,
  /// or no data in the file.
  static llvm::Expected<WeightStore> create(const gguf::File &file, const Manifest &manifest,
                                            const kernels::Variant *variant, int threads,
                                            bool hugePages);

  /// One pointer per weight of the manifest.
  const void *const *pointers() const { return addresses.data(); }
  int64_t packedBytes() const { return packed.size(); }

private:
  std::vector<const void *> addresses;
  Mapping packed;
};

} // namespace ignis::runtime

#endif
