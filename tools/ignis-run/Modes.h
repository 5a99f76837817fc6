//===- Modes.h - the things ignis-run does ----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each returns an error, or the exit code: 0, or 130 after Ctrl-C.

#ifndef IGNIS_TOOLS_IGNIS_RUN_MODES_H
#define IGNIS_TOOLS_IGNIS_RUN_MODES_H

#include "Options.h"
#include "ignis/Runtime/Profile.h"

namespace ignis::tools {

llvm::Expected<int> runEmit(const RunOptions &options);
llvm::Expected<int> runTokenize(const RunOptions &options, const gguf::File &file);
llvm::Expected<int> runInspect(const RunOptions &options, const gguf::File &file);
llvm::Expected<int> runLogits(const RunOptions &options, const gguf::File &file);
llvm::Expected<int> runPerplexity(const RunOptions &options, const gguf::File &file);
llvm::Expected<int> runGenerate(const RunOptions &options, const gguf::File &file);

/// Whether Ctrl-C was pressed since installInterrupt().
bool interrupted();
void installInterrupt();
/// Writes to standard output; false once that fails (a closed pipe).
bool print(llvm::StringRef text);
/// Prompt of -p or -f.
llvm::Expected<std::string> readPrompt(const RunOptions &options);
llvm::Expected<std::string> readFile(const std::string &path);
/// The table of a profile to stderr, its trace to --trace.
llvm::Error reportProfile(const RunOptions &options, const runtime::Profile &profile);
/// Writes a file, whole or not at all.
llvm::Error writeFile(const std::string &path, llvm::StringRef text);
/// Resident memory by kind, to stderr (Linux).
void reportMemory(const runtime::Session &session);

} // namespace ignis::tools

#endif
