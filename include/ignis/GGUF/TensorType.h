//===- TensorType.h - element types of GGUF tensors: ids, names, blocks -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The ids that GGUF files store, with the geometry needed to bound a tensor's bytes. ignis computes
// with four of them; the others are known so that a file which uses them can be listed, and
// refused by name.

#ifndef IGNIS_GGUF_TENSORTYPE_H
#define IGNIS_GGUF_TENSORTYPE_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace ignis::gguf {

/// The types that ignis computes with, by their id in the file. A TensorType read from a file may
/// hold the id of any other known type (see typeTraits), never that of an unknown one.
enum class TensorType : uint32_t {
  F32 = 0,
  F16 = 1,
  Q8_0 = 8, ///< 32 int8 with one float16 scale before them: 34 bytes
  BF16 = 30,
};

/// What the format says about one type. A row (dimension 0) is a whole number of blocks.
struct TypeTraits {
  const char *name;       ///< as the format spells it, "Q4_K"; never null
  uint32_t blockElements; ///< elements a block holds; 0 for a type that was removed from the format
  uint32_t blockBytes;    ///< bytes a block takes; 0 for a removed type
  bool supported;         ///< ignis computes with it

  bool removed() const { return blockElements == 0; }
};

/// Traits of the type with this id, null for an id that the format does not define.
const TypeTraits *typeTraits(uint32_t id);
inline const TypeTraits *typeTraits(TensorType type) {
  return typeTraits(static_cast<uint32_t>(type));
}

/// Name of a type, "type 99" style fallbacks are the caller's: unknown ids give "?".
llvm::StringRef typeName(TensorType type);

/// True for F32, F16, BF16 and Q8_0.
bool isSupported(TensorType type);

} // namespace ignis::gguf

#endif // IGNIS_GGUF_TENSORTYPE_H
