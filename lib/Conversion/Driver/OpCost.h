//===- OpCost.h - what an op reads, writes and computes ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// For profiles: bytes that an op moves at least (each operand once) and its floating-point
// operations, as functions of the rows of a call and the positions that they attend to.

#ifndef IGNIS_LIB_CONVERSION_DRIVER_OPCOST_H
#define IGNIS_LIB_CONVERSION_DRIVER_OPCOST_H

#include "mlir/IR/Operation.h"
#include "llvm/Support/JSON.h"

namespace ignis {

/// The manifest's object for one profiled op: its name with its shape, weights, layer, bytes and
/// flops, the latter two as [fixed, per row, per position].
llvm::json::Object describeCost(mlir::Operation *op);

} // namespace ignis

#endif
