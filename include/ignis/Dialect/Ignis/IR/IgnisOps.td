//===- IgnisOps.td - the ops, in the order in which a transformer block uses them ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each description: formula, operands with shapes (R = most rows of a call, E = width), numbered constraints, one
// example. The constraint numbers are the names of tests (test/Dialect/Ignis/IR/invalid.mlir) and stand beside the checks in IgnisVerify.cpp.

#ifndef IGNIS_OPS_TD
#define IGNIS_OPS_TD

include "ignis/Dialect/Ignis/IR/IgnisAttrs.td"
include "ignis/Dialect/Ignis/IR/IgnisInterfaces.td"
include "ignis/Dialect/Ignis/IR/IgnisTypes.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------------------------------===//
// Operand types
//===----------------------------------------------------------------------------------------------===//

class Ignis_Buffer<list<Type> elements, int rank, string text>
    : AnyTypeOf<[TensorRankOf<elements, [rank]>, MemRefRankOf<elements, [rank]>], text>;

def Ignis_Vector : Ignis_Buffer<[F32, F16, BF16], 1, "1-D tensor or memref of f32, f16 or bf16">;
def Ignis_Rows : Ignis_Buffer<[F32], 2, "2-D tensor or memref of f32 (rows x width)">;
def Ignis_Activations : Ignis_Buffer<[F32, Ignis_Q8ActType], 2, "2-D tensor or memref of f32 or !ignis.q8_act">;
def Ignis_Rounded : Ignis_Buffer<[Ignis_Q8ActType], 2, "2-D tensor or memref of !ignis.q8_act">;
def Ignis_Matrix : Ignis_Buffer<[Ignis_Q8_0Type, F32, F16, BF16], 2, "2-D tensor or memref of !ignis.q8_0, f32, f16 or bf16 (outputs x inputs)">;
def Ignis_Ids : Ignis_Buffer<[I32], 1, "1-D tensor or memref of i32">;
def Ignis_RopeTable : Ignis_Buffer<[F32], 2, "2-D tensor or memref of f32 (positions x head size)">;
def Ignis_Position : AnyTypeOf<[Index, TensorRankOf<[I32], [1]>, MemRefRankOf<[I32], [1]>], "index, or 1-D tensor or memref of i32">;
class Ignis_Cache<int rank, string shape>
    : AnyTypeOf<[TensorRankOf<[F16, F32], [rank, !add(rank, 1)]>, MemRefRankOf<[F16, F32], [rank, !add(rank, 1)]>],
                "tensor or memref of f16 or f32 ((sequences x) " # shape # ")">;
def Ignis_KeyCache : Ignis_Cache<5, "layers x kv heads x positions/16 x head size x 16">;
def Ignis_ValueCache : Ignis_Cache<4, "layers x kv heads x positions x head size">;
def Ignis_AnyTensor : AnyTypeOf<[AnyRankedTensor]>;

//===----------------------------------------------------------------------------------------------===//
// Op classes
//===----------------------------------------------------------------------------------------------===//

/// A step of the forward pass. Derived ops name their destinations `outs` or `out`.
class Ignis_ComputeOp<string mnemonic, list<Trait> traits = [], list<string> interfaceMethods = []>
    : Op<Ignis_Dialect, mnemonic, !listconcat(traits, [
        DeclareOpInterfaceMethods<Ignis_ComputeOpInterface, !listconcat(["getRowCount", "clearRowCount"], interfaceMethods)>,
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>])> {
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 0;
  let hasCanonicalizer = 1;
  code dpsInits = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutMutable(); }
  }];
  let extraClassDeclaration = dpsInits;
}

/// One input of the output's shape.
class Ignis_UnaryOp<string mnemonic, list<Trait> traits = []>
    : Ignis_ComputeOp<mnemonic, traits, ["isElementwiseIn", "getRowInputs"]> {
  let arguments = (ins Ignis_Rows:$x, Ignis_Rows:$out, Optional<Index>:$rows);
  let results = (outs Optional<Ignis_AnyTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $x `:` type($x) `)` `outs` `(` $out `:` type($out) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($result)^)?
  }];
}

