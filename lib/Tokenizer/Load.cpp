//===- Load.cpp - a vocabulary from a GGUF file's metadata ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Tokens are written in GPT-2's alphabet, where every byte is a printable character; merges are pairs of such texts.

#include "Data.h"
#include "UTF8.h"

#include "ignis/GGUF/File.h"

#include "llvm/Support/xxhash.h"

#include <algorithm>
#include <cstring>

using namespace ignis::tokenizer;
using llvm::StringRef;

void MergeTable::reserve(size_t count) {
  size_t capacity = 16;
  while (capacity < 2 * count)
    capacity *= 2;
  keys.assign(capacity, kEmpty);
  merges.resize(capacity);
  mask = capacity - 1;
}

void MergeTable::insert(uint32_t left, uint32_t right, Merge merge) {
  uint64_t key = uint64_t(left) << 32 | right;
  size_t i = hash(key) & mask;
  for (; keys[i] != kEmpty; i = (i + 1) & mask)
    if (keys[i] == key)
      return;
  keys[i] = key;
  merges[i] = merge;
}

namespace {
/// Text -> id, during loading alone.
class TokenIndex {
public:
  explicit TokenIndex(const std::vector<StringRef> &tokens) : tokens(tokens) {
    size_t capacity = 16;
    while (capacity < 2 * tokens.size())
      capacity *= 2;
    slots.assign(capacity, 0);
    mask = capacity - 1;
  }
  void insert(uint32_t id) {
    size_t i = hash(tokens[id]) & mask;
    for (; slots[i]; i = (i + 1) & mask)
      if (tokens[slots[i] - 1] == tokens[id])
        return; // The first of equal texts counts.
    slots[i] = id + 1;
  }
  std::optional<uint32_t> find(StringRef text) const {
    for (size_t i = hash(text) & mask; slots[i]; i = (i + 1) & mask)
      if (tokens[slots[i] - 1] == text)
        return slots[i] - 1;
    return std::nullopt;
  }

private:
  static uint64_t hash(StringRef text) {
    return llvm::xxh3_64bits({reinterpret_cast<const uint8_t *>(text.data()), text.size()});
  }
  const std::vector<StringRef> &tokens;
  std::vector<uint32_t> slots;
  size_t mask;
};

/// GPT-2's alphabet: printable Latin-1 stands for itself, the other 68 bytes follow from U+0100 on.
struct ByteAlphabet {
  int16_t byteOf[0x144];
  ByteAlphabet() {
    std::fill(std::begin(byteOf), std::end(byteOf), int16_t(-1));
    int next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
      byteOf[printable ? byte : next++] = static_cast<int16_t>(byte);
    }
  }
  /// Appends the bytes of `text`; a text with other characters stands for itself.
  void append(StringRef text, std::string &out) const {
    size_t before = out.size();
    for (StringRef rest = text; !rest.empty();) {
      Character character = firstCharacter(rest);
      if (character.status != Character::Valid || character.codePoint >= 0x144 || byteOf[character.codePoint] < 0) {
        out.resize(before);
        out += text;
        return;
      }
      out += static_cast<char>(byteOf[character.codePoint]);
      rest = rest.drop_front(character.length);
    }
  }
};
} // namespace

namespace ignis::tokenizer {
class Loader {
public:
  Loader(const gguf::File &file, Tokenizer::Data &data) : file(file), data(data) {}

  llvm::Error run() {
    if (llvm::Error error = checkKind())
      return error;
    llvm::Expected<gguf::StringArray> tokens = file.getStringArray("tokenizer.ggml.tokens");
    if (!tokens)
      return tokens.takeError();
    if (tokens->size() == 0 || tokens->size() > INT32_MAX / 2)
      return file.error("tokenizer.ggml.tokens has " + llvm::Twine(tokens->size()) + " tokens, expected 1 to 1073741823");
    texts = tokens->index();
    if (llvm::Error error = loadTokens())
      return error;
    if (llvm::Error error = loadMerges())
      return error;
    return loadSpecial();
  }

private:
  llvm::Error checkKind() {
    for (auto [key, wanted] : {std::pair("tokenizer.ggml.model", "gpt2"), std::pair("tokenizer.ggml.pre", "qwen2")}) {
      llvm::Expected<StringRef> value = file.getString(key);
      if (!value)
        return value.takeError();
      if (*value != wanted)
        return file.error(llvm::Twine(key) + " is '" + gguf::escape(*value, 40) + "', expected '" + wanted + "'");
    }
    return llvm::Error::success();
  }

