//===- ignis-run.cpp - compile a model and generate -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Exit codes: 0, 1 for bad input or output, 2 for bad usage, 130 after Ctrl-C.

#include "Modes.h"

#include <cstdio>

using namespace ignis;
using namespace ignis::tools;

static llvm::Expected<int> run(const RunOptions &options) {
  if (!options.say.empty())
    return printAll(options.say);
  if (options.printKernels) {
    kernels::CPUFeatures features = kernels::detectCPUFeatures();
    if (auto named = kernels::featuresOfCPU(options.model.compile.cpu))
      features = kernels::intersect(*named, features);
    kernels::Selection selection = kernels::selectKernels(features, options.model.kernelsName);
    if (!selection.variant)
      return llvm::createStringError("--kernels: " + selection.error);
    return printAll(kernels::describeVariants(features, selection.variant));
  }
  if (!options.emit.empty())
    return runEmit(options);
  gguf::OpenOptions open;
  open.map = !options.copyFile;
  open.requireData = !options.inspect && !options.tokenize;
  auto file = gguf::File::open(options.modelFile, open);
  if (!file)
    return file.takeError();
  if (options.inspect)
    return runInspect(options, *file);
  if (options.tokenize)
    return runTokenize(options, *file);
  if (!options.ids.empty())
    return runLogits(options, *file);
  if (!options.perplexityFile.empty())
    return runPerplexity(options, *file);
  return runGenerate(options, *file);
}

int main(int argc, char **argv) {
  prepareProcess("ignis-run");
  RunOptions options;
  if (parseOptions(argc, argv, options) == ParseOutcome::Usage)
    return 2;
  llvm::Expected<int> code = run(options);
  if (code)
    return *code;
  std::fprintf(stderr, "ignis-run: %s\n", llvm::toString(code.takeError()).c_str());
  return 1;
}
