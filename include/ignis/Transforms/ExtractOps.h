//===- ExtractOps.h - a few ops of a function as a module of their own ------------------------===//
// SPDX-License-Identifier: Apache-2.0

#ifndef IGNIS_TRANSFORMS_EXTRACTOPS_H
#define IGNIS_TRANSFORMS_EXTRACTOPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>

namespace ignis {

/// A module with one function of the same name that holds the ops of these numbers, counted in the
/// function's one block (other numbers and the terminator's are left out). Values that come from
/// outside become arguments, tensors that leave become results. Ops without operands (weights,
/// constants, empty tensors, allocations whose every user is kept) come along with their users.
/// Roles and places in the arena stay behind. The module is not verified: what is taken out of
/// buffers may lack an op that it wants.
mlir::OwningOpRef<mlir::ModuleOp> extractOps(mlir::func::FuncOp function,
                                             llvm::ArrayRef<int64_t> indices);

} // namespace ignis

#endif // IGNIS_TRANSFORMS_EXTRACTOPS_H
