//===- Data.h - a loaded vocabulary
//---------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Flat arrays, so that 151,936 tokens and as many merges load in milliseconds.

#ifndef IGNIS_LIB_TOKENIZER_DATA_H
#define IGNIS_LIB_TOKENIZER_DATA_H

#include "PreTokenizer.h"
#include "ignis/Tokenizer/Tokenizer.h"

namespace ignis::tokenizer {

/// (left, right) -> (rank, result): open addressing, keys of two ids.
class MergeTable {
public:
  struct Merge {
    uint32_t rank, result;
  };
  void reserve(size_t merges);
  /// Keeps the first of equal pairs, which has the better rank.
  void insert(uint32_t left, uint32_t right, Merge merge);
  const Merge *find(uint32_t left, uint32_t right) const {
    uint64_t key = uint64_t(left) << 32 | right;
    for (size_t i = hash(key) & mask;; i = (i + 1) & mask) {
      if (keys[i] == key)
        return &merges[i];
      if (keys[i] == kEmpty)
        return nullptr;
    }
  }

private:
  static constexpr uint64_t kEmpty = ~uint64_t(0);
  static uint64_t hash(uint64_t key) {
    key *= 0x9e3779b97f4a7c15;
    return key ^ (key >> 29);
  }
  std::vector<uint64_t> keys{kEmpty};
  std::vector<Merge> merges{Merge{0, 0}};
  size_t mask = 0;
};

struct Tokenizer::Data {
  explicit Data(PreTokenizer preTokenizer) : preTokenizer(std::move(preTokenizer)) {}

  PreTokenizer preTokenizer;
  std::string bytes;            ///< of all tokens, one after the other
  std::vector<uint32_t> begins; ///< [size + 1]
  std::vector<TokenKind> kinds;
  uint32_t byteTokens[256];
  MergeTable merges;
  /// Control and user-defined tokens by first byte, longest first.
  std::vector<int32_t> special[256];
  std::vector<int32_t> endOfText;
  std::optional<int32_t> bos, padding;
  bool addBos = false, nfc = true;
  std::string chatTemplate;

  int64_t size() const { return static_cast<int64_t>(kinds.size()); }
  llvm::StringRef text(int32_t id) const {
    auto i = static_cast<size_t>(id);
    return llvm::StringRef(bytes).slice(begins[i], begins[i + 1]);
  }
};

} // namespace ignis::tokenizer

#endif // IGNIS_LIB_TOKENIZER_DATA_H
