//===- TestVocabulary.cpp - vocabularies for tests --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The byte alphabet is written down here a second time, so that the library's is tested.

#include "TestVocabulary.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdio>
#include <cstdlib>

using namespace ignis::tokenizer;
using namespace ignis::tokenizer::test;
using ignis::gguf::File;
using ignis::gguf::OpenOptions;
using ignis::gguf::test::Builder;

std::string test::byteCharacter(uint8_t byte) {
  // The 68 bytes that are not printable in Latin-1, in order, are U+0100 to U+0143.
  unsigned point = byte;
  if (byte <= 0x20)
    point = 0x100 + byte;
  else if (byte >= 0x7f && byte <= 0xa0)
    point = 0x121 + (byte - 0x7f);
  else if (byte == 0xad)
    point = 0x143;
  if (point < 0x80)
    return std::string(1, static_cast<char>(point));
  return {static_cast<char>(0xc0 | point >> 6), static_cast<char>(0x80 | (point & 0x3f))};
}

std::string test::byteCharacters(const std::string &bytes) {
  std::string out;
  for (char byte : bytes)
    out += byteCharacter(byte);
  return out;
}

Vocabulary Vocabulary::bytes() {
  Vocabulary v;
  for (int byte = 0; byte != 256; ++byte)
    v.add(byteCharacter(byte), TokenKind::Normal);
  return v;
}

int32_t Vocabulary::add(const std::string &token, TokenKind kind) {
  tokens.push_back(token);
  types.push_back(static_cast<int32_t>(kind));
  return tokens.size() - 1;
}

Vocabulary &Vocabulary::merge(const std::string &left, const std::string &right) {
  merges.push_back(byteCharacters(left) + " " + byteCharacters(right));
  add(byteCharacters(left + right), TokenKind::Normal);
  return *this;
}

Builder Vocabulary::file() const {
  Builder b;
  b.str("tokenizer.ggml.model", "gpt2").str("tokenizer.ggml.pre", "qwen2");
  b.strings("tokenizer.ggml.tokens", tokens).strings("tokenizer.ggml.merges", merges);
  b.raw("tokenizer.ggml.token_type", Builder::array(gguf::ValueType::I32, types));
  b.tensor("t", gguf::TensorType::F32, {1});
  return b;
}

Vocabulary test::smallVocabulary() {
  Vocabulary v = Vocabulary::bytes();
  v.merge("h", "e").merge("l", "l").merge("he", "ll").merge("hell", "o").merge(" ", "hello");
  v.merge("\xc3", "\xa9");
  for (const char *text : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"})
    v.add(text, TokenKind::Control);
  v.add("<tool>", TokenKind::UserDefined);
  return v;
}

std::unique_ptr<Tokenizer> test::load(Builder builder) {
  gguf::test::Bytes bytes = builder.build();
  auto tokenizer = Tokenizer::create(llvm::cantFail(File::fromMemory(bytes, "m.gguf")));
  if (!tokenizer) {
    std::fprintf(stderr, "%s\n", llvm::toString(tokenizer.takeError()).c_str());
    std::abort();
  }
  return std::move(*tokenizer);
}

std::string test::loadError(Builder builder) {
  gguf::test::Bytes bytes = builder.build();
  llvm::Expected<File> file = File::fromMemory(bytes, "m.gguf");
  if (!file)
    return "not opened: " + llvm::toString(file.takeError());
  auto tokenizer = Tokenizer::create(*file);
  if (tokenizer)
    return {};
  std::string message = llvm::toString(tokenizer.takeError());
  llvm::StringRef rest = message;
  return rest.consume_front("m.gguf: ") ? rest.str() : "no file named: " + message;
}

std::string test::readFile(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(IGNIS_SOURCE_DIR "/" + path);
  if (!buffer) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::abort();
  }
  return (*buffer)->getBuffer().str();
}

const Vocabulary &test::qwen2Vocabulary() {
  static const Vocabulary vocabulary = [] {
    Vocabulary v;
    auto json = llvm::cantFail(llvm::json::parse(readFile("data/tokenizers/qwen2/vocab.json")));
    v.tokens.resize(json.getAsObject()->size());
    for (const auto &[token, id] : *json.getAsObject())
      v.tokens.at(*id.getAsInteger()) = token.str();
    v.types.assign(v.tokens.size(), static_cast<int32_t>(TokenKind::Normal));
    std::string lines = readFile("data/tokenizers/qwen2/merges.txt");
    llvm::StringRef rest = lines;
    while (!rest.empty()) {
      auto [line, others] = rest.split('\n');
      if (!line.empty() && !line.starts_with("#version"))
        v.merges.push_back(line.rtrim("\r").str());
      rest = others;
    }
    for (const char *text :
         {"<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>",
          "<|object_ref_end|>", "<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>",
          "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"})
      v.add(text, TokenKind::Control);
    for (const char *text : {"<tool_call>", "</tool_call>"})
      v.add(text, TokenKind::UserDefined);
    for (const char *text : {"<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
                             "<|repo_name|>", "<|file_sep|>"})
      v.add(text, TokenKind::Control);
    while (v.tokens.size() < 151936)
      v.add("[PAD" + std::to_string(v.tokens.size()) + "]", TokenKind::Unused);
    return v;
  }();
  return vocabulary;
}

const Tokenizer &test::qwen2() {
  static const std::unique_ptr<Tokenizer> tokenizer =
      load(qwen2Vocabulary().file().u32("tokenizer.ggml.eos_token_id", 151645));
  return *tokenizer;
}
