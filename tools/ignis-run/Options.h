//===- Options.h - what ignis-run was asked to do ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The contract of the command line, in one struct.

#ifndef IGNIS_TOOLS_IGNIS_RUN_OPTIONS_H
#define IGNIS_TOOLS_IGNIS_RUN_OPTIONS_H

#include "../Common/LoadedModel.h"
#include "ignis/Generate/Sampler.h"

#include <optional>

namespace ignis::tools {

struct RunOptions {
  std::string modelFile;
  ModelOptions model;
  std::string say; ///< help or version: print this and do nothing else
  // What to do; generation if nothing else is asked for.
  std::string emit, output, ids, logits, perplexityFile;
  bool tokenize = false, inspect = false, printKernels = false, chat = false;
  // Input.
  std::optional<std::string> prompt;
  std::string promptFile;
  // Generation.
  int64_t tokens = -1, chunk = 0;
  generate::SamplerOptions sampler;
  std::vector<std::string> stop;
  std::string idle; ///< sampling options that greedy decoding does not look at
  bool ignoreEndOfText = false, copyFile = false;
  // Reporting.
  bool json = false, memory = false, quiet = false;
  bool profile = false;
  std::string trace = "ignis-trace.json"; ///< where --profile writes its trace
};

enum class ParseOutcome { Run, Usage };
/// Parses; says what is wrong, if something is.
ParseOutcome parseOptions(int argc, char **argv, RunOptions &options);

} // namespace ignis::tools

#endif
