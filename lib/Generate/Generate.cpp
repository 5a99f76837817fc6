//===- Generate.cpp - the loop from prompt to text --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Generate.h.

#include "ignis/Generate/Generate.h"

#include "ignis/Tokenizer/StreamDecoder.h"

#include <chrono>

using namespace ignis;
using namespace ignis::generate;

const char *ignis::generate::toString(StopReason reason) {
  switch (reason) {
  case StopReason::Length:
    return "length";
  case StopReason::EndOfText:
    return "end of text";
  case StopReason::StopText:
    return "stop text";
  case StopReason::Context:
    return "context full";
  case StopReason::Interrupted:
    return "interrupted";
  }
  return "";
}

namespace {
double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Holds back text that may be the beginning of a stop text.
class StopFilter {
public:
  explicit StopFilter(llvm::ArrayRef<std::string> stops) : stops(stops) {}

  /// What may be printed of everything so far; `found` if a stop text is complete.
  std::string push(llvm::StringRef text, bool &found) {
    held += text;
    size_t first = std::string::npos;
    for (const std::string &stop : stops)
      first = std::min(first, held.find(stop));
    if (first != std::string::npos) {
      found = true;
      std::string before = held.substr(0, first);
      held.clear();
      return before;
    }
    size_t keep = 0;
    for (const std::string &stop : stops)
      for (size_t length = std::min(stop.size() - 1, held.size()); length > keep; --length)
        if (llvm::StringRef(held).ends_with(llvm::StringRef(stop).take_front(length)))
          keep = length;
    std::string before = held.substr(0, held.size() - keep);
    held.erase(0, held.size() - keep);
    return before;
  }
  std::string flush() { return std::exchange(held, {}); }

private:
  llvm::ArrayRef<std::string> stops;
  std::string held;
};
} // namespace

llvm::Error ignis::generate::notNumbers(const runtime::Session &session) {
  return llvm::createStringError(
      "the logits after " + std::to_string(session.position()) +
      " tokens are no numbers (NaN): weights are damaged, or values overflow");
}

llvm::Expected<GenerateResult> ignis::generate::generate(runtime::Session &session,
                                                         const tokenizer::Tokenizer &tokenizer,
                                                         llvm::ArrayRef<int32_t> prompt,
                                                         const GenerateOptions &options) {
  GenerateResult result;
  if (prompt.empty())
    return llvm::createStringError("the prompt is empty, expected at least one token");
  result.promptTokens = static_cast<int64_t>(prompt.size());
  if (result.promptTokens > session.context() - session.position()) {
    std::string used =
        session.position() ? " of which " + std::to_string(session.position()) + " are in use" : "";
    return llvm::createStringError(
        "the prompt has " + std::to_string(result.promptTokens) + " tokens, expected at most " +
        std::to_string(session.context() - session.position()) + ": the context has " +
        std::to_string(session.context()) + " positions" + used);
  }
  auto pack = [&] {
    double begin = now();
    session.prepare();
    result.packSeconds += now() - begin;
  };
  int64_t piece = std::min(session.chunk(), runtime::Session::kRowsBeforePacking);
  if (options.chunk > 0)
    piece = std::min(piece, options.chunk);
  if (result.promptTokens > piece)
    pack();
  double begin = now();
  // In pieces, so that Ctrl-C is heard between them.
  for (size_t done = 0; done < prompt.size();) {
    size_t count = std::min<size_t>(prompt.size() - done, static_cast<size_t>(session.chunk()));
    if (llvm::Error error = session.feed(prompt.slice(done, count), options.chunk))
      return error;
    done += count;
    if (options.interrupted && options.interrupted()) {
      result.reason = StopReason::Interrupted;
      result.promptSeconds = now() - begin;
      return result;
    }
  }
  result.promptSeconds = now() - begin;

  Sampler sampler(options.sampler);
  sampler.accept(prompt);
  tokenizer::StreamDecoder decoder(tokenizer);
  StopFilter filter(options.stop);
  begin = now();
  bool open = true, found = false;
  auto emit = [&](const std::string &piece) {
    result.text += piece;
    if (!piece.empty() && options.text && !options.text(piece))
      open = false;
  };
  while (true) {
    if (options.tokens >= 0 && static_cast<int64_t>(result.ids.size()) >= options.tokens) {
      result.reason = StopReason::Length;
      break;
    }
    if (!open || (options.interrupted && options.interrupted())) {
      result.reason = StopReason::Interrupted;
      break;
    }
    if (!areUsable(session.lastLogits())) {
      emit(filter.push(decoder.flush(), found));
      emit(filter.flush());
      return notNumbers(session);
    }
    int32_t id = sampler.sample(session.lastLogits());
    sampler.accept(id);
    if (!options.ignoreEndOfText && tokenizer.isEndOfText(id)) {
      result.reason = StopReason::EndOfText;
      break;
    }
    result.ids.push_back(id);
    emit(filter.push(decoder.push(id), found));
    if (found) {
      result.reason = StopReason::StopText;
      break;
    }
    if (options.tokens >= 0 && static_cast<int64_t>(result.ids.size()) >= options.tokens)
      continue;
    if (session.position() >= session.context()) {
      result.reason = StopReason::Context;
      break;
    }
    if (result.decodedTokens == 0) { // The first token is out: now weights are worth packing.
      double before = result.packSeconds;
      pack();
      begin += result.packSeconds - before;
    }
    if (llvm::Error error = session.feed(id))
      return error;
    ++result.decodedTokens;
  }
  result.decodeSeconds = now() - begin;
  if (!found) {
    emit(filter.push(decoder.flush(), found));
    if (!found)
      emit(filter.flush());
  }
  return result;
}
