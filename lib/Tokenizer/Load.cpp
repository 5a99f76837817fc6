//===- Load.cpp - a tokenizer from a file's metadata ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Checks everything that encoding and decoding rely on, so that these cannot fail. Files differ in
// harmless ways, which pass: two tokens of one text (encoding uses the first), empty tokens, no
// token types, no special ids.

#include "TokenIndex.h"
#include "TokenizerData.h"
#include "UTF8.h"

#include "ignis/GGUF/File.h"

#include "llvm/ADT/SmallString.h"

#include <algorithm>

using namespace ignis::tokenizer;
using ignis::gguf::escape;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

namespace {
/// The characters that stand for bytes in token texts, as GPT-2 chose them: printable ones of
/// Latin-1 for themselves, the others by the characters from U+0100 on.
struct ByteAlphabet {
  std::array<std::string, 256> characters; // UTF-8, by byte
  std::array<int16_t, 0x144> bytes;        // by code point; -1: stands for none

  ByteAlphabet() {
    bytes.fill(-1);
    unsigned shifted = 0x100;
    for (unsigned byte = 0; byte != 256; ++byte) {
      bool plain = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte != 0xad);
      unsigned point = plain ? byte : shifted++;
      bytes[point] = byte;
      if (point >= 0x80)
        characters[byte] += static_cast<char>(0xc0 | point >> 6);
      characters[byte] += static_cast<char>(point < 0x80 ? point : 0x80 | (point & 0x3f));
    }
  }

  /// Appends the bytes of a token to `out`; its text itself if not all of it is of the alphabet.
  void decode(StringRef text, std::string &out) const {
    auto isASCII = [](char c) { return static_cast<uint8_t>(c) < 0x80; };
    size_t before = out.size();
    if (!std::all_of(text.begin(), text.end(), isASCII)) { // ASCII stands for itself
      StringRef rest = text;
      while (!rest.empty()) {
        Character c = firstCharacter(rest);
        if (c.status != Character::Valid || c.codePoint >= bytes.size() || bytes[c.codePoint] < 0)
          break;
        out += static_cast<char>(bytes[c.codePoint]);
        rest = rest.drop_front(c.length);
      }
      if (rest.empty())
        return;
      out.resize(before);
    }
    out.append(text.data(), text.size());
  }
};
} // namespace

namespace ignis::tokenizer {
class Loader {
public:
  explicit Loader(const gguf::File &file) : file(file) {}
  Expected<std::unique_ptr<Tokenizer>> load();

private:
  Error fault(StringRef key, const Twine &what) const {
    return file.error("key '" + key + "': " + what);
  }
  Error expect(StringRef key, StringRef wanted) const;
  Error readKinds(size_t count, std::vector<TokenKind> &kinds) const;
  Error readBytes(Tokenizer::Data &data) const;
  Error readByteTokens(TokenIndex &index, Tokenizer::Data &data) const;
  Expected<std::vector<Merge>> readMerges(TokenIndex &index) const;
  Error readSpecials(Tokenizer::Data &data) const;
  Expected<std::optional<int32_t>> readId(StringRef key) const;
  Error readEndOfText(Tokenizer::Data &data) const;
  Error readSettings(Tokenizer::Data &data) const;

  static constexpr StringRef tokensKey = "tokenizer.ggml.tokens";
  static constexpr StringRef kindsKey = "tokenizer.ggml.token_type";
  static constexpr StringRef mergesKey = "tokenizer.ggml.merges";

  const gguf::File &file;
  const ByteAlphabet alphabet;
  std::vector<StringRef> tokens; // as the file has them, by id
};
} // namespace ignis::tokenizer

Error Loader::expect(StringRef key, StringRef wanted) const {
  Expected<StringRef> found = file.getString(key);
  if (!found)
    return found.takeError();
  if (*found != wanted)
    return fault(key, "expected " + wanted + ", got '" + escape(*found, 64) + "'");
  return Error::success();
}

Error Loader::readKinds(size_t count, std::vector<TokenKind> &kinds) const {
  kinds.assign(count, TokenKind::Normal);
  if (!file.find(kindsKey))
    return Error::success();
  Expected<gguf::IntegerArray> types = file.getIntegerArray(kindsKey);
  if (!types)
    return types.takeError();
  if (types->size() != count)
    return fault(kindsKey, "expected " + Twine(count) + " types, one for each token, got " +
                               Twine(types->size()));
  for (size_t id = 0; id != count; ++id) {
    int64_t type = (*types)[id];
    if (type < 1 || type > 6)
      return fault(kindsKey,
                   "token " + Twine(id) + ": expected a type from 1 to 6, got " + Twine(type));
    kinds[id] = static_cast<TokenKind>(type);
  }
  return Error::success();
}

