//===- Modes.h - the things ignis-run does ----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each returns an error, or the exit code: 0, or 130 after Ctrl-C.

#ifndef IGNIS_TOOLS_IGNIS_RUN_MODES_H
#define IGNIS_TOOLS_IGNIS_RUN_MODES_H

#include "../Common/Process.h"
#include "Options.h"
#include "ignis/Runtime/Profile.h"

namespace ignis::tools {

llvm::Expected<int> runEmit(const RunOptions &options);
llvm::Expected<int> runTokenize(const RunOptions &options, const gguf::File &file);
llvm::Expected<int> runInspect(const RunOptions &options, const gguf::File &file);
llvm::Expected<int> runLogits(const RunOptions &options, const gguf::File &file);
llvm::Expected<int> runPerplexity(const RunOptions &options, const gguf::File &file);
llvm::Expected<int> runGenerate(const RunOptions &options, const gguf::File &file);

/// Prompt of -p or -f.
llvm::Expected<std::string> readPrompt(const RunOptions &options);
llvm::Expected<std::string> readFile(const std::string &path);
/// Says so if the context asked for is longer than the model's.
void warnAboutContext(const RunOptions &options, const gguf::File &file);
/// The table of a profile to stderr, its trace to --trace.
llvm::Error reportProfile(const RunOptions &options, const runtime::Profile &profile);
/// Resident memory by kind, to stderr (Linux).
void reportMemory(const runtime::Session &session);

} // namespace ignis::tools

#endif
