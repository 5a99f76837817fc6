//===- CodeGen.cpp - from the LLVM dialect to machine code ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See CodeGen.h.

#include "CodeGen.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"

using namespace ignis;

std::unique_ptr<llvm::Module> ignis::translate(mlir::ModuleOp module, llvm::LLVMContext &context,
                                               llvm::TargetMachine &machine) {
  mlir::registerBuiltinDialectTranslation(*module.getContext());
  mlir::registerLLVMDialectTranslation(*module.getContext());
  std::unique_ptr<llvm::Module> result = mlir::translateModuleToLLVMIR(module, context, "ignis");
  if (!result)
    return nullptr;
  result->setTargetTriple(machine.getTargetTriple());
  result->setDataLayout(machine.createDataLayout());
  for (llvm::Function &function : *result) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    if (!machine.getTargetFeatureString().empty())
      function.addFnAttr("target-features", machine.getTargetFeatureString());
    function.addFnAttr(llvm::Attribute::NoUnwind);
    // Ops stay functions, or compile time would grow with the layers. A driver runs once a call: it
    // is translated as it stands, by the fast instruction selector.
    function.addFnAttr(llvm::Attribute::NoInline);
    if (isDriver(function))
      function.addFnAttr(llvm::Attribute::OptimizeNone);
  }
  return result;
}

bool ignis::isDriver(const llvm::Function &function) {
  return function.getName().starts_with("ignis_entry_");
}

void ignis::optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);
  // What the explicit vector code profits from; the default pipelines find nothing more in it
  // (docs/Lowering.md).
  llvm::ModulePassManager passes;
  llvm::cantFail(builder.parsePassPipeline(passes, "function(early-cse,loop-mssa(licm))"));
  passes.run(module, modules);
}

llvm::Error ignis::generate(llvm::Module &module, llvm::TargetMachine &machine,
                            llvm::CodeGenFileType type, Bytes &out) {
  llvm::raw_svector_ostream stream(out);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, type))
    return llvm::createStringError("the code generator cannot write this kind of file");
  passes.run(module);
  return llvm::Error::success();
}
