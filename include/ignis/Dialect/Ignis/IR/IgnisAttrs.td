//===- IgnisAttrs.td - attributes of the dialect -------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Enumerations used by the ops.

#ifndef IGNIS_ATTRS_TD
#define IGNIS_ATTRS_TD

include "ignis/Dialect/Ignis/IR/IgnisBase.td"
include "mlir/IR/EnumAttr.td"

def Ignis_RowSelection : I32EnumAttr<"RowSelection", "which rows of its input an op computes", [
    I32EnumAttrCase<"All", 0, "all">, I32EnumAttrCase<"Last", 1, "last">]> {
  let cppNamespace = "::ignis";
  let genSpecializedAttr = 0;
}

def Ignis_RowSelectionAttr : EnumAttr<Ignis_Dialect, Ignis_RowSelection, "select"> {
  let assemblyFormat = "`<` $value `>`";
}

#endif
