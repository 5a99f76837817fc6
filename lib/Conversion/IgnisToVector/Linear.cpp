//===- Linear.cpp - embedding rows and linear layers of F16, BF16 and F32 weights -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// These read the mapped file as it is. A dot product has 16 fixed lanes (docs/Numerics.md, section
// 3); tiles of four outputs times four rows keep loads below multiplications.

#include "Lowerings.h"

using namespace mlir;
using namespace ignis;

static constexpr int64_t kLanes = 16;

Value ignis::lowerEmbed(Emitter &e, EmbedOp op) {
  auto outType = cast<MemRefType>(op.getOut().getType());
  auto tableType = cast<MemRefType>(op.getTable().getType());
  int64_t width = outType.getDimSize(1);
  bool q8 = isa<Q8_0Type>(tableType.getElementType());
  // A block of the file is 34 bytes: a float16 scale, then 32 int8. It is seen twice, as 16-bit
  // words and as bytes.
  int64_t blocks = width / 32;
  Value words, bytes;
  if (q8) {
    Value pointer = e.pointer(op.getTable());
    words = e.view(pointer, MemRefType::get({tableType.getDimSize(0), blocks, 17}, e.getI16Type()));
    bytes = e.view(pointer, MemRefType::get({tableType.getDimSize(0), blocks, 34}, e.getI8Type()));
  }
  return rowChunks(
      e, rowsInUse(e, op), outType.getDimSize(0), width, 8192, [&](Value begin, Value end) {
        e.forLoop(begin, end, 1, [&](Value row) {
          Value id = arith::IndexCastOp::create(
              e, e.getIndexType(),
              memref::LoadOp::create(e, op.getTokens(), ValueRange{row}).getResult());
          if (!q8)
            return e.strips(e.index(0), width, kLanes, [&](Value column, int64_t lanes) {
              e.store(e.load(op.getTable(), {id, column}, lanes), op.getOut(), {row, column});
            });
          e.forLoop(e.index(0), e.index(blocks), 1, [&](Value block) {
            Value word = memref::LoadOp::create(e, words, ValueRange{id, block, e.index(0)});
            Value scale = arith::ExtFOp::create(
                e, e.getF32Type(), arith::BitcastOp::create(e, e.getF16Type(), word).getResult());
            for (int64_t i = 0; i < 32; i += kLanes) {
              Value q = vector::LoadOp::create(e, VectorType::get({kLanes}, e.getI8Type()), bytes,
                                               ValueRange{id, block, e.index(2 + i)});
              Value f = arith::SIToFPOp::create(e, e.vectorType(kLanes), q);
              e.store(e.mul(f, e.broadcast(scale, kLanes)), op.getOut(),
                      {row, e.addI(e.mulI(block, 32), i)});
            }
          });
        });
      });
}

namespace {
/// Dot products of `rows` x rows with `columns` weight rows, both static: sums[r * columns + c].
SmallVector<Value> dotTile(Emitter &e, Value x, Value row, int64_t rows, Value weight, Value column,
                           int64_t columns) {
  int64_t k = cast<MemRefType>(x.getType()).getDimSize(1), whole = k / kLanes * kLanes;
  SmallVector<Value> acc(rows * columns, e.splat(kLanes, 0.0f));
  auto step = [&](Value i, ValueRange acc, int64_t lanes) {
    SmallVector<Value> w, next;
    for (int64_t c = 0; c < columns; ++c)
      w.push_back(e.load(weight, {e.addI(column, c), i}, lanes));
    for (int64_t r = 0; r < rows; ++r) {
      Value v = e.load(x, {e.addI(row, r), i}, lanes);
      for (int64_t c = 0; c < columns; ++c)
        next.push_back(e.fma(w[c], v, acc[r * columns + c]));
    }
    return next;
  };
  if (whole)
    acc = e.forLoop(e.index(0), e.index(whole), kLanes, acc,
                    [&](Value i, ValueRange acc) { return step(i, acc, kLanes); });
  // Columns beyond the last whole strip touch their own lanes alone.
  for (int64_t done = whole, lanes = kLanes; done < k; done += lanes) {
    while (lanes > k - done)
      lanes /= 2;
    SmallVector<Value> parts;
    for (Value a : acc)
      parts.push_back(vector::ExtractStridedSliceOp::create(
          e, a, ArrayRef<int64_t>{done - whole}, ArrayRef<int64_t>{lanes}, ArrayRef<int64_t>{1}));
    parts = step(e.index(done), parts, lanes);
    for (auto [a, part] : llvm::zip(acc, parts))
      a = vector::InsertStridedSliceOp::create(e, part, a, ArrayRef<int64_t>{done - whole},
                                               ArrayRef<int64_t>{1});
  }
  for (Value &a : acc)
    a = e.treeSum(a);
  return acc;
}

/// All (row, column) tiles of one chunk of columns: body(row, rows, column, columns).
void tiles(Emitter &e, Value rowBegin, Value rowEnd, int64_t tileRows, Value columnBegin,
           Value columnEnd, function_ref<void(Value, int64_t, Value, int64_t)> body) {
  auto rowTiles = [&](Value column, int64_t columns) {
    Value count = arith::SubIOp::create(e, rowEnd, rowBegin);
    Value whole =
        e.addI(rowBegin, e.mulI(arith::DivUIOp::create(e, count, e.index(tileRows)), tileRows));
    e.forLoop(rowBegin, whole, tileRows, [&](Value row) { body(row, tileRows, column, columns); });
    if (tileRows > 1)
      e.forLoop(whole, rowEnd, 1, [&](Value row) { body(row, 1, column, columns); });
  };
  Value count = arith::SubIOp::create(e, columnEnd, columnBegin);
  Value whole = e.addI(columnBegin, e.mulI(arith::DivUIOp::create(e, count, e.index(4)), 4));
  e.forLoop(columnBegin, whole, 4, [&](Value column) { rowTiles(column, 4); });
  e.forLoop(whole, columnEnd, 1, [&](Value column) { rowTiles(column, 1); });
}

constexpr int64_t kColumns = 16; // outputs of one chunk
} // namespace

