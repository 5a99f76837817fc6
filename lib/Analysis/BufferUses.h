//===- BufferUses.h - where a buffer is used, and whether it may be planned -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Internal to lib/Analysis.

#ifndef IGNIS_LIB_ANALYSIS_BUFFERUSES_H
#define IGNIS_LIB_ANALYSIS_BUFFERUSES_H

#include "ignis/Analysis/BufferLifetimes.h"

#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/IR/Dominance.h"
#include "llvm/ADT/DenseSet.h"

namespace ignis {

/// All ops that use a buffer, under any name it has in its function.
struct BufferUses {
  llvm::SmallVector<mlir::Operation *> ops; ///< without deallocations
  std::optional<RefusedBuffer> refused;     ///< why its uses are not all known, or not in order
};

class BufferUseFinder {
public:
  explicit BufferUseFinder(mlir::func::FuncOp function);

  /// `value` is an allocation, an argument or a view of the arena.
  BufferUses find(mlir::Value value) const;

  /// Where a memref may come from: allocations, and whether there is anything else.
  struct Origins {
    llvm::SmallVector<mlir::Value> allocations;
    bool others = false;
  };
  Origins originsOf(mlir::Value value) const;

  /// When an op begins and, if it has regions, when it is over; all ops are numbered in the order
  /// of the text.
  std::pair<int64_t, int64_t> spanOf(mlir::Operation *op) const { return span.lookup(op); }
  int64_t moment(mlir::Operation *op) const { return spanOf(op).first; }
  int64_t momentCount() const { return moments; }

private:
  void number(mlir::Region &region);

  /// Whether the op reads or writes memory through every operand that is `alias`.
  bool touches(mlir::Operation *op, mlir::Value alias) const;
  /// The reason why this use hides later ones, or nothing.
  std::optional<std::string> refuseUse(mlir::Value origin, mlir::Value alias,
                                       mlir::Operation *user) const;
  /// The reason why regions between `use` and the definition of `origin` may run at other times.
  std::optional<std::string> refuseRegions(mlir::Value origin, mlir::Operation *use) const;
  /// The reason why two buffers that one allocation makes may be live at one time.
  std::optional<std::string>
  refuseInstances(mlir::Operation *allocation,
                  const mlir::BufferViewFlowAnalysis::ValueSetT &aliases) const;

  mlir::func::FuncOp function;
  mlir::BufferViewFlowAnalysis flow;
  mlir::DominanceInfo dominance;
  llvm::DenseMap<mlir::Operation *, std::pair<int64_t, int64_t>> span;
  int64_t moments = 0;
  /// Of the ops asked for so far, the operands that no effect touches. Ops and operands stay as
  /// they are while the finder lives.
  mutable llvm::DenseMap<mlir::Operation *, llvm::SmallDenseSet<mlir::Value, 4>> untouched;
};

/// Whether control may run the region more than once each time it reaches its op.
bool mayRepeat(mlir::Region &region);

} // namespace ignis

#endif
