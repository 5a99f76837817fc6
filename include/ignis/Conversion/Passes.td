//===- Passes.td - from planned buffers to code ----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The lower phase, in execution order.

#ifndef IGNIS_CONVERSION_PASSES_TD
#define IGNIS_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def DecomposeAttention : Pass<"ignis-decompose-attention", "::mlir::func::FuncOp"> {
  let summary = "split attention into the cache write and the reading of the cache";
  let description = [{
    Rows of one call attend to each other, so all keys and values of the call must be in the cache before any row is computed: the write and the read are two parallel
    ops with a barrier between. On memrefs.
  }];
  let dependentDialects = ["::ignis::IgnisDialect"];
}

def OutlineOps : Pass<"ignis-outline-ops", "::mlir::ModuleOp"> {
  let summary = "give each kind of op a function of its own and each entry point a driver";
  let description = [{
    A function with `ignis.role` arguments becomes `ignis_entry_NAME(frame)`, a list of calls: one per op, to a function that holds the op on
    buffers made from raw pointers, and waits where `ignis.barrier` stood. Ops that agree in name, attributes and types share their function, so compile
    time does not grow with the number of layers. Requires planned memory: every buffer is an argument, a weight or a view at a constant offset
    of the arena. Leaves the manifest of the runtime in the module attribute `ignis.manifest` (docs/Execution.md).
  }];
  let options = [
    Option<"interleaved", "interleaved", "bool", "true", "the kernels read weights in the interleaved layout">,
    Option<"kernels", "kernels", "std::string", "\"\"", "name of the kernel variant, for the manifest">,
    Option<"cpu", "cpu", "std::string", "\"\"", "name of the CPU, for the manifest">,
    Option<"profile", "profile", "bool", "false", "drivers report the begin of every op and wait to ignis_profile">,
  ];
  let dependentDialects = ["::ignis::IgnisDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::cf::ControlFlowDialect"];
}

def LowerOps : Pass<"ignis-lower-ops", "::mlir::ModuleOp"> {
  let summary = "generate the code of the outlined ops";
  let description = [{
    Rounding and Q8_0 linear layers become kernel calls, everything else explicit vector code (docs/Lowering.md). Each op becomes a loop over chunks that
    the threads claim from the op's counters.
  }];
  let options = [
    Option<"isa", "isa", "std::string", "\"avx512\"", "tile shapes: avx512, avx2 or neon; they do not change bits">,
  ];
  let dependentDialects = ["::ignis::IgnisDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def LowerToLoops : Pass<"ignis-lower-to-loops", "::mlir::ModuleOp"> {
  let summary = "the oracle: every outlined op as plain scalar loops, without kernels";
  let description = [{
    Activations stay float32 and weights are read as the file has them. Each op runs as a single chunk. Slow, short, and independent of the tiles,
    lanes and kernels that ignis-lower-ops uses: a referee for tests, within tolerances.
  }];
  let dependentDialects = ["::ignis::IgnisDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def BodiesToLLVM : Pass<"ignis-bodies-to-llvm", "::mlir::ModuleOp"> {
  let summary = "convert the bodies of functions to the LLVM dialect";
  let description = [{
    What upstream's expand-strided-metadata, lower-affine, convert-vector-to-llvm, convert-math-to-llvm, finalize-memref-to-llvm, convert-arith-to-llvm and
    convert-cf-to-llvm do one after the other, with the same patterns in one greedy run and one conversion. Signatures, calls and returns stay. Expects no structured control flow,
    and descriptors in place of pointer casts (`ignis-materialize-descriptors`).
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::vector::VectorDialect"];
}

def FunctionsToLLVM : Pass<"ignis-functions-to-llvm", "::mlir::ModuleOp"> {
  let summary = "convert functions, calls and returns to the LLVM dialect";
  let description = [{
    As upstream's convert-func-to-llvm. Where signatures are of LLVM types, as those of outlined functions and kernels are, bodies just move over.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def MaterializeDescriptors : Pass<"ignis-materialize-descriptors", "::mlir::ModuleOp"> {
  let summary = "turn casts from pointers to memrefs into descriptors";
  let description = [{
    `builtin.unrealized_conversion_cast %p : !llvm.ptr to memref<static>` becomes the descriptor that upstream's memref lowering expects. Runs before it.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif
