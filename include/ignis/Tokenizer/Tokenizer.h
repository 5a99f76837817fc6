//===- Tokenizer.h - text to token ids and back -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The byte-level BPE of the Qwen2 family, read from a GGUF file's metadata. Ids are those of the
// model's own tokenizer (the Python package `tokenizers`), for every text. Every byte string can be
// encoded and every sequence of ids decoded. Knows nothing of MLIR.

#ifndef IGNIS_TOKENIZER_TOKENIZER_H
#define IGNIS_TOKENIZER_TOKENIZER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ignis::gguf {
class File;
}

namespace ignis::tokenizer {

/// What a token is, by its number in tokenizer.ggml.token_type.
enum class TokenKind : uint8_t {
  Normal = 1,      ///< text, made by merges
  Unknown = 2,     ///< like Control
  Control = 3,     ///< special: parsed in text only where asked for
  UserDefined = 4, ///< always parsed in text, before merges
  Unused = 5,      ///< padding of the vocabulary, never produced by encode()
  Byte = 6,        ///< like Normal
};

/// One turn of a conversation.
struct ChatMessage {
  llvm::StringRef role;    ///< "system", "user" or "assistant"
  llvm::StringRef content; ///< any bytes; special tokens in it are text
};

struct ChatOptions {
  bool defaultSystem = true;    ///< begin with the template's system message if none is given
  bool generationPrompt = true; ///< end with the beginning of the assistant's turn
};

/// Immutable once created, so any number of threads may use one.
class Tokenizer {
public:
  /// Reads the keys `tokenizer.*` and `ignis.tokenizer.*`. Everything is copied: the file may go.
  /// Refused, each with one line that names the key: another model than gpt2 or pre-tokenizer than
  /// qwen2; ids outside the vocabulary; merges that do not name tokens; a byte without a token.
  static llvm::Expected<std::unique_ptr<Tokenizer>> create(const gguf::File &file);
  ~Tokenizer();

  // --- Text to ids ----------------------------------------------------------------------------
  /// The ids of `text`, any bytes: those that are not UTF-8 become the tokens of single bytes.
  /// User-defined tokens in it are always parsed, control tokens such as <|im_end|> only with
  /// `parseSpecial`. Adds no token of its own; see addBos().
  std::vector<int32_t> encode(llvm::StringRef text, bool parseSpecial = false) const;

  /// The ids of a conversation in ChatML, the format of Qwen2's chat models:
  ///   <|im_start|>ROLE\nCONTENT<|im_end|>\n
  /// An error if the model lacks these tokens, has a template of another format, or a role is none
  /// of the three.
  llvm::Expected<std::vector<int32_t>> applyChat(llvm::ArrayRef<ChatMessage> messages,
                                                 ChatOptions options = {}) const;

  // --- Ids to text ----------------------------------------------------------------------------
  /// The bytes of a token, perhaps part of a character; empty for an id that is none. Valid as long
  /// as the tokenizer. See StreamDecoder for text as it is generated.
  llvm::StringRef decode(int32_t id) const;
  /// The same, joined.
  std::string decode(llvm::ArrayRef<int32_t> ids) const;

  // --- The vocabulary -------------------------------------------------------------------------
  /// Number of tokens; ids lie below it.
  int64_t size() const;
  TokenKind kind(int32_t id) const; ///< Unused for an id that is none
  /// True for tokens that are not text (Control and Unknown).
  bool isControl(int32_t id) const;
  /// The control or user-defined token with this text.
  std::optional<int32_t> specialToken(llvm::StringRef text) const;

  /// True for tokens after which a model has nothing more to say.
  bool isEndOfText(int32_t id) const;
  /// All of them, the chief one (tokenizer.ggml.eos_token_id) first.
  llvm::ArrayRef<int32_t> endOfText() const;
  std::optional<int32_t> bos() const;
  std::optional<int32_t> padding() const;
  /// True if a text begins with bos(), which is for the caller to add.
  bool addBos() const;

  /// True if text is normalised to NFC before it is encoded.
  bool normalizesToNFC() const;
  /// The Jinja text in the file; empty if it has none. ignis does not run it (see applyChat).
  llvm::StringRef chatTemplate() const;

private:
  friend class Loader; // fills the data (Load.cpp)
  struct Data;
  explicit Tokenizer(std::unique_ptr<Data> data);
  void encodeText(llvm::StringRef text, struct EncodeState &state) const;

  std::unique_ptr<const Data> data;
};

} // namespace ignis::tokenizer

#endif // IGNIS_TOKENIZER_TOKENIZER_H