  llvm::Error loadTokens() {
    data.kinds.assign(texts.size(), TokenKind::Normal);
    if (file.find("tokenizer.ggml.token_type")) {
      llvm::Expected<gguf::IntegerArray> types = file.getIntegerArray("tokenizer.ggml.token_type");
      if (!types)
        return types.takeError();
      if (types->size() != texts.size())
        return file.error("tokenizer.ggml.token_type has " + llvm::Twine(types->size()) + " entries, expected " +
                          llvm::Twine(texts.size()) + ", one for each token");
      for (size_t i = 0; i < texts.size(); ++i) {
        int64_t type = (*types)[i];
        if (type < 1 || type > 6)
          return file.error("tokenizer.ggml.token_type[" + llvm::Twine(i) + "] is " + llvm::Twine(type) + ", expected 1 to 6");
        data.kinds[i] = static_cast<TokenKind>(type);
      }
    }
    static const ByteAlphabet alphabet;
    data.begins.reserve(texts.size() + 1);
    for (size_t i = 0; i < texts.size(); ++i) {
      data.begins.push_back(static_cast<uint32_t>(data.bytes.size()));
      if (isText(i))
        alphabet.append(texts[i], data.bytes);
      else
        data.bytes += texts[i];
      if (data.bytes.size() > UINT32_MAX / 2)
        return file.error("tokenizer.ggml.tokens has more than 2 GiB of text");
    }
    data.begins.push_back(static_cast<uint32_t>(data.bytes.size()));
    std::fill(std::begin(data.byteTokens), std::end(data.byteTokens), UINT32_MAX);
    for (size_t i = texts.size(); i-- > 0;)
      if (isText(i) && data.begins[i + 1] - data.begins[i] == 1)
        data.byteTokens[static_cast<uint8_t>(data.bytes[data.begins[i]])] = static_cast<uint32_t>(i);
    for (int byte = 0; byte < 256; ++byte)
      if (data.byteTokens[byte] == UINT32_MAX)
        return file.error("tokenizer.ggml.tokens has no token for byte " + llvm::Twine(byte));
    return llvm::Error::success();
  }

  llvm::Error loadMerges() {
    llvm::Expected<gguf::StringArray> merges = file.getStringArray("tokenizer.ggml.merges");
    if (!merges)
      return merges.takeError();
    TokenIndex index(texts);
    for (size_t i = 0; i < texts.size(); ++i)
      if (isText(i))
        index.insert(static_cast<uint32_t>(i));
    data.merges.reserve(merges->size());
    std::string joined;
    uint32_t rank = 0;
    for (StringRef merge : *merges) {
      // The space between the two is never their first character.
      size_t space = merge.find(' ', 1);
      StringRef left = merge.take_front(space), right = space == StringRef::npos ? StringRef() : merge.drop_front(space + 1);
      joined.assign(left.data(), left.size());
      joined.append(right.data(), right.size());
      auto leftId = index.find(left), rightId = index.find(right), result = index.find(joined);
      if (right.empty() || !leftId || !rightId || !result)
        return file.error("tokenizer.ggml.merges[" + llvm::Twine(rank) + "] is '" + gguf::escape(merge, 60) +
                          "', expected two tokens with a space between that make a third");
      data.merges.insert(*leftId, *rightId, {rank++, *result});
    }
    return llvm::Error::success();
  }

  llvm::Error loadSpecial() {
    for (size_t i = 0; i < texts.size(); ++i) {
      TokenKind kind = data.kinds[i];
      if ((kind == TokenKind::Control || kind == TokenKind::Unknown || kind == TokenKind::UserDefined) && !texts[i].empty())
        data.special[static_cast<uint8_t>(texts[i][0])].push_back(static_cast<int32_t>(i));
    }
    for (std::vector<int32_t> &ids : data.special)
      std::stable_sort(ids.begin(), ids.end(), [&](int32_t a, int32_t b) { return data.text(a).size() > data.text(b).size(); });
    std::optional<int32_t> eos, eot;
    for (auto [key, target] : {std::pair("tokenizer.ggml.eos_token_id", &eos), std::pair("tokenizer.ggml.eot_token_id", &eot),
                               std::pair("tokenizer.ggml.bos_token_id", &data.bos),
                               std::pair("tokenizer.ggml.padding_token_id", &data.padding)})
      if (llvm::Error error = readId(key, *target))
        return error;
    auto addEnd = [&](std::optional<int32_t> id) {
      if (id && !llvm::is_contained(data.endOfText, *id))
        data.endOfText.push_back(*id);
    };
    addEnd(eos);
    addEnd(eot);
    for (StringRef text : {"<|im_end|>", "<|endoftext|>"})
      for (int32_t id : data.special[static_cast<uint8_t>('<')])
        if (data.text(id) == text)
          addEnd(id);
    auto addBos = file.getBool("tokenizer.ggml.add_bos_token", false);
    if (!addBos)
      return addBos.takeError();
    auto nfc = file.getBool("ignis.tokenizer.nfc", true);
    if (!nfc)
      return nfc.takeError();
    auto chat = file.getString("tokenizer.chat_template", "");
    if (!chat)
      return chat.takeError();
    data.addBos = *addBos;
    data.nfc = *nfc;
    data.chatTemplate = chat->str();
    return llvm::Error::success();
  }

  llvm::Error readId(const char *key, std::optional<int32_t> &out) {
    if (!file.find(key))
      return llvm::Error::success();
    llvm::Expected<int64_t> id = file.getInteger(key);
    if (!id)
      return id.takeError();
    if (*id < 0 || *id >= data.size())
      return file.error(llvm::Twine(key) + " is " + llvm::Twine(*id) + ", expected 0 to " + llvm::Twine(data.size() - 1));
    out = static_cast<int32_t>(*id);
    return llvm::Error::success();
  }

  bool isText(size_t i) const { return data.kinds[i] == TokenKind::Normal || data.kinds[i] == TokenKind::Byte; }

  const gguf::File &file;
  Tokenizer::Data &data;
  std::vector<StringRef> texts;
};
} // namespace ignis::tokenizer

llvm::Expected<std::unique_ptr<Tokenizer>> Tokenizer::create(const gguf::File &file) {
  llvm::Expected<PreTokenizer> preTokenizer = PreTokenizer::create();
  if (!preTokenizer)
    return preTokenizer.takeError();
  auto data = std::make_unique<Data>(std::move(*preTokenizer));
  if (llvm::Error error = Loader(file, *data).run())
    return std::move(error);
  return std::unique_ptr<Tokenizer>(new Tokenizer(std::move(data)));
}