/// Two inputs of the output's shape.
class Ignis_BinaryOp<string mnemonic, list<Trait> traits = []>
    : Ignis_ComputeOp<mnemonic, traits, ["isElementwiseIn", "getRowInputs"]> {
  let arguments = (ins Ignis_Rows:$lhs, Ignis_Rows:$rhs, Ignis_Rows:$out, Optional<Index>:$rows);
  let results = (outs Optional<Ignis_AnyTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $lhs `,` $rhs `:` type($lhs) `,` type($rhs) `)` `outs` `(` $out `:` type($out) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($result)^)?
  }];
}

//===----------------------------------------------------------------------------------------------===//
// References into the file
//===----------------------------------------------------------------------------------------------===//

def Ignis_WeightOp : Op<Ignis_Dialect, "weight", [Pure]> {
  let summary = "a tensor of the model file, by name";
  let description = [{
    The result is the tensor of that name; its bytes are mapped from the file at run time and never enter the IR. GGUF
    dimensions are reversed, so a matrix is `[outputs, inputs]`. Several names stand for the matrices below one another (one name's outputs after the
    other's), which lets one `ignis.linear` compute them all.

    Constraints:
    * (C1) there is at least one name, and no name is empty;
    * (C2) the type has a static shape of rank 1 or 2;
    * (C3) the element type is f32, f16, bf16 or `!ignis.q8_0`; a `!ignis.q8_0` type has rank 2 and its last dimension is a multiple of 32.

    ```mlir
    %w = ignis.weight "blk.0.attn_norm.weight" : tensor<896xf32>
    %qk = ignis.weight "blk.0.attn_q.weight", "blk.0.attn_k.weight" : tensor<1024x896x!ignis.q8_0>
    ```
    An op and not a constant: a `dense_resource` of the same bytes would be copied through text and bytecode.
  }];
  let arguments = (ins StrArrayAttr:$names);
  let results = (outs AnyTypeOf<[AnyRankedTensor, AnyMemRef]>:$result);
  let assemblyFormat = "custom<Names>($names) attr-dict `:` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------------------------------===//
// Embedding and normalisation
//===----------------------------------------------------------------------------------------------===//

def Ignis_EmbedOp : Ignis_ComputeOp<"embed"> {
  let summary = "rows of the embedding table";
  let description = [{
    `out[r, :] = float(table[tokens[r], :])`

    tokens `[R]`, table `[V, E]`, out `[R, E]`. Ids are the caller's to check: 0 <= id < V.
    * (C1) tokens and out have the same number of rows; (C2) table and out have the same width.

    ```mlir
    %0 = ignis.embed ins(%ids, %table : tensor<1xi32>, tensor<151936x896x!ignis.q8_0>) outs(%o : tensor<1x896xf32>) -> tensor<1x896xf32>
    ```
  }];
  let arguments = (ins Ignis_Ids:$tokens, Ignis_Matrix:$table, Ignis_Rows:$out, Optional<Index>:$rows);
  let results = (outs Optional<Ignis_AnyTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $tokens `,` $table `:` type($tokens) `,` type($table) `)` `outs` `(` $out `:` type($out) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($result)^)?
  }];
}

def Ignis_LastRowOp : Ignis_ComputeOp<"last_row"> {
  let summary = "a copy of the last row in use";
  let description = [{
    `out[0, :] = x[R - 1, :]`, R the rows in use.

    x `[R, E]`, out `[1, E]`.
    * (C1) x and out have the same width; (C2) out has one row.

    ```mlir
    %0 = ignis.last_row ins(%x : tensor<512x896xf32>) outs(%o : tensor<1x896xf32>) rows(%n) -> tensor<1x896xf32>
    ```
  }];
  let arguments = (ins Ignis_Rows:$x, Ignis_Rows:$out, Optional<Index>:$rows);
  let results = (outs Optional<Ignis_AnyTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $x `:` type($x) `)` `outs` `(` $out `:` type($out) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($result)^)?
  }];
}

