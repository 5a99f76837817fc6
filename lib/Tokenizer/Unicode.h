//===- Unicode.h - the properties of characters that are frozen in ignis ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The referee's tables are of two Unicode versions (its pattern's and its normaliser's), PCRE2's
// and utf8proc's of others again. What matters of the referee's is written down in
// UnicodeTables.inc.

#ifndef IGNIS_LIB_TOKENIZER_UNICODE_H
#define IGNIS_LIB_TOKENIZER_UNICODE_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace ignis::tokenizer {

/// What the pre-tokenizer's pattern sees in a character.
enum class PatternClass : uint8_t { Letter = 0, Number = 1, Other = 2 };

/// The class of a character on which Unicode versions differ; none for all others.
std::optional<PatternClass> reclassified(uint32_t codePoint);

/// True for a character that normalisation to NFC may change, move, or join with the one before.
bool isUnstable(uint32_t codePoint);

/// What encode() has to know of a stretch of text.
struct TextTraits {
  size_t length = 0;         ///< bytes of valid UTF-8 at its beginning
  bool reclassified = false; ///< some characters in them are reclassified()
  bool unstable = false;     ///< some are isUnstable()
};
TextTraits inspect(llvm::StringRef text);

/// `text`, valid UTF-8, in NFC as the referee has it: what came after Unicode 9 stays as it is.
std::string normalizeNFC(llvm::StringRef text);

} // namespace ignis::tokenizer

#endif // IGNIS_LIB_TOKENIZER_UNICODE_H
