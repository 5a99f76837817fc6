//===- UTF8.h - one character at a time -------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Strict UTF-8 (no surrogates, no overlong forms, nothing beyond U+10FFFF) that also tells a
// character cut short from one that can never become valid: streaming needs the difference.

#ifndef IGNIS_LIB_TOKENIZER_UTF8_H
#define IGNIS_LIB_TOKENIZER_UTF8_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace ignis::tokenizer {

struct Character {
  enum Status : uint8_t {
    Valid,
    Incomplete, ///< all the bytes there are begin a character, but do not end it
    Invalid,
  } status;
  /// Bytes: of the character; of the incomplete rest; or of the longest prefix of any character,
  /// at least 1, that an invalid sequence begins with.
  uint8_t length;
  uint32_t codePoint; ///< if valid
};

/// The first character of `text`, which is not empty.
inline Character firstCharacter(llvm::StringRef text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t lead = byte(0);
  if (lead < 0x80)
    return {Character::Valid, 1, lead};
  unsigned length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4)
    return {Character::Invalid, 1, 0};
  // The second byte's range is narrower after some leads (overlong forms, surrogates, the end).
  uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  uint32_t codePoint = lead & (0x7f >> length);
  for (unsigned i = 1; i != length; ++i) {
    if (i == text.size())
      return {Character::Incomplete, static_cast<uint8_t>(i), 0};
    if (byte(i) < low || byte(i) > high)
      return {Character::Invalid, static_cast<uint8_t>(i), 0};
    codePoint = codePoint << 6 | (byte(i) & 0x3f);
    low = 0x80;
    high = 0xbf;
  }
  return {Character::Valid, static_cast<uint8_t>(length), codePoint};
}

} // namespace ignis::tokenizer

#endif // IGNIS_LIB_TOKENIZER_UTF8_H
