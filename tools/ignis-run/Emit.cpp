//===- Emit.cpp - --emit ----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What a phase made, to standard output or a file.

#include "Modes.h"

#include "ignis/Runtime/OutputFile.h"

using namespace ignis;
using namespace ignis::tools;

llvm::Expected<int> ignis::tools::runEmit(const RunOptions &options) {
  gguf::OpenOptions open;
  open.requireData = false; // No phase reads weights.
  auto file = gguf::File::open(options.modelFile, open);
  if (!file)
    return file.takeError();
  ModelOptions model = options.model;
  auto variant = completeOptions(model, *file, /*runsHere=*/false);
  if (!variant)
    return variant.takeError();
  llvm::Expected<Compiler *> compiler = runtime::openCompiler();
  if (!compiler)
    return compiler.takeError();
  std::string text, error;
  if (!(*compiler)->emit(model.compile, options.emit, text, error))
    return llvm::createStringError(error);
  if (options.output.empty())
    return printAll(text);
  llvm::Expected<runtime::OutputFile> out = runtime::OutputFile::create(options.output);
  if (!out)
    return out.takeError();
  out->stream() << text;
  if (llvm::Error failed = out->keep())
    return failed;
  return 0;
}
