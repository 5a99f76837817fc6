//===- Tokenizer.cpp - ids to text, and what is known of tokens ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Tokenizer.h.

#include "ignis/Tokenizer/Tokenizer.h"

#include "Data.h"

#include "llvm/ADT/STLExtras.h"

using namespace ignis::tokenizer;
using llvm::StringRef;

Tokenizer::Tokenizer(std::unique_ptr<Data> loaded) : data(std::move(loaded)) {}
Tokenizer::~Tokenizer() = default;

StringRef Tokenizer::decode(int32_t id) const {
  return id >= 0 && id < data->size() ? data->text(id) : StringRef();
}

std::string Tokenizer::decode(llvm::ArrayRef<int32_t> ids) const {
  std::string text;
  for (int32_t id : ids)
    text += decode(id);
  return text;
}

int64_t Tokenizer::size() const { return data->size(); }

TokenKind Tokenizer::kind(int32_t id) const {
  return id >= 0 && id < data->size() ? data->kinds[static_cast<size_t>(id)] : TokenKind::Unused;
}

bool Tokenizer::isControl(int32_t id) const {
  return kind(id) == TokenKind::Control || kind(id) == TokenKind::Unknown;
}

std::optional<int32_t> Tokenizer::specialToken(StringRef text) const {
  if (!text.empty())
    for (int32_t id : data->special[static_cast<uint8_t>(text[0])])
      if (data->text(id) == text)
        return id;
  return std::nullopt;
}

bool Tokenizer::isEndOfText(int32_t id) const { return llvm::is_contained(data->endOfText, id); }
llvm::ArrayRef<int32_t> Tokenizer::endOfText() const { return data->endOfText; }
std::optional<int32_t> Tokenizer::bos() const { return data->bos; }
std::optional<int32_t> Tokenizer::padding() const { return data->padding; }
bool Tokenizer::addBos() const { return data->addBos; }
bool Tokenizer::normalizesToNFC() const { return data->nfc; }
StringRef Tokenizer::chatTemplate() const { return data->chatTemplate; }

llvm::Expected<std::vector<int32_t>> Tokenizer::applyChat(llvm::ArrayRef<ChatMessage> messages,
                                                          ChatOptions options) const {
  std::optional<int32_t> start = specialToken("<|im_start|>"), end = specialToken("<|im_end|>");
  if (!start || !end)
    return llvm::createStringError("the model has no chat format: expected tokens <|im_start|> and <|im_end|>");
  if (!chatTemplate().empty() && !chatTemplate().contains("<|im_start|>"))
    return llvm::createStringError("the model's chat template is of another format than ChatML");
  std::vector<int32_t> ids;
  auto append = [&](StringRef text) {
    std::vector<int32_t> more = encode(text);
    ids.insert(ids.end(), more.begin(), more.end());
  };
  auto turn = [&](StringRef role, StringRef content) {
    ids.push_back(*start);
    append((role + "\n" + content).str());
    ids.push_back(*end);
    append("\n");
  };
  if (options.defaultSystem && (messages.empty() || messages[0].role != "system"))
    for (StringRef system : {"You are Qwen, created by Alibaba Cloud. You are a helpful assistant.", "You are a helpful assistant."})
      if (chatTemplate().contains(system)) {
        turn("system", system);
        break;
      }
  for (const ChatMessage &message : messages) {
    if (message.role != "system" && message.role != "user" && message.role != "assistant")
      return llvm::createStringError("unknown role '" + message.role.str() + "', expected system, user or assistant");
    turn(message.role, message.content);
  }
  if (options.generationPrompt) {
    ids.push_back(*start);
    append("assistant\n");
  }
  return ids;
}