Error Loader::readBytes(Tokenizer::Data &data) const {
  uint64_t total = 0; // of the texts in the file, which are no shorter than their bytes
  for (StringRef token : tokens)
    total += token.size();
  if (total > UINT32_MAX)
    return fault(tokensKey, "expected less than 4 GiB of text, got " + Twine(total) + " bytes");
  data.bytes.reserve(total);
  data.offsets.reserve(tokens.size() + 1);
  for (size_t id = 0; id != tokens.size(); ++id) {
    data.offsets.push_back(data.bytes.size());
    TokenKind kind = data.kinds[id];
    if (kind == TokenKind::Normal || kind == TokenKind::Byte || kind == TokenKind::Unused)
      alphabet.decode(tokens[id], data.bytes);
    else
      data.bytes.append(tokens[id].data(), tokens[id].size());
  }
  data.offsets.push_back(data.bytes.size());
  return Error::success();
}

Error Loader::readByteTokens(TokenIndex &index, Tokenizer::Data &data) const {
  for (unsigned byte = 0; byte != 256; ++byte) {
    data.byteTokens[byte] = index.find(alphabet.characters[byte]);
    if (data.byteTokens[byte] < 0)
      return fault(tokensKey, "expected a token for each byte, got none for byte " + Twine(byte));
  }
  return Error::success();
}

Expected<std::vector<Merge>> Loader::readMerges(TokenIndex &index) const {
  Expected<gguf::StringArray> lines = file.getStringArray(mergesKey);
  if (!lines)
    return lines.takeError();
  if (lines->size() > INT32_MAX)
    return fault(mergesKey, "expected at most 2147483647 merges, got " + Twine(lines->size()));
  std::vector<Merge> merges;
  merges.reserve(lines->size());
  int32_t likely = 0; // most vocabularies are in the order of their merges
  llvm::SmallString<64> joined;
  for (StringRef line : *lines) {
    auto refuse = [&](const Twine &what) {
      return fault(mergesKey,
                   "merge " + Twine(merges.size()) + " '" + escape(line, 64) + "': " + what);
    };
    auto [left, right] = line.split(' ');
    if (left.empty() || right.empty() || right.contains(' '))
      return refuse("expected two tokens and one space between them");
    joined.assign({left, right});
    Merge merge{index.find(left), index.find(right), likely};
    if (static_cast<size_t>(likely) >= tokens.size() || tokens[likely] != joined)
      merge.result = index.find(joined);
    for (auto [text, id] : {std::pair(left, merge.left), std::pair(right, merge.right),
                            std::pair(StringRef(joined), merge.result)})
      if (id < 0)
        return refuse("expected tokens of the vocabulary, got '" + escape(text, 64) + "'");
    likely = merge.result + 1;
    merges.push_back(merge);
  }
  return merges;
}

Error Loader::readSpecials(Tokenizer::Data &data) const {
  std::vector<SpecialTokens::Token> specials;
  for (size_t id = 0; id != tokens.size(); ++id) {
    TokenKind kind = data.kinds[id];
    bool control = kind == TokenKind::Control || kind == TokenKind::Unknown;
    if ((!control && kind != TokenKind::UserDefined) || tokens[id].empty())
      continue;
    if (tokens[id].size() > SpecialTokens::maxLength)
      return fault(tokensKey, "token " + Twine(id) + ": expected a special token of at most " +
                                  Twine(SpecialTokens::maxLength) + " bytes, got " +
                                  Twine(tokens[id].size()));
    specials.push_back({data.token(id), static_cast<int32_t>(id), control});
  }
  data.specials = SpecialTokens(std::move(specials));
  return Error::success();
}

Expected<std::optional<int32_t>> Loader::readId(StringRef key) const {
  if (!file.find(key))
    return std::nullopt;
  Expected<int64_t> id = file.getInteger(key);
  if (!id)
    return id.takeError();
  if (*id < 0 || static_cast<uint64_t>(*id) >= tokens.size())
    return fault(key, "expected an id below " + Twine(tokens.size()) +
                          ", the number of tokens, got " + Twine(*id));
  return static_cast<int32_t>(*id);
}

