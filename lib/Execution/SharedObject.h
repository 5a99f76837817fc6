//===- SharedObject.h - compiled objects as files ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The ahead-of-time form: a shared object that needs neither LLVM nor symbols of the program that
// loads it.

#ifndef IGNIS_LIB_EXECUTION_SHAREDOBJECT_H
#define IGNIS_LIB_EXECUTION_SHAREDOBJECT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

#include <string>

namespace ignis {

/// What a shared object holds beside `objects`, the compiled `module`: `ignis_manifest` (text),
/// `ignis_cpu_features` (names of CPUFeatures.def that the code needs, by commas), and for every
/// function that the objects leave undefined together, if `module` declares it or the code
/// generator may call it, a trampoline through a pointer in `ignis_imports`, an array of {const
/// char *name; void *pointer} that the loader fills and a null name ends.
std::unique_ptr<llvm::Module> makeImports(const llvm::Module &module,
                                          llvm::ArrayRef<llvm::StringRef> objects,
                                          llvm::StringRef manifest, llvm::StringRef features);

/// Links relocatable objects, which leave nothing undefined together, into a shared object, and
/// seals it.
llvm::Expected<std::string> linkSharedObject(llvm::ArrayRef<llvm::StringRef> objects);

/// Makes one relocatable object of several.
llvm::Expected<std::string> joinObjects(llvm::ArrayRef<llvm::StringRef> objects);

} // namespace ignis

#endif