def Ignis_RmsNormalizeOp : Ignis_UnaryOp<"rms_normalize"> {
  let summary = "rows divided by their root mean square";
  let description = [{
    `out[r, j] = x[r, j] / sqrt(mean_j(x[r, j]^2) + eps)`

    x and out `[R, E]`.
    * (C1) x and out have the same shape; (C2) eps is finite and positive.

    ```mlir
    %0 = ignis.rms_normalize ins(%x : tensor<1x896xf32>) outs(%o : tensor<1x896xf32>) {eps = 1.0e-06 : f32} -> tensor<1x896xf32>
    ```
  }];
  let arguments = (ins Ignis_Rows:$x, Ignis_Rows:$out, Optional<Index>:$rows, F32Attr:$eps);
}

def Ignis_ScaleOp : Ignis_ComputeOp<"scale", [], ["isElementwiseIn", "getRowInputs"]> {
  let summary = "columns multiplied by a weight";
  let description = [{
    `out[r, j] = x[r, j] * weight[j]`

    x and out `[R, E]`, weight `[E]`.
    * (C1) x and out have the same shape; (C2) weight has the width of x.

    ```mlir
    %0 = ignis.scale ins(%x, %w : tensor<1x896xf32>, tensor<896xf32>) outs(%o : tensor<1x896xf32>) -> tensor<1x896xf32>
    ```
  }];
  let arguments = (ins Ignis_Rows:$x, Ignis_Vector:$weight, Ignis_Rows:$out, Optional<Index>:$rows);
  let results = (outs Optional<Ignis_AnyTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $x `,` $weight `:` type($x) `,` type($weight) `)` `outs` `(` $out `:` type($out) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($result)^)?
  }];
}

def Ignis_RmsNormOp : Ignis_ComputeOp<"rms_norm", [], ["isElementwiseIn", "canRound", "getScratchBytes", "getRowInputs"]> {
  let summary = "RMSNorm: rms_normalize and scale in one";
  let description = [{
    `out[r, j] = (x[r, j] / sqrt(mean_j(x[r, j]^2) + eps)) * weight[j]`, the same bits as `ignis.scale` of `ignis.rms_normalize`.

    x and out `[R, E]`, weight `[E]`. An out of `!ignis.q8_act` gets the rows as `ignis.round` would round them.
    * (C1) x and out have the same shape; (C2) weight has the width of x; (C3) eps is finite and positive;
    * (C4) with an out of `!ignis.q8_act` the width is a multiple of 32.

    ```mlir
    %0 = ignis.rms_norm ins(%x, %w : tensor<1x896xf32>, tensor<896xf32>) outs(%o : tensor<1x896xf32>) {eps = 1.0e-06 : f32} -> tensor<1x896xf32>
    ```
  }];
  let arguments = (ins Ignis_Rows:$x, Ignis_Vector:$weight, Ignis_Activations:$out, Optional<Index>:$rows, F32Attr:$eps);
  let results = (outs Optional<Ignis_AnyTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $x `,` $weight `:` type($x) `,` type($weight) `)` `outs` `(` $out `:` type($out) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($result)^)?
  }];
}

def Ignis_AddRmsNormOp : Ignis_ComputeOp<"add_rms_norm", [], ["isElementwiseIn", "canRound", "getScratchBytes", "getRowInputs"]> {
  let summary = "a residual add and the RMSNorm of the sum in one";
  let description = [{
    `sum[r, j] = lhs[r, j] + rhs[r, j]`, `out[r, j] = (sum[r, j] / sqrt(mean_j(sum[r, j]^2) + eps)) * weight[j]`, the same bits as `ignis.rms_norm` of
    `ignis.add`. Both are results: the sum goes on to the next residual add.

    lhs, rhs, sum and out `[R, E]`, weight `[E]`. Each output may take the place of lhs or of rhs: a row of both is read before out is written.
    An out of `!ignis.q8_act` gets the rows as `ignis.round` would round them.
    * (C1) lhs, rhs, sum and out have one shape; (C2) weight has the width of lhs; (C3) eps is finite and positive; (C4) sum and out are two buffers;
    * (C5) with an out of `!ignis.q8_act` the width is a multiple of 32.

    ```mlir
    %0:2 = ignis.add_rms_norm ins(%a, %b, %w : tensor<1x896xf32>, tensor<1x896xf32>, tensor<896xf32>)
             outs(%s, %o : tensor<1x896xf32>, tensor<1x896xf32>) {eps = 1.0e-06 : f32} -> tensor<1x896xf32>, tensor<1x896xf32>
    ```
  }];
  let arguments = (ins Ignis_Rows:$lhs, Ignis_Rows:$rhs, Ignis_Vector:$weight, Ignis_Rows:$sum, Ignis_Activations:$out, Optional<Index>:$rows, F32Attr:$eps);
  let results = (outs Variadic<Ignis_AnyTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $lhs `,` $rhs `,` $weight `:` type($lhs) `,` type($rhs) `,` type($weight) `)`
    `outs` `(` $sum `,` $out `:` type($sum) `,` type($out) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return ::mlir::MutableOperandRange(getOperation(), 3, 2); }
  }];
}

