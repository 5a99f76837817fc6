//===- Generate.cpp - text from a prompt, and conversations -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Text goes to standard output as it comes, everything about it to standard error.

#include "Modes.h"

#include "ignis/Generate/Generate.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdio>
#include <iostream>
#include <unistd.h>

using namespace ignis;
using namespace ignis::tools;

namespace {
double rate(int64_t tokens, double seconds) {
  return seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
}

void reportSpeed(const generate::GenerateResult &result, const LoadTimes &times, int threads) {
  std::fprintf(
      stderr,
      "prompt %lld tokens, %.1f ms, %.1f tokens/s; generated %zu tokens, %.1f tokens/s, %s\n",
      static_cast<long long>(result.promptTokens), result.promptSeconds * 1e3,
      rate(result.promptTokens, result.promptSeconds), result.ids.size(),
      rate(result.decodedTokens, result.decodeSeconds), generate::toString(result.reason));
  std::fprintf(stderr, "%s %.1f ms, load %.1f ms, packing %.1f ms, %d thread%s\n",
               times.cached ? "compiled before, opened in" : "compile", times.compile * 1e3,
               times.load * 1e3, result.packSeconds * 1e3, threads, threads == 1 ? "" : "s");
}

std::string toJSON(const generate::GenerateResult &result, llvm::ArrayRef<int32_t> prompt,
                   const LoadTimes &times, int threads) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << llvm::json::Value(llvm::json::Object{
                {"text", llvm::json::fixUTF8(result.text)},
                {"ids", llvm::json::Array(result.ids)},
                {"prompt_ids", llvm::json::Array(prompt)},
                {"stop", generate::toString(result.reason)},
                {"prompt_tokens_per_second", rate(result.promptTokens, result.promptSeconds)},
                {"tokens_per_second", rate(result.decodedTokens, result.decodeSeconds)},
                {"compile_seconds", times.compile},
                {"load_seconds", times.load},
                {"pack_seconds", result.packSeconds},
                {"cached", times.cached},
                {"threads", threads}})
         << '\n';
  return text;
}

/// What a model says must not steer the terminal: control characters as \xNN, but for line ends and
/// tabs.
std::string forTerminal(llvm::StringRef text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    auto byte = static_cast<unsigned char>(c);
    bool c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1)
      out += "\\xc2\\x" +
             llvm::utohexstr(static_cast<unsigned char>(text[++i]), /*LowerCase=*/true, 2);
    else if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f)
      out += "\\x" + llvm::utohexstr(byte, /*LowerCase=*/true, 2);
    else
      out += c;
  }
  return out;
}

llvm::Error checkBias(const generate::SamplerOptions &sampler,
                      const tokenizer::Tokenizer &tokenizer) {
  for (auto [id, bias] : sampler.bias)
    if (id >= tokenizer.size())
      return llvm::createStringError("--logit-bias: expected an id below " +
                                     std::to_string(tokenizer.size()) +
                                     ", the number of tokens, got " + std::to_string(id));
  return llvm::Error::success();
}

/// Line after line from standard input; what was said stays in the caches.
llvm::Expected<int> converse(const RunOptions &options, runtime::Session &session,
                             const tokenizer::Tokenizer &tokenizer,
                             const generate::GenerateOptions &generation, const LoadTimes &times) {
  bool first = true, tty = isatty(0);
  std::string line;
  while (!interrupted()) {
    if (tty)
      std::fprintf(stderr, "> ");
    if (!std::getline(std::cin, line))
      break;
    tokenizer::ChatOptions chat;
    chat.defaultSystem = first;
    auto ids = tokenizer.applyChat({{"user", line}}, chat);
    if (!ids)
      return ids.takeError();
    if (!first) { // Ends the assistant's turn as the template does.
      std::vector<int32_t> end = tokenizer.encode("<|im_end|>\n", /*parseSpecial=*/true);
      ids->insert(ids->begin(), end.begin(), end.end());
    }
    auto result = generate::generate(session, tokenizer, *ids, generation);
    if (!result)
      return result.takeError();
    if (!print(options.json ? toJSON(*result, *ids, times, session.threads()) : "\n"))
      return stdoutError();
    if (!result->ids.empty() && result->reason == generate::StopReason::Length &&
        session.position() < session.context())
      if (llvm::Error error = session.feed(result->ids.back()))
        return error;
    first = false;
  }
  return interrupted() ? 130 : 0;
}
} // namespace

