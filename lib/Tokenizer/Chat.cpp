//===- Chat.cpp - conversations in ChatML -----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Qwen2's format is built in; the Jinja text of a file is data of strangers and is not run. Built
// from ids, not text, so that a user who types <|im_end|> does not end his turn.

#include "TokenizerData.h"

#include "ignis/GGUF/File.h"

using namespace ignis::tokenizer;
using llvm::Expected;
using llvm::StringRef;

/// What the templates of Qwen's chat models say where the conversation has no system message.
static StringRef defaultSystemMessage(StringRef chatTemplate) {
  for (StringRef message : {"You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
                            "You are a helpful assistant."})
    if (chatTemplate.contains(message))
      return message;
  return {};
}

Expected<std::vector<int32_t>> Tokenizer::applyChat(llvm::ArrayRef<ChatMessage> messages,
                                                    ChatOptions options) const {
  std::optional<int32_t> start = specialToken("<|im_start|>"), end = specialToken("<|im_end|>");
  if (!start || !end)
    return llvm::createStringError(
        "chat: expected a model with the tokens <|im_start|> and <|im_end|>, got one without");
  if (!chatTemplate().empty() && !chatTemplate().contains("<|im_start|>"))
    return llvm::createStringError("chat: expected a template in ChatML, got another format");

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
  if (StringRef system = defaultSystemMessage(chatTemplate());
      options.defaultSystem && !system.empty() &&
      (messages.empty() || messages.front().role != "system"))
    turn("system", system);
  for (const ChatMessage &message : messages) {
    if (message.role != "system" && message.role != "user" && message.role != "assistant")
      return llvm::createStringError("chat: expected the role system, user or assistant, got '" +
                                     gguf::escape(message.role, 40) + "'");
    turn(message.role, message.content);
  }
  if (options.generationPrompt) {
    ids.push_back(*start);
    append("assistant\n");
  }
  return ids;
}