//===----------------------------------------------------------------------------------------------===//
// Linear layers
//===----------------------------------------------------------------------------------------------===//

def Ignis_RoundOp : Ignis_ComputeOp<"round"> {
  let summary = "activations rounded to 8-bit blocks";
  let description = [{
    Per block of 32: `d = max|x| / 127`, `q = rint(x / d)` (docs/Numerics.md, section 1).

    x `[R, E]` of f32, out `[R, E]` of `!ignis.q8_act`.
    * (C1) x and out have the same shape; (C2) the width is a multiple of 32.

    ```mlir
    %0 = ignis.round ins(%x : tensor<1x896xf32>) outs(%o : tensor<1x896x!ignis.q8_act>) -> tensor<1x896x!ignis.q8_act>
    ```
    An op, so that layers which share an input round it once.
  }];
  let arguments = (ins Ignis_Rows:$x, Ignis_Rounded:$out, Optional<Index>:$rows);
  let results = (outs Optional<Ignis_AnyTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $x `:` type($x) `)` `outs` `(` $out `:` type($out) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($result)^)?
  }];
}

def Ignis_LinearOp : Ignis_ComputeOp<"linear", [AttrSizedOperandSegments], ["getActivationBytes", "isElementwiseIn", "getRowInputs"]> {
  let summary = "a linear layer";
  let description = [{
    `out[r, j] = sum_i weight[j, i] * x[r, i] (+ bias[j]) (+ residual[r, j])`, in this order. With a `!ignis.q8_0` weight, x is rounded to
    8 bits first unless it already is (docs/Numerics.md, sections 1 to 3). `select = last` computes the last row in use alone: out has one row.

    x `[R, K]`, weight `[N, K]`, bias `[N]`, residual `[R, N]`, out `[R, N]` or `[1, N]`.
    * (C1) weight has the width of x; (C2) out has as many columns as weight has rows; (C3) out has the rows of x, one if `select = last`;
    * (C4) bias has the width of out; (C5) residual has the shape of out, and needs `select = all`;
    * (C6) with a `!ignis.q8_0` weight K is a multiple of 32; (C7) an x of `!ignis.q8_act` needs a `!ignis.q8_0` weight;
    * (C8) out may be the buffer of residual, unless that is x too or a bias of f16 or bf16 is added to a `!ignis.q8_0` product.

    ```mlir
    %0 = ignis.linear ins(%x, %w : tensor<1x896xf32>, tensor<128x896x!ignis.q8_0>) bias(%b : tensor<128xf32>) outs(%o : tensor<1x128xf32>) -> tensor<1x128xf32>
    ```
  }];
  let arguments = (ins Ignis_Activations:$x, Ignis_Matrix:$weight, Optional<Ignis_Vector>:$bias, Optional<Ignis_Rows>:$residual,
                       Ignis_Rows:$out, Optional<Index>:$rows,
                       DefaultValuedAttr<Ignis_RowSelectionAttr, "::ignis::RowSelection::All">:$select);
  let results = (outs Optional<Ignis_AnyTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $x `,` $weight `:` type($x) `,` type($weight) `)` (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`residual` `(` $residual^ `:` type($residual) `)`)? `outs` `(` $out `:` type($out) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($result)^)?
  }];
}