llvm::Expected<int> ignis::tools::runGenerate(const RunOptions &options, const gguf::File &file) {
  auto tokenizer = tokenizer::Tokenizer::create(file);
  if (!tokenizer)
    return tokenizer.takeError();
  std::vector<int32_t> prompt;
  bool conversation = options.chat && !options.prompt && options.promptFile.empty();
  if (conversation) // Says at once if the model cannot.
    if (auto ids = (*tokenizer)->applyChat({{"user", ""}}); !ids)
      return ids.takeError();
  if (llvm::Error error = checkBias(options.sampler, **tokenizer))
    return error;
  if (!conversation) {
    auto text = readPrompt(options);
    if (!text)
      return text.takeError();
    if (options.chat) {
      auto ids = (*tokenizer)->applyChat({{"user", *text}});
      if (!ids)
        return ids.takeError();
      prompt = std::move(*ids);
    } else {
      prompt = (*tokenizer)->encode(*text);
      if ((*tokenizer)->addBos() && (*tokenizer)->bos())
        prompt.insert(prompt.begin(), *(*tokenizer)->bos());
    }
    if (prompt.empty() && (*tokenizer)->bos())
      prompt.push_back(*(*tokenizer)->bos());
    if (prompt.empty() && !(*tokenizer)->endOfText().empty())
      prompt.push_back(
          (*tokenizer)->endOfText().front()); // From nothing: as after the end of another text.
  }
  ModelOptions model = options.model;
  if (model.compile.modulePath.empty() && model.compile.pipeline.empty())
    model.compile.entries = {"embed", "decode", "prefill"};
  LoadTimes times;
  auto session = openSession(model, file, times);
  if (!session)
    return session.takeError();
  std::unique_ptr<runtime::Profile> profile = (*session)->profile();
  if (options.profile && !profile)
    return llvm::createStringError("--profile: the module was not compiled for profiling");
  warnAboutContext(options, file);
  if (!options.idle.empty() && !options.quiet)
    std::fprintf(stderr, "warning: without --temp the best token is taken: no effect of %s\n",
                 options.idle.c_str());
  installInterrupt();
  generate::GenerateOptions generation;
  generation.sampler = options.sampler;
  generation.tokens = options.tokens;
  generation.chunk = options.chunk;
  generation.stop = options.stop;
  generation.ignoreEndOfText = options.ignoreEndOfText;
  generation.interrupted = interrupted;
  bool writable = true;
  if (!options.json)
    generation.text = [&, tty = isatty(1) != 0](llvm::StringRef piece) {
      return writable = print(tty ? forTerminal(piece) : piece.str());
    };
  if (conversation)
    return converse(options, **session, **tokenizer, generation, times);
  auto result = generate::generate(**session, **tokenizer, prompt, generation);
  if (!result)
    return result.takeError();
  if (options.json)
    writable = print(toJSON(*result, prompt, times, (*session)->threads()));
  else if (writable)
    writable = print("\n");
  if (!writable)
    return stdoutError();
  if (!options.quiet)
    reportSpeed(*result, times, (*session)->threads());
  if (result->reason == generate::StopReason::Context && !options.quiet)
    std::fprintf(stderr, "the context of %lld positions is full (--ctx)\n",
                 static_cast<long long>((*session)->context()));
  if (options.memory)
    reportMemory(**session);
  if (profile)
    if (llvm::Error error = reportProfile(options, *profile))
      return error;
  return interrupted() ? 130 : 0;
}
