//===- TokenIndex.h - tokens by their text ----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Merges name tokens by their text: half a million look-ups while a model loads, none afterwards.
// A table made for that, because start-up waits for it.

#ifndef IGNIS_LIB_TOKENIZER_TOKENINDEX_H
#define IGNIS_LIB_TOKENIZER_TOKENINDEX_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

#include <cstdint>
#include <vector>

namespace ignis::tokenizer {

class TokenIndex {
public:
  /// `tokens` must stay. Of equal ones the first is found.
  explicit TokenIndex(llvm::ArrayRef<llvm::StringRef> tokens) : tokens(tokens) {
    uint64_t size = llvm::PowerOf2Ceil(tokens.size() + tokens.size() / 2 + 16);
    slots.assign(size, {0, -1});
    for (size_t id = 0; id != tokens.size(); ++id) {
      uint64_t hash = llvm::xxh3_64bits(tokens[id]);
      Slot &slot = slotOf(tokens[id], hash);
      if (slot.id < 0)
        slot = {static_cast<uint32_t>(hash >> 32), static_cast<int32_t>(id)};
    }
  }

  /// The id of the token, or -1.
  int32_t find(llvm::StringRef text) { return slotOf(text, llvm::xxh3_64bits(text)).id; }

private:
  struct Slot {
    uint32_t tag;
    int32_t id; // -1: empty
  };
  /// Where the text is, or the empty slot where it would be.
  Slot &slotOf(llvm::StringRef text, uint64_t hash) {
    uint32_t tag = static_cast<uint32_t>(hash >> 32);
    for (uint64_t at = hash & (slots.size() - 1);; at = (at + 1) & (slots.size() - 1)) {
      Slot &slot = slots[at];
      if (slot.id < 0 || (slot.tag == tag && tokens[slot.id] == text))
        return slot;
    }
  }

  llvm::ArrayRef<llvm::StringRef> tokens;
  std::vector<Slot> slots; // open addressing, two thirds full at most
};

} // namespace ignis::tokenizer

#endif // IGNIS_LIB_TOKENIZER_TOKENINDEX_H
