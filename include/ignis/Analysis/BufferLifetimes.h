//===- BufferLifetimes.h - when a function's buffers are live ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What memory planning plans and the report counts: static allocations anywhere in a function, and
// arguments marked ignis.planned. Time is the number of an op in the order of the text, in which
// every op with regions has a moment before and one after them. A lifetime is one interval that
// covers every moment at which what was written may still be read, whatever way control takes:
// through views, selects, branches and loops (docs/MemoryPlanning.md).

#ifndef IGNIS_ANALYSIS_BUFFERLIFETIMES_H
#define IGNIS_ANALYSIS_BUFFERLIFETIMES_H

#include "ignis/MemoryPlan/Problem.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ignis {

/// One buffer: an allocation, a marked argument, or (in planned functions) a view of the arena.
struct LiveBuffer {
  mlir::Value value;
  int64_t bytes;
  int64_t align;          ///< what its element type and its allocation ask for
  int64_t begin, end;     ///< half-open
  bool isRounded() const; ///< holds rounded activations, which reports count apart
};

/// A buffer that cannot be planned: the op that forbids it, why, and what to do about it.
struct RefusedBuffer {
  mlir::Value value;
  mlir::Operation *op;
  std::string reason;
};

struct FunctionBuffers {
  llvm::SmallVector<LiveBuffer> buffers; ///< in order of definition, arguments first
  llvm::SmallVector<RefusedBuffer> refused;
  /// Deallocations of planned buffers and of nothing else.
  llvm::SmallVector<mlir::Operation *> deallocations;
};

FunctionBuffers findBuffers(mlir::func::FuncOp function);

/// The buffers alone. Fails, with a diagnostic unless `quiet`, if any is refused.
mlir::FailureOr<llvm::SmallVector<LiveBuffer>> collectBuffers(mlir::func::FuncOp function,
                                                              bool quiet = false);
/// The diagnostic of a refusal.
void emitRefusal(const RefusedBuffer &refused);

/// Attribute of the allocation that is a function's arena, and of calls that neither keep nor
/// return the buffers that they are given.
constexpr llvm::StringLiteral kArenaAttr = "ignis.arena";
constexpr llvm::StringLiteral kBorrowsAttr = "ignis.borrows";

/// The function's arena: its argument of role `arena` or its allocation marked kArenaAttr.
mlir::Value arenaOf(mlir::func::FuncOp function);

/// Where a planned buffer (an argument with an offset, a view at a constant offset) lies in its
/// arena, in bytes.
std::optional<int64_t> arenaOffset(mlir::func::FuncOp function, mlir::Value buffer);

/// The same as a memory planning problem: every alignment is a multiple of `alignment` and of the
/// buffer's own; ids are numbers.
memplan::Problem toProblem(llvm::ArrayRef<LiveBuffer> buffers, int64_t alignment);

} // namespace ignis

#endif
