//===- BufferLifetimes.h - when a function's buffers are live ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What memory planning plans and the report counts: allocations, and arguments marked
// ignis.planned. Time is the number of an op in the entry block; an op nested in regions counts at
// its ancestor there, so a buffer used in a loop lives as long as the loop.

#ifndef IGNIS_ANALYSIS_BUFFERLIFETIMES_H
#define IGNIS_ANALYSIS_BUFFERLIFETIMES_H

#include "ignis/MemoryPlan/Problem.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ignis {

/// One buffer: an allocation, a marked argument, or (in planned functions) a view of the arena.
struct LiveBuffer {
  mlir::Value value;
  int64_t bytes;
  int64_t begin, end;     ///< half-open
  bool isRounded() const; ///< holds rounded activations, which reports count apart
};

/// All buffers in order of definition, arguments first. Fails, with a diagnostic unless `quiet`,
/// where a lifetime is not known: several blocks, dynamic shapes, a buffer that is returned, passed
/// on or merged with others.
mlir::FailureOr<llvm::SmallVector<LiveBuffer>> collectBuffers(mlir::func::FuncOp function,
                                                              bool quiet = false);

/// Where a planned buffer (an argument with an offset, a view at a constant offset) lies in its
/// arena, in bytes.
std::optional<int64_t> arenaOffset(mlir::func::FuncOp function, mlir::Value buffer);

/// The same as a memory planning problem; ids are numbers.
memplan::Problem toProblem(llvm::ArrayRef<LiveBuffer> buffers, int64_t alignment);

} // namespace ignis

#endif
