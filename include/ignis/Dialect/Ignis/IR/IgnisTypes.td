//===- IgnisTypes.td - 8-bit block element types -------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Element types of tensors and memrefs whose values are stored in blocks of 32 with a scale each.

#ifndef IGNIS_TYPES_TD
#define IGNIS_TYPES_TD

include "ignis/Dialect/Ignis/IR/IgnisBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"

class Ignis_BlockType<string name, string typeMnemonic>
    : TypeDef<Ignis_Dialect, name, [MemRefElementTypeInterface]> {
  let mnemonic = typeMnemonic;
}

def Ignis_Q8_0Type : Ignis_BlockType<"Q8_0", "q8_0"> {
  let summary = "a weight of a Q8_0 tensor of a GGUF file";
  let description = [{
    One of 32 consecutive values along a row that share a float16 scale: value = scale * int8. In the file a block takes 34
    bytes, scale first. `tensor<896x4864x!ignis.q8_0>` has 896 output features of 4864 inputs; the last dimension is a multiple of 32.
  }];
}

def Ignis_Q8ActType : Ignis_BlockType<"Q8Act", "q8_act"> {
  let summary = "an activation rounded to 8 bits";
  let description = [{
    One of 32 consecutive values along a row that share a float32 scale (docs/Numerics.md, section 1). A row of `k` values
    takes `k + k / 4` bytes: the values, the scales and each block's int32 sum. The order inside a row belongs to the kernel variant.
  }];
}

#endif
