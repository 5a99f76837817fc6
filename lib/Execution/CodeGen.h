//===- CodeGen.h - from the LLVM dialect to machine code --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Translation, LLVM's passes and the code generator. No JIT in here.

#ifndef IGNIS_LIB_EXECUTION_CODEGEN_H
#define IGNIS_LIB_EXECUTION_CODEGEN_H

#include "Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Module.h"

#include <vector>

namespace ignis {

using Bytes = llvm::SmallVector<char, 0>;

/// The module in LLVM IR, for the machine, before LLVM's passes. Null after a diagnostic.
std::unique_ptr<llvm::Module> translate(mlir::ModuleOp module, llvm::LLVMContext &context,
                                        llvm::TargetMachine &machine);
/// LLVM's middle end: explicit vector code needs little (docs/Lowering.md).
void optimize(llvm::Module &module, llvm::TargetMachine &machine);
/// Assembly or a relocatable object of one module.
llvm::Error generate(llvm::Module &module, llvm::TargetMachine &machine, llvm::CodeGenFileType type,
                     Bytes &out);

/// Whether a function is the driver of an entry point.
bool isDriver(const llvm::Function &function);

/// Optimises a module and generates its code in parts (docs/Execution.md): the drivers, and the ops
/// shared out over a few. Each part is assembly or a relocatable object; they define the module
/// together. Up to `threads` threads work; parts and bytes are the same for any number. Afterwards
/// `module` may only declare the drivers.
llvm::Expected<std::vector<Bytes>> generateParts(llvm::Module &module, const Target &target,
                                                 llvm::CodeGenFileType type, int threads);

/// Assembly of several parts as one text.
std::string joinAssembly(const std::vector<Bytes> &parts);

} // namespace ignis

#endif
