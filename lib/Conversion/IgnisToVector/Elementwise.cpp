//===- Elementwise.cpp - add, mul, silu, swiglu, scale, last_row ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// All-parallel loops over columns. One row is split into column chunks, many rows into chunks of
// rows.

#include "Lowerings.h"

using namespace mlir;
using namespace ignis;

/// Columns of one chunk when there is one row: about 0.15 us of work.
static constexpr int64_t kColumnChunk = 1024;
static constexpr int64_t kChunkElements = 8192;

static Value compute(Emitter &e, Operation *op, Value row, Value column, int64_t lanes) {
  auto operand = [&](unsigned i) { return e.load(op->getOperand(i), {row, column}, lanes); };
  if (isa<AddOp>(op))
    return e.add(operand(0), operand(1));
  if (isa<MulOp>(op))
    return e.mul(operand(0), operand(1));
  if (isa<SiluOp>(op))
    return e.silu(operand(0));
  if (isa<SwigluOp>(op))
    return e.mul(e.silu(operand(0)), operand(1));
  return e.mul(operand(0), e.load(op->getOperand(1), {column}, lanes)); // scale
}

Value ignis::lowerElementwise(Emitter &e, Operation *op) {
  auto type = cast<MemRefType>(op->getOperand(0).getType());
  Value out = cast<DestinationStyleOpInterface>(op).getDpsInits()[0];
  int64_t mostRows = type.getDimSize(0), width = type.getDimSize(1);
  auto columns = [&](Value row, Value begin, int64_t count) {
    e.strips(begin, count, e.tiles.elementwiseLanes, [&](Value column, int64_t lanes) {
      e.store(compute(e, op, row, column, lanes), out, {row, column});
    });
  };
  if (mostRows > 1) {
    Value rows = rowsInUse(e, cast<ComputeOpInterface>(op));
    return rowChunks(e, rows, mostRows, width, kChunkElements, [&](Value begin, Value end) {
      e.forLoop(begin, end, 1, [&](Value row) { columns(row, e.index(0), width); });
    });
  }
  int64_t whole = width / kColumnChunk, rest = width % kColumnChunk;
  Value zero = e.index(0);
  if (whole == 0)
    return e.chunkLoop(e.index(1), [&](Value) { columns(zero, zero, width); });
  // The rest goes to the last chunk.
  return e.chunkLoop(e.index(whole), [&](Value chunk) {
    columns(zero, e.mulI(chunk, kColumnChunk), kColumnChunk);
    if (rest)
      e.ifThen(e.compare(arith::CmpIPredicate::eq, chunk, e.index(whole - 1)),
               [&] { columns(zero, e.index(whole * kColumnChunk), rest); });
  });
}

Value ignis::lowerLastRow(Emitter &e, LastRowOp op) {
  int64_t width = cast<MemRefType>(op.getOut().getType()).getDimSize(1);
  return e.chunkLoop(e.index(1), [&](Value) {
    Value row = e.addI(rowsInUse(e, op), -1), first = e.index(0);
    e.strips(first, width, e.tiles.elementwiseLanes, [&](Value column, int64_t lanes) {
      e.store(e.load(op.getX(), {row, column}, lanes), op.getOut(), {first, column});
    });
  });
}
