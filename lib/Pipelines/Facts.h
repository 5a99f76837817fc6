//===- Facts.h - the properties of IR that contracts speak of ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Internal to lib/Pipelines.

#ifndef IGNIS_LIB_PIPELINES_FACTS_H
#define IGNIS_LIB_PIPELINES_FACTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ignis {

/// Unit attribute of functions that hold one outlined op (lib/Conversion/Driver).
constexpr llvm::StringLiteral kOutlinedFunctionAttr = "ignis.outlined";

/// Whether the function is an entry point: it has a body and arguments with roles.
bool isEntry(mlir::func::FuncOp function);
/// Whether an operand, a result or (of a function) an argument is a tensor.
bool hasTensor(mlir::Operation *op);

void registerFacts();

} // namespace ignis

#endif