Value ignis::lowerFloatLinear(Emitter &e, LinearOp op) {
  auto outType = cast<MemRefType>(op.getOut().getType());
  int64_t n = outType.getDimSize(1);
  bool last = op.getSelect() == RowSelection::Last;
  Value rows = rowsInUse(e, op);
  Value begin = last ? e.addI(rows, -1) : e.index(0);
  int64_t tileRows = last || outType.getDimSize(0) == 1 ? 1 : 4;
  return e.chunkLoop(e.index((n + kColumns - 1) / kColumns), [&](Value chunk) {
    Value first = e.mulI(chunk, kColumns);
    Value end = e.minI(e.addI(first, kColumns), e.index(n));
    tiles(e, begin, rows, tileRows, first, end, [&](Value row, int64_t r, Value column, int64_t c) {
      SmallVector<Value> sums = dotTile(e, op.getX(), row, r, op.getWeight(), column, c);
      for (int64_t i = 0; i < r; ++i)
        for (int64_t j = 0; j < c; ++j) {
          Value sum = sums[i * c + j], outRow = last ? e.index(0) : e.addI(row, i),
                outColumn = e.addI(column, j);
          if (op.getBias())
            sum = e.add(sum, e.loadScalar(op.getBias(), {outColumn}));
          if (op.getResidual())
            sum = e.add(sum, e.loadScalar(op.getResidual(), {outRow, outColumn}));
          memref::StoreOp::create(e, sum, op.getOut(), ValueRange{outRow, outColumn});
        }
    });
  });
}

Value ignis::lowerFloatLinearGroup(Emitter &e, LinearGroupOp op) {
  Value rows = rowsInUse(e, op);
  int64_t tileRows = cast<MemRefType>(op.getX().getType()).getDimSize(0) == 1 ? 1 : 4;
  SmallVector<Value> counts;
  for (Value out : op.getOuts())
    counts.push_back(
        e.index((cast<MemRefType>(out.getType()).getDimSize(1) + kColumns - 1) / kColumns));
  return partChunks(e, counts, [&](unsigned m, Value chunk) {
    Value out = op.getOuts()[m];
    Value first = e.mulI(chunk, kColumns);
    Value end =
        e.minI(e.addI(first, kColumns), e.index(cast<MemRefType>(out.getType()).getDimSize(1)));
    tiles(e, e.index(0), rows, tileRows, first, end,
          [&](Value row, int64_t r, Value column, int64_t c) {
            SmallVector<Value> sums = dotTile(e, op.getX(), row, r, op.getWeights()[m], column, c);
            for (int64_t i = 0; i < r; ++i)
              for (int64_t j = 0; j < c; ++j) {
                Value sum = sums[i * c + j], outColumn = e.addI(column, j);
                if (!op.getBiases().empty())
                  sum = e.add(sum, e.loadScalar(op.getBiases()[m], {outColumn}));
                memref::StoreOp::create(e, sum, out, ValueRange{e.addI(row, i), outColumn});
              }
          });
  });
}

Value ignis::lowerFloatLinearSwiglu(Emitter &e, LinearSwigluOp op) {
  auto outType = cast<MemRefType>(op.getOut().getType());
  int64_t n = outType.getDimSize(1), mostRows = outType.getDimSize(0);
  Value rows = rowsInUse(e, op);
  return e.chunkLoop(e.index((n + kColumns - 1) / kColumns), [&](Value chunk) {
    Value first = e.mulI(chunk, kColumns);
    Value end = e.minI(e.addI(first, kColumns), e.index(n));
    tiles(e, e.index(0), rows, mostRows == 1 ? 1 : 4, first, end,
          [&](Value row, int64_t r, Value column, int64_t c) {
            SmallVector<Value> gate = dotTile(e, op.getX(), row, r, op.getGate(), column, c);
            SmallVector<Value> up = dotTile(e, op.getX(), row, r, op.getUp(), column, c);
            for (int64_t i = 0; i < r; ++i)
              for (int64_t j = 0; j < c; ++j) {
                Value y =
                    e.mul(e.silu(e.broadcast(gate[i * c + j], 1)), e.broadcast(up[i * c + j], 1));
                e.store(y, op.getOut(), {e.addI(row, i), e.addI(column, j)});
              }
          });
  });
}
