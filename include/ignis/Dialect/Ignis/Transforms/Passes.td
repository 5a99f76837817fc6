//===- Passes.td - passes on ignis ops -----------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One transformation, one pass. The contract of each (what it requires, establishes, invalidates) stands in Contracts.def beside this file.

#ifndef IGNIS_TRANSFORMS_PASSES_TD
#define IGNIS_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def FuseRmsNorm : Pass<"ignis-fuse-rms-norm", "::mlir::func::FuncOp"> {
  let summary = "fuse rms_normalize and scale into rms_norm";
  let description = [{
    An `ignis.scale` whose input is the only use of an `ignis.rms_normalize` becomes `ignis.rms_norm`, with the same bits. Both
    must have the same rows in use. Reads: tensors; leaves: tensors.

    ```mlir
    %0 = ignis.rms_normalize ins(%x : tensor<1x64xf32>) outs(%a : tensor<1x64xf32>) {eps = 1.0e-06 : f32} -> tensor<1x64xf32>
    %1 = ignis.scale ins(%0, %w : tensor<1x64xf32>, tensor<64xf32>) outs(%b : tensor<1x64xf32>) -> tensor<1x64xf32>
    // becomes
    %1 = ignis.rms_norm ins(%x, %w : tensor<1x64xf32>, tensor<64xf32>) outs(%b : tensor<1x64xf32>) {eps = 1.0e-06 : f32} -> tensor<1x64xf32>
    ```
  }];
  let dependentDialects = ["::ignis::IgnisDialect"];
}

def FuseAddRmsNorm : Pass<"ignis-fuse-add-rms-norm", "::mlir::func::FuncOp"> {
  let summary = "fuse a residual add and the rms_norm of the sum";
  let description = [{
    An `ignis.rms_norm` of an `ignis.add` of the same block becomes `ignis.add_rms_norm`, with the same bits. The sum stays a value, so it may have other uses, if they
    come after the norm. Both must have the same rows in use. Wants `ignis-fuse-rms-norm` before it; competes with `ignis-fuse-residual` for the add.

    ```mlir
    %1 = ignis.add ins(%x, %y : tensor<1x64xf32>, tensor<1x64xf32>) outs(%a : tensor<1x64xf32>) -> tensor<1x64xf32>
    %2 = ignis.rms_norm ins(%1, %w : tensor<1x64xf32>, tensor<64xf32>) outs(%b : tensor<1x64xf32>) {eps = 1.0e-06 : f32} -> tensor<1x64xf32>
    // becomes
    %2:2 = ignis.add_rms_norm ins(%x, %y, %w : tensor<1x64xf32>, tensor<1x64xf32>, tensor<64xf32>)
             outs(%a, %b : tensor<1x64xf32>, tensor<1x64xf32>) {eps = 1.0e-06 : f32} -> tensor<1x64xf32>, tensor<1x64xf32>
    ```
  }];
  let dependentDialects = ["::ignis::IgnisDialect", "::mlir::tensor::TensorDialect"];
}

def FuseSwiglu : Pass<"ignis-fuse-swiglu", "::mlir::func::FuncOp"> {
  let summary = "fuse silu and mul into swiglu";
  let description = [{
    An `ignis.mul` with an operand whose only use it is and which an `ignis.silu` makes becomes `ignis.swiglu`, with the same bits (the product commutes).
  }];
  let dependentDialects = ["::ignis::IgnisDialect"];
}

def FuseLinearSwiglu : Pass<"ignis-fuse-linear-swiglu", "::mlir::func::FuncOp"> {
  let summary = "fuse the gate and up layers and their swiglu";
  let description = [{
    A swiglu whose operands are linear layers of the same input, each used once, without bias, becomes `ignis.linear_swiglu`, with the same bits. Wants
    `ignis-fuse-swiglu` before it; competes with `ignis-fuse-gate-up` for the two layers.
  }];
  let dependentDialects = ["::ignis::IgnisDialect"];
}

def FuseGateUp : Pass<"ignis-fuse-gate-up", "::mlir::func::FuncOp"> {
  let summary = "compute two sibling linear layers without bias in one op";
  let description = [{
    Exactly two linear layers without bias that read the same value with the same number of rows become one `ignis.linear_group`: one op, one barrier's worth of chunks, the
    same bits. In a Qwen2 layer these are gate and up. Competes with `ignis-fuse-linear-swiglu`: whichever runs first takes the layers.
  }];
  let dependentDialects = ["::ignis::IgnisDialect", "::mlir::tensor::TensorDialect"];
}

def FuseQKV : Pass<"ignis-fuse-qkv", "::mlir::func::FuncOp"> {
  let summary = "compute three sibling linear layers with bias in one op";
  let description = [{
    Exactly three linear layers with biases that read the same value with the same number of rows become one `ignis.linear_group`, with the same bits. In a Qwen2 layer these
    are the projections to queries, keys and values.
  }];
  let dependentDialects = ["::ignis::IgnisDialect", "::mlir::tensor::TensorDialect"];
}

