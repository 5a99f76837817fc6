//===- VerifySignatures.h - a module's entry points and weights against each other
//-------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Entry points are called in turn on the same caches, tables and weights.

#ifndef IGNIS_LIB_PIPELINES_VERIFYSIGNATURES_H
#define IGNIS_LIB_PIPELINES_VERIFYSIGNATURES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"

namespace ignis {

/// Begins a diagnostic at an op.
using Broken = llvm::function_ref<mlir::InFlightDiagnostic(mlir::Operation *)>;

/// All ops that name a tensor give it one type; several names stand for what they are one by one.
mlir::LogicalResult verifyWeights(mlir::ModuleOp module, Broken broken);

/// Entry functions agree on what they share: caches (but for the number of sequences), the rope
/// table with its base, the width of rows and of logits, and the order of their arguments by role.
mlir::LogicalResult verifySignatures(mlir::ModuleOp module, Broken broken);

} // namespace ignis

#endif
