//===- Generate.h - the loop from prompt to text ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Prompt in, tokens out one by one, with what is to be said about speed. Also the two ways of
// judging a text: logits of every position and perplexity.

#ifndef IGNIS_GENERATE_GENERATE_H
#define IGNIS_GENERATE_GENERATE_H

#include "ignis/Generate/Sampler.h"
#include "ignis/Runtime/Session.h"
#include "ignis/Tokenizer/Tokenizer.h"

#include <string>

namespace ignis::generate {

enum class StopReason { Length, EndOfText, StopText, Context, Interrupted };
const char *toString(StopReason reason);

struct GenerateOptions {
  SamplerOptions sampler;
  int64_t tokens = -1;           ///< most new tokens; negative: until something else ends it
  int64_t chunk = 0;             ///< prompt tokens of one call; 0: as many as fit
  std::vector<std::string> stop; ///< texts that end generation and are not printed
  bool ignoreEndOfText = false;
  /// Whole characters as they come; false ends generation.
  std::function<bool(llvm::StringRef)> text;
  std::function<bool()> interrupted; ///< asked before every token
};

struct GenerateResult {
  std::vector<int32_t> ids; ///< generated, without the one that ended the text
  std::string text;
  StopReason reason = StopReason::Length;
  double promptSeconds = 0, decodeSeconds = 0;
  double packSeconds = 0;                      ///< of Session::prepare(), in neither of the two
  int64_t promptTokens = 0, decodedTokens = 0; ///< decoded: calls of one token
};

/// Feeds `prompt` (at least one id) behind what the session holds and generates. The last sampled
/// id is not fed.
llvm::Expected<GenerateResult> generate(runtime::Session &session,
                                        const tokenizer::Tokenizer &tokenizer,
                                        llvm::ArrayRef<int32_t> prompt,
                                        const GenerateOptions &options);

/// What there is to say where areUsable() says no to the last logits.
llvm::Error notNumbers(const runtime::Session &session);

struct PerplexityResult {
  double perplexity = 0;
  int64_t scored = 0, windows = 0;
};
/// e^(mean negative log-likelihood) over windows of 512 ids that do not overlap, each from an empty
/// context; ids 257 to 511 of a window are scored. A rest shorter than a window is left out.
/// `progress(done, total)` returns false to stop.
llvm::Expected<PerplexityResult> perplexity(runtime::Session &session, llvm::ArrayRef<int32_t> ids,
                                            const std::function<bool(int64_t, int64_t)> &progress);

/// Writes float32 [ids, vocabulary] as a NumPy file, whole or not at all.
llvm::Error writeLogits(runtime::Session &session, llvm::ArrayRef<int32_t> ids, int64_t chunk,
                        const std::string &path);

} // namespace ignis::generate

#endif
