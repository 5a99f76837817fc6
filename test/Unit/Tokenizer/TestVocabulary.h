//===- TestVocabulary.h - vocabularies for tests ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A small vocabulary whose every merge a test can name, and the real one of Qwen2.5. Both as GGUF
// files in memory, so that tests go the way of a model.

#ifndef IGNIS_TEST_UNIT_TOKENIZER_TESTVOCABULARY_H
#define IGNIS_TEST_UNIT_TOKENIZER_TESTVOCABULARY_H

#include "../GGUF/GGUFBuilder.h"

#include "ignis/Tokenizer/Tokenizer.h"

#include <memory>
#include <string>
#include <vector>

namespace ignis::tokenizer::test {

using Ids = std::vector<int32_t>;

/// The character that stands for a byte in token texts, UTF-8.
std::string byteCharacter(uint8_t byte);
/// The same for all bytes of a text.
std::string byteCharacters(const std::string &bytes);

/// Tokens, types and merges, to be changed before they become a file.
struct Vocabulary {
  std::vector<std::string> tokens; // as a file has them
  std::vector<int32_t> types;
  std::vector<std::string> merges;

  /// The 256 bytes: id = byte.
  static Vocabulary bytes();
  /// Appends a merge of the tokens that two texts make, and the token it gives.
  Vocabulary &merge(const std::string &left, const std::string &right);
  int32_t add(const std::string &token, TokenKind kind);

  gguf::test::Builder file() const;
};

/// bytes(), then 256 "he", 257 "ll", 258 "hell", 259 "hello", 260 " hello", 261 "e<acute>" in NFC,
/// and the special tokens 262 <|endoftext|>, 263 <|im_start|>, 264 <|im_end|> (control), 265 <tool>
/// (user-defined).
Vocabulary smallVocabulary();

/// The tokenizer in a file's metadata; aborts with the message if there is none.
std::unique_ptr<Tokenizer> load(gguf::test::Builder file);
/// The message with which loading fails, without the file's name; empty if it does not.
std::string loadError(gguf::test::Builder file);

/// data/tokenizers/qwen2 with the tokens that Qwen2.5 adds, padded to 151,936.
const Vocabulary &qwen2Vocabulary();
/// Its tokenizer, which normalises to NFC.
const Tokenizer &qwen2();

/// A file of the source tree.
std::string readFile(const std::string &path);

} // namespace ignis::tokenizer::test

#endif // IGNIS_TEST_UNIT_TOKENIZER_TESTVOCABULARY_H
