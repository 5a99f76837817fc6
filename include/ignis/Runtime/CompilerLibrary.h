//===- CompilerLibrary.h - the compiler, opened on demand -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// libIgnisCompiler.so brings MLIR and LLVM with it, which costs tens of milliseconds: only opened
// when something must be compiled.

#ifndef IGNIS_RUNTIME_COMPILERLIBRARY_H
#define IGNIS_RUNTIME_COMPILERLIBRARY_H

#include "ignis/Execution/CompilerAPI.h"
#include "ignis/Kernels/Dispatch.h"

#include "llvm/Support/Error.h"

namespace ignis::runtime {

/// $IGNIS_COMPILER_LIBRARY, else the one this code is linked with, else ../lib beside the running
/// program.
std::string compilerLibraryPath();
/// The compiler; stays loaded until the process ends.
llvm::Expected<Compiler *> openCompiler();

/// Everything a module may call: the rows of Kernels.def, the barrier, and software stand-ins for
/// FMA and half conversion.
SymbolBindings bindKernels(const kernels::Variant &variant);

/// Loads an ahead-of-time module (`--emit=so`). Errors: damaged or not a module, another version,
/// features that this machine lacks, an import that `bindings` lacks.
llvm::Expected<std::shared_ptr<CompiledModel>> loadModule(const std::string &path,
                                                          const SymbolBindings &bindings);

} // namespace ignis::runtime

#endif