Error Loader::readEndOfText(Tokenizer::Data &data) const {
  auto add = [&](int32_t id) {
    if (std::find(data.endOfText.begin(), data.endOfText.end(), id) == data.endOfText.end())
      data.endOfText.push_back(id);
  };
  for (StringRef key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                        "tokenizer.ggml.eom_token_id"}) {
    Expected<std::optional<int32_t>> id = readId(key);
    if (!id)
      return id.takeError();
    if (*id)
      add(**id);
  }
  StringRef listKey = "ignis.tokenizer.eos_token_ids";
  if (file.find(listKey)) {
    Expected<gguf::IntegerArray> ids = file.getIntegerArray(listKey);
    if (!ids)
      return ids.takeError();
    if (ids->size() > 64)
      return fault(listKey, "expected at most 64 ids, got " + Twine(ids->size()));
    for (uint64_t i = 0; i != ids->size(); ++i) {
      int64_t id = (*ids)[i];
      if (id < 0 || static_cast<uint64_t>(id) >= tokens.size())
        return fault(listKey, "expected ids below " + Twine(tokens.size()) +
                                  ", the number of tokens, got " + Twine(id));
      add(static_cast<int32_t>(id));
    }
  }
  // A file names one of the two as a rule; a model may end with either.
  for (StringRef text : {"<|endoftext|>", "<|im_end|>"})
    if (std::optional<int32_t> id = data.specials.find(text))
      if (data.kinds[*id] == TokenKind::Control)
        add(*id);
  return Error::success();
}

Error Loader::readSettings(Tokenizer::Data &data) const {
  Expected<std::optional<int32_t>> bos = readId("tokenizer.ggml.bos_token_id");
  if (!bos)
    return bos.takeError();
  data.bos = *bos;
  Expected<std::optional<int32_t>> padding = readId("tokenizer.ggml.padding_token_id");
  if (!padding)
    return padding.takeError();
  data.padding = *padding;

  StringRef addBosKey = "tokenizer.ggml.add_bos_token";
  Expected<bool> addBos = file.getBool(addBosKey, false);
  if (!addBos)
    return addBos.takeError();
  if (*addBos && !data.bos)
    return fault(addBosKey, "expected a tokenizer.ggml.bos_token_id beside it, got none");
  data.addBos = *addBos;

  // Qwen2's own tokenizer normalises; other programs' files do not say so.
  Expected<bool> nfc = file.getBool("ignis.tokenizer.nfc", true);
  if (!nfc)
    return nfc.takeError();
  data.nfc = *nfc;

  Expected<StringRef> chatTemplate = file.getString("tokenizer.chat_template", "");
  if (!chatTemplate)
    return chatTemplate.takeError();
  data.chatTemplate = chatTemplate->str();
  return Error::success();
}

Expected<std::unique_ptr<Tokenizer>> Loader::load() {
  if (Error error = expect("tokenizer.ggml.model", "gpt2"))
    return error;
  if (Error error = expect("tokenizer.ggml.pre", "qwen2"))
    return error;
  Expected<gguf::StringArray> list = file.getStringArray(tokensKey);
  if (!list)
    return list.takeError();
  if (list->empty() || list->size() > INT32_MAX)
    return fault(tokensKey, "expected 1 to 2147483647 tokens, got " + Twine(list->size()));
  tokens = list->index();

  TokenIndex index(tokens);
  Expected<std::vector<Merge>> merges = readMerges(index);
  if (!merges)
    return merges.takeError();
  Expected<PreTokenizer> preTokenizer = PreTokenizer::create();
  if (!preTokenizer)
    return preTokenizer.takeError();
  auto data =
      std::make_unique<Tokenizer::Data>(MergeTable(std::move(*merges)), std::move(*preTokenizer));
  if (Error error = readByteTokens(index, *data))
    return error;
  if (Error error = readKinds(tokens.size(), data->kinds))
    return error;
  if (Error error = readBytes(*data))
    return error;
  if (Error error = readSpecials(*data))
    return error;
  if (Error error = readEndOfText(*data))
    return error;
  if (Error error = readSettings(*data))
    return error;
  return std::unique_ptr<Tokenizer>(new Tokenizer(std::move(data)));
}

Expected<std::unique_ptr<Tokenizer>> Tokenizer::create(const gguf::File &file) {
  return Loader(file).load();
}