def FuseResidual : Pass<"ignis-fuse-residual", "::mlir::func::FuncOp"> {
  let summary = "add the residual in the linear layer's epilogue";
  let description = [{
    An add with an operand whose only use it is and which a linear layer makes becomes that layer with a `residual`, with the same bits. Competes with
    `ignis-fuse-add-rms-norm` for the add.
  }];
  let dependentDialects = ["::ignis::IgnisDialect"];
}

def FuseRopeCache : Pass<"ignis-fuse-rope-cache", "::mlir::func::FuncOp"> {
  let summary = "rotate keys on their way into the cache";
  let description = [{
    An attention whose keys come from a rope that has no other use becomes `ignis.rope_cache`, which writes the cache, and `ignis.attend`, which reads it. The same
    bits; the number of ops stays, a row of keys and a barrier go.
  }];
  let dependentDialects = ["::ignis::IgnisDialect"];
}

def NarrowRows : Pass<"ignis-narrow-rows", "::mlir::func::FuncOp"> {
  let summary = "compute for the last row alone what only the last row is read of";
  let description = [{
    Behind a linear layer of the last row (`select = last`), ops whose rows do not depend on one another (`getRowInputs`) and whose results only such ops read are made
    anew for one row, at its position; where the chain begins, `ignis.last_row` copies it. In prefill that is the last transformer layer but for its keys and values:
    nearly one layer's work less, with the same bits. Finds most behind `ignis-fuse-rope-cache`, because an op that writes the cache needs all rows. A layer of a
    `ignis.linear_group` whose last row alone is read leaves the group and computes that row.
  }];
  let dependentDialects = ["::ignis::IgnisDialect", "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

def MarkInPlace : Pass<"ignis-mark-in-place", "::mlir::func::FuncOp"> {
  let summary = "let elementwise ops overwrite an input that dies";
  let description = [{
    An op whose output may take the place of an input (`isElementwiseIn`) that nobody reads afterwards gets that input as its destination. Bufferization then makes
    no buffer for it. An op with several outputs (`ignis.add_rms_norm`) gives each of them an input of its own. Arguments are overwritten only if they are `bufferization.writable`.
  }];
}

def Bufferize : Pass<"ignis-bufferize", "::mlir::ModuleOp"> {
  let summary = "tensors to buffers, without analysis where every destination may be overwritten";
  let description = [{
    The result of upstream's `one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map"`. Where functions are straight
    lines of ignis ops in which no value is read after its buffer was written again (one walk shows it), its analysis, whose time grows with the cube of the layers, is left
    out. `always-analyse` never leaves it out.
  }];
  let options = [Option<"alwaysAnalyse", "always-analyse", "bool", "false", "as one-shot-bufferize">];
  let dependentDialects = ["::ignis::IgnisDialect", "::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect"];
}

def ShareRounding : Pass<"ignis-share-rounding", "::mlir::func::FuncOp"> {
  let summary = "make the rounding of activations explicit, once per value";
  let description = [{
    The f32 input of every linear op with `!ignis.q8_0` weights is rounded by an `ignis.round` of its own; ops that read the same value
    share it. The same bits, one rounding for q, k and v and one for gate and up. Works on tensors; on memrefs
    `ignis-materialize-rounding` does the same for each op that is left, without sharing.
  }];
  let dependentDialects = ["::ignis::IgnisDialect", "::mlir::tensor::TensorDialect"];
}

def MaterializeRounding : Pass<"ignis-materialize-rounding", "::mlir::func::FuncOp"> {
  let summary = "give every linear op that rounds its input a buffer for that";
  let description = [{
    On memrefs: each linear op with `!ignis.q8_0` weights and an f32 input gets an `ignis.round` into an allocation of its own before it.
    With `share`, later ops of the block that read the same buffer, not written in between, share it. Afterwards no op needs memory beside its operands
    but per-thread scratch.
  }];
  let options = [Option<"share", "share", "bool", "true", "ops that read the same buffer share its rounding">];
  let dependentDialects = ["::ignis::IgnisDialect", "::mlir::memref::MemRefDialect"];
}

def FuseRounding : Pass<"ignis-fuse-rounding", "::mlir::func::FuncOp"> {
  let summary = "let ops write rounded rows themselves";
  let description = [{
    On memrefs: an `ignis.round` of an allocation, or of an argument marked `ignis.planned`, goes if the op that wrote it can round (`canRound`) and nobody reads the unrounded rows: the op writes the rounded rows, each
    chunk its own blocks, and a barrier and the float32 buffer go with it. Wants `ignis-materialize-rounding` before it, and `ignis-decompose-attention`, because
    `ignis.attend` rounds and `ignis.attention` does not. The same bits.

    ```mlir
    ignis.rms_norm ins(%x, %w : memref<1x64xf32>, memref<64xf32>) outs(%y : memref<1x64xf32>) {eps = 1.0e-06 : f32}
    ignis.round ins(%y : memref<1x64xf32>) outs(%r : memref<1x64x!ignis.q8_act>)
    // becomes
    ignis.rms_norm ins(%x, %w : memref<1x64xf32>, memref<64xf32>) outs(%r : memref<1x64x!ignis.q8_act>) {eps = 1.0e-06 : f32}
    ```
  }];
  let dependentDialects = ["::ignis::IgnisDialect"];
}

#endif
