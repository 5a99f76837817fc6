//===- Norm.cpp - rms_normalize, rms_norm, add_rms_norm ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two passes over a row that stays in the first-level cache: 64 fixed lanes of squares, then the
// scaled row.

#include "Lowerings.h"

using namespace mlir;
using namespace ignis;

static constexpr int64_t kLanes = 64;
static constexpr int64_t kChunkElements = 8192;

/// Sum of squares of a row, lane = column mod 64, then the tree. `load(column, lanes)` gives each
/// value once.
static Value sumOfSquares(Emitter &e, int64_t width, function_ref<Value(Value, int64_t)> load) {
  int64_t whole = width / kLanes * kLanes;
  Value acc = e.splat(kLanes, 0.0f);
  if (whole)
    acc = e.forLoop(e.index(0), e.index(whole), kLanes, {acc}, [&](Value column, ValueRange acc) {
      Value v = load(column, kLanes);
      return SmallVector<Value>{e.fma(v, v, acc[0])};
    })[0];
  // Lanes beyond the width keep their sums.
  for (int64_t done = whole, lanes = kLanes; done < width; done += lanes) {
    while (lanes > width - done)
      lanes /= 2;
    Value part = vector::ExtractStridedSliceOp::create(
        e, acc, ArrayRef<int64_t>{done - whole}, ArrayRef<int64_t>{lanes}, ArrayRef<int64_t>{1});
    Value v = load(e.index(done), lanes);
    acc = vector::InsertStridedSliceOp::create(
        e, e.fma(v, v, part), acc, ArrayRef<int64_t>{done - whole}, ArrayRef<int64_t>{1});
  }
  return e.treeSum(acc);
}

/// Rows that `load(row, column, lanes)` gives, once each value, and that stand in `x` from then on:
/// normalised, times the weight if there is one, into `out`, rounded if that is its type.
static Value lowerRows(Emitter &e, ComputeOpInterface op, Value x, Value weight, Value out,
                       const APFloat &eps, function_ref<Value(Value, Value, int64_t)> load) {
  auto type = cast<MemRefType>(x.getType());
  int64_t mostRows = type.getDimSize(0), width = type.getDimSize(1);
  Value rows = rowsInUse(e, op);
  // A row that is rounded stays in scratch, which the op declares, until it is.
  bool rounded = isRounded(out);
  Value zero = e.index(0), one = e.index(1);
  Value unrounded =
      rounded ? e.view(e.scratch(), MemRefType::get({1, width}, e.getF32Type())) : Value();
  return rowChunks(e, rows, mostRows, width, kChunkElements, [&](Value begin, Value end) {
    e.forLoop(begin, end, 1, [&](Value row) {
      Value squares = sumOfSquares(
          e, width, [&](Value column, int64_t lanes) { return load(row, column, lanes); });
      Value mean = e.mul(squares, e.f32(1.0f / static_cast<float>(width)));
      Value root = math::SqrtOp::create(e, e.add(mean, e.f32(eps.convertToFloat())));
      Value scale = e.div(e.f32(1.0f), root);
      e.strips(e.index(0), width, e.tiles.elementwiseLanes, [&](Value column, int64_t lanes) {
        Value y = e.mul(e.load(x, {row, column}, lanes), e.broadcast(scale, lanes));
        if (weight)
          y = e.mul(y, e.load(weight, {column}, lanes));
        if (rounded)
          e.store(y, unrounded, {zero, column});
        else
          e.store(y, out, {row, column});
      });
      if (rounded)
        roundRows(e, e.pointer(unrounded), width, out, row, one, zero, e.index(width));
    });
  });
}

template <typename Op> static Value lowerPlain(Emitter &e, Op op, Value weight) {
  return lowerRows(e, op, op.getX(), weight, op.getOut(), op.getEps(),
                   [&](Value row, Value column, int64_t lanes) {
                     return e.load(op.getX(), {row, column}, lanes);
                   });
}

Value ignis::lowerNorm(Emitter &e, RmsNormalizeOp op) { return lowerPlain(e, op, Value()); }
Value ignis::lowerNorm(Emitter &e, RmsNormOp op) { return lowerPlain(e, op, op.getWeight()); }

Value ignis::lowerNorm(Emitter &e, AddRmsNormOp op) {
  return lowerRows(e, op, op.getSum(), op.getWeight(), op.getOut(), op.getEps(),
                   [&](Value row, Value column, int64_t lanes) {
                     Value sum = e.add(e.load(op.getLhs(), {row, column}, lanes),
                                       e.load(op.getRhs(), {row, column}, lanes));
                     e.store(sum, op.getSum(), {row, column});
                     return sum;
                   });
}
