//===- IgnisInterfaces.td - what passes may ask of a compute op ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Passes see ops through this interface and the upstream destination-style and memory-effect ones; none of them switches on
// op names where a question will do.

#ifndef IGNIS_INTERFACES_TD
#define IGNIS_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Ignis_ComputeOpInterface : OpInterface<"ComputeOpInterface"> {
  let cppNamespace = "::ignis";
  let description = [{
    A step of the forward pass: one parallel unit of work that reads `ins` and writes `outs`. The report's `total_ops` counts these.
  }];
  let methods = [
    InterfaceMethod<"The number of rows in use, or null if all rows of the output are.",
      "::mlir::Value", "getRowCount", (ins), [{}], [{ return {}; }]>,
    InterfaceMethod<"Forgets the number of rows: all rows are in use.",
      "void", "clearRowCount", (ins), [{}], [{}]>,
    InterfaceMethod<[{Bytes of rounded activations that the op needs beside its operands when it runs on kernels,
      0 if its inputs are rounded already or need not be.}],
      "int64_t", "getActivationBytes", (ins), [{}], [{ return 0; }]>,
    InterfaceMethod<"Bytes of scratch that each thread needs while it runs the op on kernels.",
      "int64_t", "getScratchBytes", (ins), [{}], [{ return 0; }]>,
    InterfaceMethod<[{Whether an output may take the place of operand `input` in memory: element [i, j] of the output is written after the op
      has read element [i, j] of the input for the last time.}],
      "bool", "isElementwiseIn", (ins "::mlir::OpOperand &":$input), [{}], [{ return false; }]>,
    InterfaceMethod<[{The inputs, rows of floats, of which row r of every output takes row r and no other row; none if there is no such relation,
      because the op writes a cache, picks rows or rounds them.}],
      "::llvm::SmallVector<::mlir::OpOperand *>", "getRowInputs", (ins), [{}], [{ return {}; }]>,
    InterfaceMethod<"The operand with the position of row 0, which the other rows follow, or null if rows have no position.",
      "::mlir::OpOperand *", "getFirstPosition", (ins), [{}], [{ return nullptr; }]>,
    InterfaceMethod<[{Whether the op can write destination `init` as rounded rows (`!ignis.q8_act`) when it runs on kernels: its chunks are
      whole blocks of 32 columns.}],
      "bool", "canRound", (ins "::mlir::OpOperand &":$init), [{}], [{ return false; }]>,
  ];
}

#endif
