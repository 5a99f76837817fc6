//===- TokenizerData.h - what a tokenizer holds -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Filled by Load.cpp, read by Tokenizer.cpp and Chat.cpp.

#ifndef IGNIS_LIB_TOKENIZER_TOKENIZERDATA_H
#define IGNIS_LIB_TOKENIZER_TOKENIZERDATA_H

#include "MergeTable.h"
#include "PreTokenizer.h"
#include "SpecialTokens.h"

#include "ignis/Tokenizer/Tokenizer.h"

#include "llvm/ADT/SmallVector.h"

#include <array>

namespace ignis::tokenizer {

struct Tokenizer::Data {
  std::string bytes;             // of all tokens, one behind the other
  std::vector<uint32_t> offsets; // where each begins, and the end: size() + 1
  std::vector<TokenKind> kinds;
  std::array<int32_t, 256> byteTokens{}; // the token of each byte
  MergeTable merges;
  SpecialTokens specials; // views into `bytes`
  PreTokenizer preTokenizer;

  bool nfc = true;
  bool addBos = false;
  std::optional<int32_t> bos, padding;
  llvm::SmallVector<int32_t, 4> endOfText;
  std::string chatTemplate;

  Data(MergeTable merges, PreTokenizer preTokenizer)
      : merges(std::move(merges)), preTokenizer(std::move(preTokenizer)) {}

  llvm::StringRef token(size_t id) const {
    return llvm::StringRef(bytes).slice(offsets[id], offsets[id + 1]);
  }
};

} // namespace ignis::tokenizer

#endif // IGNIS_LIB_TOKENIZER_TOKENIZERDATA_H
