//===- Emitter.h - building vector code for one outlined op -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shared by the lowerings of single ops: constants, fixed-order sums, the exponential, strip-mined
// loops over columns and the chunk loop that shares an op among threads. Forms, tiles and
// measurements: docs/Lowering.md. Bits: docs/Numerics.md. Everything here emits math.fma
// explicitly; vector.fma, contract and outerproduct "may fuse" and are not used.

#ifndef IGNIS_LIB_CONVERSION_IGNISTOVECTOR_EMITTER_H
#define IGNIS_LIB_CONVERSION_IGNISTOVECTOR_EMITTER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ignis {

/// Shapes of register tiles; they differ between instruction sets and never change bits.
struct TileShapes {
  int64_t elementwiseLanes = 64; ///< lanes of elementwise loops
  int64_t accumulators = 28; ///< vector<16xf32> accumulators that fit the registers beside operands
  int64_t attentionRows = 14; ///< rows of a QK tile
};

/// Emits code at an insertion point inside the outlined function of one op.
class Emitter : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;

  Emitter(mlir::Location loc, mlir::OpBuilder &builder, Value frame, Value slot, TileShapes tiles)
      : ImplicitLocOpBuilder(loc, builder), frame(frame), slot(slot), tiles(tiles) {}

  Value frame; ///< !llvm.ptr, the thread's IgnisFrame
  Value slot;  ///< i64, the op's chunk counters
  TileShapes tiles;

  //===--- constants and index arithmetic ----------------------------------------------------===//
  Value index(int64_t value) { return mlir::arith::ConstantIndexOp::create(*this, value); }
  Value i64(int64_t value) {
    return mlir::arith::ConstantOp::create(*this, getI64IntegerAttr(value));
  }
  Value f32(float value) { return mlir::arith::ConstantOp::create(*this, getF32FloatAttr(value)); }
  Value splat(int64_t lanes, float value);
  Value splat(int64_t lanes, int32_t value);
  Value addI(Value a, Value b) { return mlir::arith::AddIOp::create(*this, a, b); }
  Value addI(Value a, int64_t b) { return b ? addI(a, index(b)) : a; }
  Value mulI(Value a, int64_t b) {
    return b == 1 ? a : Value(mlir::arith::MulIOp::create(*this, a, index(b)));
  }
  Value ceilDiv(Value a, int64_t b);
  Value minI(Value a, Value b) { return mlir::arith::MinSIOp::create(*this, a, b); }
  Value toI64(Value indexValue) {
    return mlir::arith::IndexCastOp::create(*this, getI64Type(), indexValue);
  }
  Value toIndex(Value i64Value) {
    return mlir::arith::IndexCastOp::create(*this, getIndexType(), i64Value);
  }

  //===--- float arithmetic ------------------------------------------------------------------===//
  Value add(Value a, Value b) { return mlir::arith::AddFOp::create(*this, a, b); }
  Value sub(Value a, Value b) { return mlir::arith::SubFOp::create(*this, a, b); }
  Value mul(Value a, Value b) { return mlir::arith::MulFOp::create(*this, a, b); }
  Value div(Value a, Value b) { return mlir::arith::DivFOp::create(*this, a, b); }
  Value fma(Value a, Value b, Value c) { return mlir::math::FmaOp::create(*this, a, b, c); }
  Value broadcast(Value scalar, int64_t lanes);
  /// b > a ? b : a, one vmaxps on x86.
  Value maximum(Value a, Value b);
  /// exp of docs/Numerics.md, section 5.
  Value exp(Value x);
  /// The same of what is at most 0 or NaN, exactly 0 below the clamp.
  Value expOfWeight(Value x);
  /// The same of values within the clamp, or NaN.
  Value expInRange(Value x);
  Value silu(Value x);
  /// Sum (or maximum) of the lanes in the fixed halving order.
  Value treeSum(Value vector);
  Value treeMax(Value vector);

  //===--- memory ----------------------------------------------------------------------------===//
  mlir::VectorType vectorType(int64_t lanes) {
    return mlir::VectorType::get({lanes}, getF32Type());
  }
  /// Loads `lanes` elements of any float type, converted to f32.
  Value load(Value memref, mlir::ValueRange indices, int64_t lanes);
  Value loadScalar(Value memref, mlir::ValueRange indices);
  /// Stores f32 lanes, rounded to the memref's element type.
  void store(Value vector, Value memref, mlir::ValueRange indices);
  /// A memref of a static type over a raw pointer.
  Value view(Value pointer, mlir::MemRefType type);
  /// The pointer of a memref made by view() (the outlined function's arguments).
  Value pointer(Value memref);
  /// This thread's scratch.
  Value scratch();
  /// The number of threads that share the call's work (index).
  Value threads();

  //===--- control ---------------------------------------------------------------------------===//
  using Body = llvm::function_ref<void(Value)>;
  using ReduceBody = llvm::function_ref<llvm::SmallVector<Value>(Value, mlir::ValueRange)>;
  /// for (i = begin; i < end; i += step) body(i)
  void forLoop(Value begin, Value end, int64_t step, Body body);
  llvm::SmallVector<Value> forLoop(Value begin, Value end, int64_t step, mlir::ValueRange init,
                                   ReduceBody body);
  /// Columns [begin, begin + width) in strips of `lanes`, the last one narrower: body(column, lanes
  /// of the strip).
  void strips(Value begin, int64_t width, int64_t lanes,
              llvm::function_ref<void(Value, int64_t)> body);
  void ifThen(Value condition, llvm::function_ref<void()> body);
  Value compare(mlir::arith::CmpIPredicate predicate, Value a, Value b) {
    return mlir::arith::CmpIOp::create(*this, predicate, a, b);
  }

  /// Shares chunks 0 .. chunks - 1 (index) among the threads; returns the number of chunks as i64.
  Value chunkLoop(Value chunks, Body body);
};

} // namespace ignis

#endif
