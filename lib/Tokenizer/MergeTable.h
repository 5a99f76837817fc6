//===- MergeTable.h - byte-pair merges of one word --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The merges of a model by the pair they join, and their application: again and again the merge of
// the lowest rank that any two neighbours have, leftmost first, until none is left.

#ifndef IGNIS_LIB_TOKENIZER_MERGETABLE_H
#define IGNIS_LIB_TOKENIZER_MERGETABLE_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ignis::tokenizer {

struct Merge {
  int32_t left, right; ///< tokens that become ...
  int32_t result;      ///< ... this one, whose text is theirs joined
};

class MergeTable {
public:
  /// The rank of a merge is its index (below 2^31). Of two merges of one pair the later counts, as
  /// in the referee.
  explicit MergeTable(std::vector<Merge> merges);

  /// Memory that apply() uses again from call to call.
  struct Scratch {
    struct Symbol {
      int32_t id;
      uint32_t rank;           // of the merge with the next symbol, or none
      uint32_t previous, next; // indices; the array's size at the ends
    };
    std::vector<Symbol> symbols;
    std::vector<uint64_t> heap; // rank << 32 | index of the left symbol
  };

  /// Merges the word ids[begin, end of ids) in place: n log n for n ids, at most 2^31 of them.
  void apply(std::vector<int32_t> &ids, size_t begin, Scratch &scratch) const;

private:
  static constexpr uint32_t none = UINT32_MAX;
  uint32_t rankOf(int32_t left, int32_t right) const;
  void applyShort(std::vector<int32_t> &ids, size_t begin) const;
  void applyLong(std::vector<int32_t> &ids, size_t begin, Scratch &scratch) const;

  struct Slot {
    uint32_t tag;  // more bits of the hash, to pass over others without a look at merges
    uint32_t rank; // or none: empty
  };
  std::vector<Merge> merges;
  std::vector<Slot> slots; // open addressing, a power of two of them
  unsigned shift;          // a hash's topmost bits are its slot
};

} // namespace ignis::tokenizer

#endif // IGNIS_LIB_TOKENIZER_MERGETABLE_H
