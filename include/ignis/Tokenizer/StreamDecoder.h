//===- StreamDecoder.h - text of tokens as they are generated ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A token may end in the middle of a character. The decoder holds such bytes back until the rest
// has come, so what it returns is whole characters of valid UTF-8, ready to print.

#ifndef IGNIS_TOKENIZER_STREAMDECODER_H
#define IGNIS_TOKENIZER_STREAMDECODER_H

#include "ignis/Tokenizer/Tokenizer.h"

#include <string>

namespace ignis::tokenizer {

struct StreamOptions {
  /// True: bytes that cannot be part of a character become U+FFFD, one for each longest prefix of a
  /// character, as Python and the Unicode standard do. False: they pass as they are.
  bool replaceInvalid = true;
  /// True leaves control tokens out. User-defined ones are text.
  bool skipControl = true;
};

class StreamDecoder {
public:
  /// The tokenizer must outlive the decoder.
  explicit StreamDecoder(const Tokenizer &tokenizer, StreamOptions options = {})
      : tokenizer(tokenizer), options(options) {}

  /// Takes one more token; returns the characters that are now complete, perhaps none.
  std::string push(int32_t id);
  /// Ends the text: returns what was held back (at most 3 bytes, or one U+FFFD). The decoder can
  /// then begin another text.
  std::string flush();
  /// True if an unfinished character is held back.
  bool pending() const { return !held.empty(); }

private:
  std::string drain(bool final);

  const Tokenizer &tokenizer;
  StreamOptions options;
  std::string held; // the beginning of a character
};

} // namespace ignis::tokenizer

#endif // IGNIS_TOKENIZER_STREAMDECODER_H