def Ignis_LinearGroupOp : Ignis_ComputeOp<"linear_group", [AttrSizedOperandSegments], ["getActivationBytes", "getRowInputs"]> {
  let summary = "several linear layers of the same input";
  let description = [{
    `outs[m][r, j] = sum_i weights[m][j, i] * x[r, i] (+ biases[m][j])`: the layers of one input as one parallel op (q, k and v; gate and up). The same bits as single layers.

    x `[R, K]`, weights `[N_m, K]`, biases `[N_m]`, outs `[R, N_m]`.
    * (C1) as many weights as outs, at least two, and as many biases or none; (C2) weights have one element type; (C3) weights have the width of x; (C4) each out has the
      rows of x and as many columns as its weight has rows; (C5) each bias has the width of its out; (C6) rows of `!ignis.q8_0` are a multiple of 32; (C7) a rounded x needs
      `!ignis.q8_0` weights.

    ```mlir
    %0:2 = ignis.linear_group ins(%x : tensor<1x64xf32>) weights(%w, %u : tensor<128x64x!ignis.q8_0>, tensor<32x64x!ignis.q8_0>)
        outs(%a, %b : tensor<1x128xf32>, tensor<1x32xf32>) -> tensor<1x128xf32>, tensor<1x32xf32>
    ```
  }];
  let arguments = (ins Ignis_Activations:$x, Variadic<Ignis_Matrix>:$weights, Variadic<Ignis_Vector>:$biases, Variadic<Ignis_Rows>:$outs,
                       Optional<Index>:$rows);
  let results = (outs Variadic<Ignis_AnyTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $x `:` type($x) `)` `weights` `(` $weights `:` type($weights) `)` (`biases` `(` $biases^ `:` type($biases) `)`)?
    `outs` `(` $outs `:` type($outs) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
  }];
}

def Ignis_LinearSwigluOp : Ignis_ComputeOp<"linear_swiglu", [], ["getActivationBytes", "getScratchBytes", "canRound", "getRowInputs"]> {
  let summary = "gate and up projections and SwiGLU in one";
  let description = [{
    `out[r, j] = silu(gate[j, :] . x[r, :]) * (up[j, :] . x[r, :])`, the same bits as two `ignis.linear` and an `ignis.swiglu`. Each thread
    keeps a tile of both products in scratch (`SwigluTile`). An out of `!ignis.q8_act` gets the rows as `ignis.round` would round them.

    x `[R, K]`, gate and up `[N, K]`, out `[R, N]`.
    * (C1) gate and up have the same type; (C2) they have the width of x; (C3) out has the rows of x and as many columns as gate has rows;
    * (C4) with `!ignis.q8_0` weights K is a multiple of 32; (C5) an x of `!ignis.q8_act` needs `!ignis.q8_0` weights;
    * (C6) an out of `!ignis.q8_act` needs `!ignis.q8_0` weights and an N that is a multiple of 32.

    ```mlir
    %0 = ignis.linear_swiglu ins(%x, %g, %u : tensor<1x896xf32>, tensor<4864x896x!ignis.q8_0>, tensor<4864x896x!ignis.q8_0>) outs(%o : tensor<1x4864xf32>) -> tensor<1x4864xf32>
    ```
  }];
  let arguments = (ins Ignis_Activations:$x, Ignis_Matrix:$gate, Ignis_Matrix:$up, Ignis_Activations:$out, Optional<Index>:$rows);
  let results = (outs Optional<Ignis_AnyTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $x `,` $gate `,` $up `:` type($x) `,` type($gate) `,` type($up) `)` `outs` `(` $out `:` type($out) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = dpsInits # [{
    /// Rows and columns of a tile of either product.
    ::ignis::SwigluTile getTile();
  }];
}

//===----------------------------------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------------------------------===//

