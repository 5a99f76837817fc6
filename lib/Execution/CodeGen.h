//===- CodeGen.h - from the LLVM dialect to machine code --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Translation, LLVM's passes and the code generator. No JIT in here.

#ifndef IGNIS_LIB_EXECUTION_CODEGEN_H
#define IGNIS_LIB_EXECUTION_CODEGEN_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

namespace ignis {

/// The module in LLVM IR, for the machine, before LLVM's passes. Null after a diagnostic.
std::unique_ptr<llvm::Module> translate(mlir::ModuleOp module, llvm::LLVMContext &context,
                                        llvm::TargetMachine &machine);
/// LLVM's middle end: explicit vector code needs little (docs/Lowering.md).
void optimize(llvm::Module &module, llvm::TargetMachine &machine);
/// Assembly or a relocatable object.
llvm::Error generate(llvm::Module &module, llvm::TargetMachine &machine, llvm::CodeGenFileType type,
                     llvm::SmallVectorImpl<char> &out);

} // namespace ignis

#endif
