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

/// Before anything else: standard streams that are closed, a reader that went away, Ctrl-C (which
/// ends the process with 130), memory that is not to be had (1, with a line that says so).
void prepareProcess();
/// From now on Ctrl-C is noted for interrupted(); a second one ends the process.
void installInterrupt();
/// Whether Ctrl-C was pressed since installInterrupt().
bool interrupted();
/// Writes to standard output; false once that fails.
bool print(llvm::StringRef text);
/// The same for a mode whose result is this text: its exit code, or what went wrong.
llvm::Expected<int> printAll(llvm::StringRef text);
llvm::Error stdoutError();
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