def Ignis_RopeOp : Ignis_ComputeOp<"rope", [], ["isElementwiseIn", "getRowInputs", "getFirstPosition"]> {
  let summary = "rotary position embedding";
  let description = [{
    Rotates each pair (i, i + d/2) of each head of size d by the table's angle for the row's position:
    `out[i] = x[i] * cos - x[i + d/2] * sin`, `out[i + d/2] = x[i + d/2] * cos + x[i] * sin` (Su et al., RoFormer, arXiv 2104.09864; the NeoX pairing).

    x and out `[R, H * d]`, table `[positions, d]` (cos of pair i in column i, sin in column d/2 + i), position: that of row 0, the other rows follow; or
    `[R]` of i32, one for each row.
    * (C1) x and out have the same shape; (C2) the width of x is a multiple of the table's width d; (C3) d is a multiple of 16, from 32 to 128;
    * (C4) positions of rows are R.

    ```mlir
    %0 = ignis.rope ins(%q, %table : tensor<1x896xf32>, tensor<4096x64xf32>) position(%p) outs(%o : tensor<1x896xf32>) -> tensor<1x896xf32>
    ```
  }];
  let arguments = (ins Ignis_Rows:$x, Ignis_RopeTable:$table, Ignis_Position:$position, Ignis_Rows:$out, Optional<Index>:$rows);
  let results = (outs Optional<Ignis_AnyTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $x `,` $table `:` type($x) `,` type($table) `)` `position` `(` custom<Position>($position, type($position)) `)` `outs` `(` $out `:` type($out) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($result)^)?
  }];
}

def Ignis_AttentionOp : Ignis_ComputeOp<"attention", [AttrSizedOperandSegments], ["getScratchBytes"]> {
  let summary = "writes keys and values into the cache and attends to it";
  let description = [{
    Rows r of k and v go to position `position + r` of layer `layer` of the caches, rounded to the caches' type. Then
    `out[r, h] = softmax(q[r, h] . K[h / group] / sqrt(d)) V[h / group]` over positions 0 to `position + r` (Vaswani et al., arXiv 1706.03762; grouped
    queries: Ainslie et al., arXiv 2305.13245). docs/Numerics.md, section 6, has the order of the sums.

    q and out `[R, H * d]`, k and v `[R, G * d]`, key_cache `[L, G, C / 16, d, 16]`, value_cache `[L, G, C, d]`.

    With `sequences`, rows belong to several sequences that are decoded together: row r is at position `position[r]` of cache `sequences[r]`,
    position and sequences are `[R]` of i32, and the caches have a leading dimension, the number of sequences. The caller sees to 0 <= sequences[r] < that number.
    * (C1) q and out have the same shape, and k and v have; (C2) q and k have the same number of rows; (C3) the caches agree in type, layers, heads, positions and head size;
    * (C4) k has the width G * d; (C5) H is a multiple of G; (C6) `0 <= layer < L`; (C7) d is a multiple of 16, from 32 to 128;
    * (C8) with sequences, there are R of them and of positions and the caches have a dimension for them; without, position is one index and they have none.

    ```mlir
    %0:3 = ignis.attention ins(%q, %k, %v : tensor<1x896xf32>, tensor<1x128xf32>, tensor<1x128xf32>) position(%p)
             outs(%o, %kc, %vc : tensor<1x896xf32>, tensor<24x2x256x64x16xf16>, tensor<24x2x4096x64xf16>) {layer = 0 : i64}
             -> tensor<1x896xf32>, tensor<24x2x256x64x16xf16>, tensor<24x2x4096x64xf16>
    ```
  }];
  let arguments = (ins Ignis_Rows:$q, Ignis_Rows:$k, Ignis_Rows:$v, Ignis_Position:$position, Ignis_Rows:$out,
                       Ignis_KeyCache:$key_cache, Ignis_ValueCache:$value_cache, Optional<Index>:$rows, Optional<Ignis_Ids>:$sequences, I64Attr:$layer);
  let results = (outs Variadic<Ignis_AnyTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $q `,` $k `,` $v `:` type($q) `,` type($k) `,` type($v) `)` `position` `(` custom<Position>($position, type($position)) `)` (`sequences` `(` $sequences^ `:` type($sequences) `)`)?
    `outs` `(` $out `,` $key_cache `,` $value_cache `:` type($out) `,` type($key_cache) `,` type($value_cache) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return ::mlir::MutableOperandRange(getOperation(), 4, 3); }
  }];
}

