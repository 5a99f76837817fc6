//===- IgnisBase.td - the dialect and what its definitions share -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Included by the other .td files of the dialect; defines the dialect itself.

#ifndef IGNIS_BASE_TD
#define IGNIS_BASE_TD

include "mlir/IR/OpBase.td"

def Ignis_Dialect : Dialect {
  let name = "ignis";
  let cppNamespace = "::ignis";
  let summary = "the forward pass of Qwen2 language models";
  let description = [{
    The ops of this dialect are the steps of a Qwen2 transformer, in destination-passing style: each writes the
    buffer (or makes the value) named by `outs`. They hold on static ranked tensors, before bufferization, and
    on static memrefs with identity layout, after it. Activations have shape `[rows, width]`, rows being the largest number of tokens that
    one call takes; `rows(%n)` says how many are in use, and rows from `%n` on are neither read nor
    written. What every op computes, bit by bit, is in docs/Numerics.md.

    Function arguments carry `ignis.role` (see docs/Execution.md) and, if the memory planner places them
    together with the allocations of the body, the unit attribute `ignis.planned`.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 0;
}

#endif
