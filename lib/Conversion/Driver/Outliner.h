//===- Outliner.h - one function per kind of op -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What the driver of an entry point calls (OutlineOps.cpp).

#ifndef IGNIS_LIB_CONVERSION_DRIVER_OUTLINER_H
#define IGNIS_LIB_CONVERSION_DRIVER_OUTLINER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"

#include <map>
#include <vector>

namespace ignis {

constexpr llvm::StringLiteral kLayerAttr = "layer";

/// Whether an op's caches are those of several sequences.
bool hasSequences(mlir::Operation *op);
bool isCache(mlir::Type type);

/// Makes and remembers the functions that hold one op each.
class Outliner {
public:
  explicit Outliner(mlir::ModuleOp module) : builder(module.getContext()) {
    builder.setInsertionPointToEnd(module.getBody());
  }

  /// The function for ops like `op`: (frame, slot, one pointer or i64 per operand) -> chunks. A
  /// weight's i64 is its number in the manifest.
  mlir::func::FuncOp get(mlir::Operation *op);

private:
  mlir::func::FuncOp make(mlir::Operation *op);

  mlir::OpBuilder builder;
  std::map<std::vector<const void *>, mlir::func::FuncOp> functions; ///< looked up, never walked
  llvm::StringMap<int64_t> counts;
};

} // namespace ignis

#endif
