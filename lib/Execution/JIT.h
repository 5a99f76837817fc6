//===- JIT.h - compiled objects in this process -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Hides ORC.

#ifndef IGNIS_LIB_EXECUTION_JIT_H
#define IGNIS_LIB_EXECUTION_JIT_H

#include "ignis/Execution/CompilerAPI.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace ignis {

/// Links relocatable objects into this process. Symbols outside `bindings` are errors: nothing of
/// the process is visible to the code.
llvm::Expected<std::unique_ptr<CompiledModel>> linkObjects(llvm::ArrayRef<llvm::StringRef> objects,
                                                           std::string manifest,
                                                           const SymbolBindings &bindings);

} // namespace ignis

#endif
