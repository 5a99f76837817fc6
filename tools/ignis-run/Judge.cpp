//===- Judge.cpp - --tokenize, --inspect, --logits, --perplexity ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The modes that look instead of generating.

#include "Modes.h"

#include "ignis/GGUF/Inspect.h"
#include "ignis/GGUF/ModelConfig.h"
#include "ignis/Generate/Generate.h"
#include "ignis/Tokenizer/Tokenizer.h"

#include <cstdio>
#include <unistd.h>

using namespace ignis;
using namespace ignis::tools;

llvm::Expected<int> ignis::tools::runInspect(const RunOptions &options, const gguf::File &file) {
  return printAll(options.json ? gguf::inspectJSON(file) : gguf::inspectText(file));
}

llvm::Expected<int> ignis::tools::runTokenize(const RunOptions &options, const gguf::File &file) {
  auto tokenizer = tokenizer::Tokenizer::create(file);
  if (!tokenizer)
    return tokenizer.takeError();
  auto text = readPrompt(options);
  if (!text)
    return text.takeError();
  std::vector<int32_t> ids;
  if (options.chat) {
    auto chat = (*tokenizer)->applyChat({{"user", *text}});
    if (!chat)
      return chat.takeError();
    ids = std::move(*chat);
  } else {
    ids = (*tokenizer)->encode(*text);
  }
  std::string out = "[";
  for (size_t i = 0; i < ids.size(); ++i)
    out += (i ? ", " : "") + std::to_string(ids[i]);
  return printAll(out + "]\n");
}

/// Scoring needs a row of logits for every row of a chunk: keeps them below 64 MiB.
static void limitScoreRows(ModelOptions &model, const gguf::File &file) {
  if (model.compile.modulePath.empty() && model.compile.pipeline.empty())
    model.compile.entries = {"embed", "score"};
  if (auto config = gguf::readModelConfig(file))
    model.compile.chunk =
        std::max<int64_t>(1, std::min<int64_t>(512, (16 << 20) / config->vocabulary));
  else
    llvm::consumeError(config.takeError());
}

void ignis::tools::warnAboutContext(const RunOptions &options, const gguf::File &file) {
  auto config = gguf::readModelConfig(file);
  if (!config)
    return llvm::consumeError(config.takeError());
  if (options.model.compile.context > config->contextLength && !options.quiet)
    std::fprintf(stderr,
                 "warning: --ctx %lld is more than the %lld positions that the model was trained "
                 "for\n",
                 static_cast<long long>(options.model.compile.context),
                 static_cast<long long>(config->contextLength));
}

static llvm::Expected<std::vector<int32_t>> parseIds(const std::string &given) {
  std::string text = given;
  if (!text.empty() && text[0] == '@') {
    auto file = readFile(text.substr(1));
    if (!file)
      return file.takeError();
    text = std::move(*file);
  }
  llvm::StringRef rest = llvm::StringRef(text).trim();
  if (rest.starts_with("[") && rest.ends_with("]"))
    rest = rest.drop_front().drop_back();
  std::vector<int32_t> ids;
  for (bool more = !rest.trim().empty(); more;) {
    auto [item, tail] = rest.split(',');
    more = item.size() != rest.size();
    int32_t id;
    if (item.trim().getAsInteger(10, id))
      return llvm::createStringError("--ids: expected integers separated by commas, got '" +
                                     gguf::escape(item.trim(), 40) + "'");
    ids.push_back(id);
    rest = tail;
  }
  if (ids.empty())
    return llvm::createStringError("--ids: expected at least one token id");
  return ids;
}

llvm::Expected<int> ignis::tools::runLogits(const RunOptions &options, const gguf::File &file) {
  auto ids = parseIds(options.ids);
  if (!ids)
    return ids.takeError();
  RunOptions local = options;
  ModelOptions &model = local.model;
  limitScoreRows(model, file);
  if (model.compile.context <= 0) // As many positions as the model has, if the ids want them.
    model.compile.context =
        static_cast<int64_t>(ids->size()) > 4096 ? static_cast<int64_t>(ids->size()) : 0;
  LoadTimes times;
  auto session = openSession(model, file, times);
  if (!session)
    return session.takeError();
  warnAboutContext(options, file);
  if (!options.logits.empty()) {
    if (llvm::Error error = generate::writeLogits(**session, *ids, options.chunk, options.logits))
      return error;
  } else { // Without a file: the best token of the last position.
    if (llvm::Error error = (*session)->feed(*ids, options.chunk))
      return error;
    if (!generate::areUsable((*session)->lastLogits()))
      return generate::notNumbers(**session);
    if (!print(std::to_string(generate::argmax((*session)->lastLogits())) + "\n"))
      return stdoutError();
  }
  if (options.memory)
    reportMemory(**session);
  return 0;
}

llvm::Expected<int> ignis::tools::runPerplexity(const RunOptions &options, const gguf::File &file) {
  auto tokenizer = tokenizer::Tokenizer::create(file);
  if (!tokenizer)
    return tokenizer.takeError();
  auto text = readFile(options.perplexityFile);
  if (!text)
    return text.takeError();
  std::vector<int32_t> ids = (*tokenizer)->encode(*text);
  ModelOptions model = options.model;
  if (model.compile.context <= 0)
    model.compile.context = 512;
  limitScoreRows(model, file);
  LoadTimes times;
  auto session = openSession(model, file, times);
  if (!session)
    return session.takeError();
  warnAboutContext(options, file);
  installInterrupt();
  bool tty = isatty(2);
  auto result = generate::perplexity(**session, ids, [&](int64_t done, int64_t total) {
    if (tty && !options.quiet)
      std::fprintf(stderr, "\r%lld of %lld windows%s", static_cast<long long>(done),
                   static_cast<long long>(total), done == total ? "\n" : "");
    return !interrupted();
  });
  if (!result)
    return llvm::createStringError(options.perplexityFile + ": " +
                                   llvm::toString(result.takeError()));
  if (interrupted()) // A part is no result.
    return 130;
  char line[160];
  if (options.json)
    std::snprintf(line, sizeof(line),
                  "{\"perplexity\": %.6f, \"scored\": %lld, \"windows\": %lld, \"tokens\": %zu}\n",
                  result->perplexity, static_cast<long long>(result->scored),
                  static_cast<long long>(result->windows), ids.size());
  else
    std::snprintf(line, sizeof(line), "%.6f\n", result->perplexity);
  if (!print(line))
    return stdoutError();
  if (!options.quiet)
    std::fprintf(stderr, "%lld tokens scored in %lld windows of 512, %zu tokens in all\n",
                 static_cast<long long>(result->scored), static_cast<long long>(result->windows),
                 ids.size());
  return 0;
}
