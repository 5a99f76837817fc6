//===- PreTokenizer.h - cuts text into the words that merges stay within ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Qwen2's pattern, run by PCRE2's JIT. PCRE2's idea of letters, digits and spaces depends on the
// Unicode version it was built with; the ids of a text must not. So characters on which versions
// differ are shown to it as others of the class that the referee puts them in.

#ifndef IGNIS_LIB_TOKENIZER_PRETOKENIZER_H
#define IGNIS_LIB_TOKENIZER_PRETOKENIZER_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>

namespace ignis::tokenizer {

class PreTokenizer {
public:
  static llvm::Expected<PreTokenizer> create();

  /// Calls `word` for each word of `text`, in order, words covering it. The text must be valid
  /// UTF-8; `ambiguous` says that some of its characters are isReclassified().
  void split(llvm::StringRef text, bool ambiguous,
             llvm::function_ref<void(llvm::StringRef)> word) const;

private:
  struct Code;
  explicit PreTokenizer(std::shared_ptr<const Code> code) : code(std::move(code)) {}

  std::shared_ptr<const Code> code;
};

} // namespace ignis::tokenizer

#endif // IGNIS_LIB_TOKENIZER_PRETOKENIZER_H
