//===- SharedObject.h - compiled objects as files ---------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The ahead-of-time form: a shared object that needs neither LLVM nor symbols of the program that loads it.

#ifndef IGNIS_LIB_EXECUTION_SHAREDOBJECT_H
#define IGNIS_LIB_EXECUTION_SHAREDOBJECT_H

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

#include <string>

namespace ignis {

/// Adds to an object's module what its shared object exports: `ignis_manifest` (text), and for every function
/// that the module leaves undefined a trampoline through a pointer in `ignis_imports`, which is an array of {const char *name; void *pointer} that the loader fills and
/// a null name ends.
void addImports(llvm::Module &module, llvm::StringRef manifest);

/// Links an object that has no undefined symbols left into a shared object, and reads that back.
llvm::Expected<std::string> linkSharedObject(llvm::StringRef object);

} // namespace ignis

#endif
