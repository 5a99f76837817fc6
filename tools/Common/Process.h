//===- Process.h - streams and signals of a tool ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What every tool owes its caller: text on standard output or an error, 130 after Ctrl-C, one line
// when memory or a mapped file is gone.

#ifndef IGNIS_TOOLS_COMMON_PROCESS_H
#define IGNIS_TOOLS_COMMON_PROCESS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace ignis::tools {

/// Before anything else: standard streams that are closed, a reader that went away, Ctrl-C (which
/// ends the process with 130), memory that is not to be had (1, with a line that says so). `tool`
/// begins the lines.
void prepareProcess(const char *tool);
/// From now on Ctrl-C is noted for interrupted(); a second one ends the process.
void installInterrupt();
/// Whether Ctrl-C was pressed since installInterrupt().
bool interrupted();
/// Writes to standard output; false once that fails.
bool print(llvm::StringRef text);
/// The same for a tool whose result is this text: its exit code, or what went wrong.
llvm::Expected<int> printAll(llvm::StringRef text);
llvm::Error stdoutError();

} // namespace ignis::tools

#endif
