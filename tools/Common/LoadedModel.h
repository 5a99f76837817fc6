//===- LoadedModel.h - from flags to a session ------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What ignis-run and ignis-bench share: choose kernels, compile or take the module from the cache,
// create the session.

#ifndef IGNIS_TOOLS_COMMON_LOADEDMODEL_H
#define IGNIS_TOOLS_COMMON_LOADEDMODEL_H

#include "ignis/GGUF/File.h"
#include "ignis/Runtime/CompilerLibrary.h"
#include "ignis/Runtime/Session.h"

namespace ignis::tools {

struct ModelOptions {
  CompileOptions compile;  ///< `kernels`, `interleaved` and sizes of 0 are filled in
  std::string kernelsName; ///< --kernels
  int threads = 0;
  std::string cacheDirectory; ///< of compiled modules; "off" for none, "" for the usual place
};

struct LoadTimes {
  double compile = 0, load = 0; ///< seconds
  bool cached = false;
};

/// Completes options: kernels for the CPU, context and chunk for the model. Errors name what this
/// machine or model lacks. Without `runsHere` the code is for some machine, which need not be this
/// one.
llvm::Expected<const kernels::Variant *>
completeOptions(ModelOptions &options, const gguf::File &file, bool runsHere = true);

/// Compiled code for the options, from the cache, from a shared object or from the compiler.
llvm::Expected<std::shared_ptr<CompiledModel>> compileModel(const ModelOptions &options,
                                                            const gguf::File &file,
                                                            const kernels::Variant &variant,
                                                            LoadTimes &times);

/// Both of the above and the session.
llvm::Expected<std::unique_ptr<runtime::Session>>
openSession(ModelOptions options, const gguf::File &file, LoadTimes &times);

double now(); ///< seconds, monotonic

} // namespace ignis::tools

#endif
