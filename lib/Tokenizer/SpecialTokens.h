//===- SpecialTokens.h - finds tokens that stand in text as they are --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Control and user-defined tokens are cut out of a text before anything else is done to it.

#ifndef IGNIS_LIB_TOKENIZER_SPECIALTOKENS_H
#define IGNIS_LIB_TOKENIZER_SPECIALTOKENS_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <bitset>
#include <cstdint>
#include <optional>
#include <vector>

namespace ignis::tokenizer {

class SpecialTokens {
public:
  struct Token {
    llvm::StringRef text; ///< 1 to maxLength bytes, which live elsewhere
    int32_t id;
    bool control;
  };
  /// Longer ones are refused at load: finding takes as many steps at each byte of a text.
  static constexpr size_t maxLength = 1024;

  SpecialTokens() = default;
  /// Of tokens with one text the lowest id counts.
  explicit SpecialTokens(std::vector<Token> tokens);

  std::optional<int32_t> find(llvm::StringRef text) const;

  /// Cuts `text`: calls `plain` for text between tokens and `token` for tokens, in order. Leftmost
  /// longest matches count. Control tokens are text unless `parseControl` is set, but no token is
  /// looked for inside of one (so does the referee).
  void split(llvm::StringRef text, bool parseControl,
             llvm::function_ref<void(llvm::StringRef)> plain,
             llvm::function_ref<void(int32_t)> token) const;

private:
  const Token *longestAt(llvm::StringRef text) const;

  std::vector<Token> sorted; // by text
  std::bitset<256> leads;    // bytes that tokens begin with
};

} // namespace ignis::tokenizer

#endif // IGNIS_LIB_TOKENIZER_SPECIALTOKENS_H
