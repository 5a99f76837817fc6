//===- WorkSharing.h - how generated code shares chunks among threads -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The generated half of include/ignis/Execution/ModuleABI.h.

#ifndef IGNIS_LIB_CONVERSION_DRIVER_WORKSHARING_H
#define IGNIS_LIB_CONVERSION_DRIVER_WORKSHARING_H

#include "mlir/IR/BuiltinOps.h"

namespace ignis {

/// Unit attribute of functions that hold one outlined op.
constexpr llvm::StringLiteral kOutlinedAttr = "ignis.outlined";

/// Adds `ignis.claim` and `ignis.finish` and declares the kernels and the barrier, unless the
/// module has them.
void declareWorkSharing(mlir::ModuleOp module);

} // namespace ignis

#endif
