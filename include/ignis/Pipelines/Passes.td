//===- Passes.td - checks between passes -------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Passes that change nothing and fail where something is wrong. Reports and dumps leave them out.

#ifndef IGNIS_PIPELINES_PASSES_TD
#define IGNIS_PIPELINES_PASSES_TD

include "mlir/Pass/PassBase.td"

def CheckContracts : Pass<"ignis-check-contracts", "::mlir::ModuleOp"> {
  let summary = "refuse a pipeline whose order breaks a contract";
  let description = [{
    `ignis-opt` puts this pass before every pipeline, with the flags of the passes that follow. Facts that the input has are found in the IR; from there on contracts
    say what each pass requires, establishes and invalidates (docs/Contracts.md).
  }];
  let options = [ListOption<"passes", "passes", "std::string", "flags of the passes that follow, in order">];
}

def VerifyPhase : Pass<"ignis-verify-phase", "::mlir::ModuleOp"> {
  let summary = "check what is true after a phase";
  let description = [{
    * `import`: ops of the dialects ignis, func, arith and tensor on tensors.
    * `fuse`: the same.
    * `bufferize`: no tensor is left; every allocation is static and in the entry block.
    * `plan`: entry functions allocate nothing; the plan that their views and offsets make passes the verifier of lib/MemoryPlan.
    * `lower`: ops of the LLVM dialect alone; every external symbol is a kernel or the barrier.

    Down to `plan` also: a weight's name stands for one type throughout; entry functions agree on caches, rope table, widths of rows and logits and the order of
    arguments. With `model`, a GGUF file that may end after its tensor directory: weights are tensors of the file, and arguments have the sizes of its model.
    `ignis-run` compares every module that it imports or is given with its file.
  }];
  let options = [Option<"phase", "phase", "std::string", "\"\"", "import, fuse, bufferize, plan or lower">,
                 Option<"model", "model", "std::string", "\"\"", "a GGUF file whose tensors and sizes the module must have">];
}

#endif
