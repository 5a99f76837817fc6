//===- VerifyEntry.h - what the runtime relies on in an entry point ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Checks before an entry point becomes a driver: after them, no text of a module makes the compiled
// code leave its buffers.

#ifndef IGNIS_LIB_CONVERSION_DRIVER_VERIFYENTRY_H
#define IGNIS_LIB_CONVERSION_DRIVER_VERIFYENTRY_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ignis {

/// Every argument has a known role, once, and the type that the runtime passes for it; arguments
/// that lie in the arena lie inside of it.
mlir::LogicalResult verifyEntry(mlir::func::FuncOp function);

/// A buffer of this type at this offset lies inside an arena of `arenaBytes`. The error is op's.
mlir::LogicalResult verifyPlace(mlir::Operation *op, mlir::MemRefType type, int64_t offset,
                                int64_t arenaBytes);

} // namespace ignis

#endif
