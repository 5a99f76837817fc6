//===- Norm.cpp - rms_normalize and rms_norm --------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two passes over a row that stays in the first-level cache: 64 fixed lanes of squares, then the
// scaled row.

#include "Lowerings.h"

using namespace mlir;
using namespace ignis;

static constexpr int64_t kLanes = 64;
static constexpr int64_t kChunkElements = 8192;

/// Sum of squares of a row, lane = column mod 64, then the tree.
static Value sumOfSquares(Emitter &e, Value x, Value row, int64_t width) {
  int64_t whole = width / kLanes * kLanes;
  Value acc = e.splat(kLanes, 0.0f);
  if (whole)
    acc = e.forLoop(e.index(0), e.index(whole), kLanes, {acc}, [&](Value column, ValueRange acc) {
      Value v = e.load(x, {row, column}, kLanes);
      return SmallVector<Value>{e.fma(v, v, acc[0])};
    })[0];
  // Lanes beyond the width keep their sums.
  for (int64_t done = whole, lanes = kLanes; done < width; done += lanes) {
    while (lanes > width - done)
      lanes /= 2;
    Value part = vector::ExtractStridedSliceOp::create(
        e, acc, ArrayRef<int64_t>{done - whole}, ArrayRef<int64_t>{lanes}, ArrayRef<int64_t>{1});
    Value v = e.load(x, {row, e.index(done)}, lanes);
    acc = vector::InsertStridedSliceOp::create(
        e, e.fma(v, v, part), acc, ArrayRef<int64_t>{done - whole}, ArrayRef<int64_t>{1});
  }
  return e.treeSum(acc);
}

Value ignis::lowerNorm(Emitter &e, Operation *op) {
  auto norm = dyn_cast<RmsNormOp>(op);
  auto plain = dyn_cast<RmsNormalizeOp>(op);
  Value x = op->getOperand(0), weight = norm ? norm.getWeight() : Value();
  Value out = norm ? norm.getOut() : plain.getOut();
  float eps = (norm ? norm.getEps() : plain.getEps()).convertToFloat();
  auto type = cast<MemRefType>(x.getType());
  int64_t mostRows = type.getDimSize(0), width = type.getDimSize(1);
  Value rows = rowsInUse(e, cast<ComputeOpInterface>(op));
  return rowChunks(e, rows, mostRows, width, kChunkElements, [&](Value begin, Value end) {
    e.forLoop(begin, end, 1, [&](Value row) {
      Value mean = e.mul(sumOfSquares(e, x, row, width), e.f32(1.0f / static_cast<float>(width)));
      Value root = math::SqrtOp::create(e, e.add(mean, e.f32(eps)));
      Value scale = e.div(e.f32(1.0f), root);
      e.strips(e.index(0), width, e.tiles.elementwiseLanes, [&](Value column, int64_t lanes) {
        Value y = e.mul(e.load(x, {row, column}, lanes), e.broadcast(scale, lanes));
        if (weight)
          y = e.mul(y, e.load(weight, {column}, lanes));
        e.store(y, out, {row, column});
      });
    });
  });
}