def Ignis_CacheWriteOp : Ignis_ComputeOp<"cache_write", [AttrSizedOperandSegments]> {
  let summary = "writes keys and values into the cache";
  let description = [{
    Writes k and v, rounded to the caches' type, to positions `position + r` of layer `layer` of the caches: the first half of `ignis.attention`.

    k and v `[R, G * d]`, caches, position and sequences as in `ignis.attention`.
    * (C1) k and v have the same shape; (C2) the caches agree in type, layers, heads, positions and head size; (C3) k has the width G * d;
    * (C4) `0 <= layer < L`; (C5) d is a multiple of 16, from 32 to 128; (C6) as (C8) of `ignis.attention`.

    ```mlir
    %0:2 = ignis.cache_write ins(%k, %v : tensor<1x128xf32>, tensor<1x128xf32>) position(%p)
             outs(%kc, %vc : tensor<24x2x256x64x16xf16>, tensor<24x2x4096x64xf16>) {layer = 0 : i64} -> tensor<24x2x256x64x16xf16>, tensor<24x2x4096x64xf16>
    ```
  }];
  let arguments = (ins Ignis_Rows:$k, Ignis_Rows:$v, Ignis_Position:$position, Ignis_KeyCache:$key_cache, Ignis_ValueCache:$value_cache,
                       Optional<Index>:$rows, Optional<Ignis_Ids>:$sequences, I64Attr:$layer);
  let results = (outs Variadic<Ignis_AnyTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $k `,` $v `:` type($k) `,` type($v) `)` `position` `(` custom<Position>($position, type($position)) `)` (`sequences` `(` $sequences^ `:` type($sequences) `)`)?
    `outs` `(` $key_cache `,` $value_cache `:` type($key_cache) `,` type($value_cache) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return ::mlir::MutableOperandRange(getOperation(), 3, 2); }
  }];
}

def Ignis_RopeCacheOp : Ignis_ComputeOp<"rope_cache", [AttrSizedOperandSegments]> {
  let summary = "rotates keys and writes keys and values into the cache";
  let description = [{
    Writes rope(k) and v to positions `position + r` of layer `layer` of the caches. `ignis.rope` of k followed by the cache writes of `ignis.attention`, in one.

    k and v `[R, G * d]`, table `[positions, d]`, caches, position and sequences as in `ignis.attention`.
    * (C1) k and v have the same shape; (C2) the caches agree in type, layers, heads, positions and head size; (C3) k has the width G * d;
    * (C4) the table has the width d; (C5) `0 <= layer < L`; (C6) d is a multiple of 16, from 32 to 128; (C7) as (C8) of `ignis.attention`.

    ```mlir
    %0:2 = ignis.rope_cache ins(%k, %v, %table : tensor<1x128xf32>, tensor<1x128xf32>, tensor<4096x64xf32>) position(%p)
             outs(%kc, %vc : tensor<24x2x256x64x16xf16>, tensor<24x2x4096x64xf16>) {layer = 0 : i64} -> tensor<24x2x256x64x16xf16>, tensor<24x2x4096x64xf16>
    ```
  }];
  let arguments = (ins Ignis_Rows:$k, Ignis_Rows:$v, Ignis_RopeTable:$table, Ignis_Position:$position,
                       Ignis_KeyCache:$key_cache, Ignis_ValueCache:$value_cache, Optional<Index>:$rows, Optional<Ignis_Ids>:$sequences, I64Attr:$layer);
  let results = (outs Variadic<Ignis_AnyTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $k `,` $v `,` $table `:` type($k) `,` type($v) `,` type($table) `)` `position` `(` custom<Position>($position, type($position)) `)` (`sequences` `(` $sequences^ `:` type($sequences) `)`)?
    `outs` `(` $key_cache `,` $value_cache `:` type($key_cache) `,` type($value_cache) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return ::mlir::MutableOperandRange(getOperation(), 4, 2); }
  }];
}

