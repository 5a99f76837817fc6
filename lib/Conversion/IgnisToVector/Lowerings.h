//===- Lowerings.h - code for single ops ------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One function per op: emits its code through an Emitter and returns the number of chunks (i64)
// that the op's slot counts. The op itself is erased by the caller. Operands are memrefs made by
// Emitter::view.

#ifndef IGNIS_LIB_CONVERSION_IGNISTOVECTOR_LOWERINGS_H
#define IGNIS_LIB_CONVERSION_IGNISTOVECTOR_LOWERINGS_H

#include "Emitter.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"

namespace ignis {

/// Rows in use as an index value.
mlir::Value rowsInUse(Emitter &e, ComputeOpInterface op);

/// Position of a row as an index value: `position` is that of row 0 or a buffer with one for each.
mlir::Value rowPosition(Emitter &e, mlir::Value position, mlir::Value row);

/// Indices of row `row`'s cache: its sequence, if there are several, and the layer; then `rest`.
llvm::SmallVector<mlir::Value> cacheIndices(Emitter &e, mlir::Value sequences, int64_t layer,
                                            mlir::Value row, mlir::ValueRange rest);

/// Chunks of whole rows, each about `elements` long, over rows of `width`: body(first row, last row
/// + 1).
mlir::Value rowChunks(Emitter &e, mlir::Value rows, int64_t mostRows, int64_t width,
                      int64_t elements, llvm::function_ref<void(mlir::Value, mlir::Value)> body);

mlir::Value lowerElementwise(Emitter &e, mlir::Operation *op); // add, mul, silu, swiglu, scale
mlir::Value lowerLastRow(Emitter &e, LastRowOp op);
mlir::Value lowerNorm(Emitter &e, RmsNormalizeOp op);
mlir::Value lowerNorm(Emitter &e, RmsNormOp op);
mlir::Value lowerNorm(Emitter &e, AddRmsNormOp op);
mlir::Value lowerRope(Emitter &e, RopeOp op);
mlir::Value lowerRopeCache(Emitter &e, RopeCacheOp op);
mlir::Value lowerCacheWrite(Emitter &e, CacheWriteOp op);
mlir::Value lowerAttend(Emitter &e, AttendOp op);
mlir::Value lowerEmbed(Emitter &e, EmbedOp op);
mlir::Value lowerFloatLinear(Emitter &e, LinearOp op);
mlir::Value lowerFloatLinearGroup(Emitter &e, LinearGroupOp op);
mlir::Value lowerFloatLinearSwiglu(Emitter &e, LinearSwigluOp op);

// lib/Conversion/IgnisToKernels
/// Rounds columns [begin, end) of `rows` rows into those of `out` from row `firstRow` (null: 0) on.
/// x: a pointer at column `begin` of the first one; its rows have xStride floats.
void roundRows(Emitter &e, mlir::Value x, int64_t xStride, mlir::Value out, mlir::Value firstRow,
               mlir::Value rows, mlir::Value begin, mlir::Value end);
mlir::Value lowerRound(Emitter &e, RoundOp op);
mlir::Value lowerKernelLinear(Emitter &e, LinearOp op);
mlir::Value lowerKernelLinearGroup(Emitter &e, LinearGroupOp op);
mlir::Value lowerKernelLinearSwiglu(Emitter &e, LinearSwigluOp op);

/// Shares the chunks of several parts among the threads: part m has counts[m] chunks, an index
/// value; body(m, chunk within the part).
mlir::Value partChunks(Emitter &e, llvm::ArrayRef<mlir::Value> counts,
                       llvm::function_ref<void(unsigned, mlir::Value)> body);

/// Dispatches to one of the above, or fails with a diagnostic.
mlir::FailureOr<mlir::Value> lowerComputeOp(Emitter &e, mlir::Operation *op);

} // namespace ignis

#endif
