//===- Tokenizer.cpp - text to token ids and back ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The steps of encoding, in the referee's order: special tokens are cut out; each text between them
// is normalised, then cut into words; the bytes of a word are merged.

#include "ignis/Tokenizer/Tokenizer.h"

#include "TokenizerData.h"
#include "UTF8.h"
#include "Unicode.h"

#include <algorithm>

using namespace ignis::tokenizer;
using llvm::StringRef;

namespace ignis::tokenizer {
/// What one call of encode() builds and uses.
struct EncodeState {
  std::vector<int32_t> ids;
  MergeTable::Scratch scratch;
};
} // namespace ignis::tokenizer

Tokenizer::Tokenizer(std::unique_ptr<Data> data) : data(std::move(data)) {}
Tokenizer::~Tokenizer() = default;

std::vector<int32_t> Tokenizer::encode(StringRef text, bool parseSpecial) const {
  EncodeState state;
  state.ids.reserve(text.size() / 3 + 8);
  data->specials.split(
      text, parseSpecial, [&](StringRef plain) { encodeText(plain, state); },
      [&](int32_t id) { state.ids.push_back(id); });
  return std::move(state.ids);
}

/// Encodes text without special tokens: stretches of UTF-8, and single bytes between them.
void Tokenizer::encodeText(StringRef text, EncodeState &state) const {
  // A word longer than this is merged in parts: ranks and positions share 64 bits.
  constexpr size_t maxWord = size_t(1) << 30;
  auto word = [&](StringRef bytes) {
    for (; !bytes.empty(); bytes = bytes.drop_front(std::min(bytes.size(), maxWord))) {
      size_t begin = state.ids.size();
      for (char byte : bytes.take_front(maxWord))
        state.ids.push_back(data->byteTokens[static_cast<uint8_t>(byte)]);
      data->merges.apply(state.ids, begin, state.scratch);
    }
  };
  while (!text.empty()) {
    TextTraits traits = inspect(text);
    StringRef valid = text.take_front(traits.length);
    if (data->nfc && traits.unstable)
      data->preTokenizer.split(normalizeNFC(valid), traits.reclassified, word);
    else
      data->preTokenizer.split(valid, traits.reclassified, word);
    text = text.drop_front(traits.length);
    if (text.empty())
      return;
    unsigned invalid = firstCharacter(text).length;
    for (char byte : text.take_front(invalid))
      state.ids.push_back(data->byteTokens[static_cast<uint8_t>(byte)]);
    text = text.drop_front(invalid);
  }
}

StringRef Tokenizer::decode(int32_t id) const {
  if (id < 0 || id >= size())
    return {};
  return data->token(id);
}

std::string Tokenizer::decode(llvm::ArrayRef<int32_t> ids) const {
  std::string out;
  for (int32_t id : ids)
    out += decode(id);
  return out;
}

int64_t Tokenizer::size() const { return data->kinds.size(); }

TokenKind Tokenizer::kind(int32_t id) const {
  return id < 0 || id >= size() ? TokenKind::Unused : data->kinds[id];
}

bool Tokenizer::isControl(int32_t id) const {
  TokenKind k = kind(id);
  return k == TokenKind::Control || k == TokenKind::Unknown;
}

std::optional<int32_t> Tokenizer::specialToken(StringRef text) const {
  return data->specials.find(text);
}

bool Tokenizer::isEndOfText(int32_t id) const {
  return std::find(data->endOfText.begin(), data->endOfText.end(), id) != data->endOfText.end();
}

llvm::ArrayRef<int32_t> Tokenizer::endOfText() const { return data->endOfText; }
std::optional<int32_t> Tokenizer::bos() const { return data->bos; }
std::optional<int32_t> Tokenizer::padding() const { return data->padding; }
bool Tokenizer::addBos() const { return data->addBos; }
bool Tokenizer::normalizesToNFC() const { return data->nfc; }
StringRef Tokenizer::chatTemplate() const { return data->chatTemplate; }