def Ignis_AttendOp : Ignis_ComputeOp<"attend", [AttrSizedOperandSegments], ["getScratchBytes", "canRound", "getRowInputs", "getFirstPosition"]> {
  let summary = "attends to a cache that already holds the rows of this call";
  let description = [{
    The second half of `ignis.attention`: reads the caches and does not write them.

    q and out `[R, H * d]`, caches, position and sequences as in `ignis.attention`. An out of `!ignis.q8_act` gets the rows as `ignis.round` would round them.
    * (C1) q and out have the same shape; (C2) the caches agree in type, layers, heads, positions and head size; (C3) the width of q is a multiple of G * d;
    * (C4) `0 <= layer < L`; (C5) d is a multiple of 16, from 32 to 128; (C6) as (C8) of `ignis.attention`;
    * (C7) with an out of `!ignis.q8_act` the heads that a thread takes at once (`getTileHeads`) have a multiple of 32 columns.

    ```mlir
    %0 = ignis.attend ins(%q, %kc, %vc : tensor<1x896xf32>, tensor<24x2x256x64x16xf16>, tensor<24x2x4096x64xf16>) position(%p)
           outs(%o : tensor<1x896xf32>) {layer = 0 : i64} -> tensor<1x896xf32>
    ```
  }];
  let arguments = (ins Ignis_Rows:$q, Ignis_KeyCache:$key_cache, Ignis_ValueCache:$value_cache, Ignis_Position:$position, Ignis_Activations:$out,
                       Optional<Index>:$rows, Optional<Ignis_Ids>:$sequences, I64Attr:$layer);
  let results = (outs Optional<Ignis_AnyTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $q `,` $key_cache `,` $value_cache `:` type($q) `,` type($key_cache) `,` type($value_cache) `)` `position` `(` custom<Position>($position, type($position)) `)` (`sequences` `(` $sequences^ `:` type($sequences) `)`)?
    `outs` `(` $out `:` type($out) `)` (`rows` `(` $rows^ `)`)? attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = dpsInits # [{
    /// Heads of one tile, which share a key/value head: all of its heads if kAttentionRows allow, else their
    /// largest divisor that does.
    int64_t getTileHeads();
  }];
}

//===----------------------------------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------------------------------===//

def Ignis_AddOp : Ignis_BinaryOp<"add"> {
  let summary = "elementwise sum";
  let description = [{
    `out[r, j] = lhs[r, j] + rhs[r, j]`
    * (C1) lhs, rhs and out have the same shape.

    ```mlir
    %0 = ignis.add ins(%a, %b : tensor<1x896xf32>, tensor<1x896xf32>) outs(%o : tensor<1x896xf32>) -> tensor<1x896xf32>
    ```
  }];
}

def Ignis_MulOp : Ignis_BinaryOp<"mul"> {
  let summary = "elementwise product";
  let description = [{
    `out[r, j] = lhs[r, j] * rhs[r, j]`
    * (C1) lhs, rhs and out have the same shape.

    ```mlir
    %0 = ignis.mul ins(%a, %b : tensor<1x4864xf32>, tensor<1x4864xf32>) outs(%o : tensor<1x4864xf32>) -> tensor<1x4864xf32>
    ```
  }];
}

def Ignis_SiluOp : Ignis_UnaryOp<"silu"> {
  let summary = "sigmoid linear unit";
  let description = [{
    `out[r, j] = x[r, j] / (1 + exp(-x[r, j]))` (Elfwing et al., arXiv 1702.03118)
    * (C1) x and out have the same shape.

    ```mlir
    %0 = ignis.silu ins(%x : tensor<1x4864xf32>) outs(%o : tensor<1x4864xf32>) -> tensor<1x4864xf32>
    ```
  }];
}

def Ignis_SwigluOp : Ignis_BinaryOp<"swiglu"> {
  let summary = "SwiGLU: silu of the gate times up";
  let description = [{
    `out[r, j] = silu(lhs[r, j]) * rhs[r, j]` (Shazeer, arXiv 2002.05202), the same bits as `ignis.mul` of `ignis.silu`.
    * (C1) lhs, rhs and out have the same shape.

    ```mlir
    %0 = ignis.swiglu ins(%gate, %up : tensor<1x4864xf32>, tensor<1x4864xf32>) outs(%o : tensor<1x4864xf32>) -> tensor<1x4864xf32>
    ```
  }];
}

//===----------------------------------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------------------------------===//

def Ignis_BarrierOp : Op<Ignis_Dialect, "barrier", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "waits until all work before it is done";
  let description = [{
    Every thread runs the whole function and takes its share of each op. An op after the barrier may read what
    any thread wrote before it, and may overwrite what any thread read before it. `ignis-insert-barriers` puts them where data crosses threads.

    ```mlir
    ignis.barrier
    ```
  }];
  let assemblyFormat = "attr-dict";
}

#endif
