//===- IgnisToKernels.cpp - rounding and Q8_0 linear layers as kernel calls -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The only bridge from ops to kernel symbols (include/ignis/Kernels/Kernels.def). Each chunk is one
// call; what the kernels do not do (float16 biases, SwiGLU) is generated around it.

#include "../IgnisToVector/Lowerings.h"
#include "LinearChunks.h"

#include "ignis/Kernels/KernelABI.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace ignis;

static LLVM::LLVMPointerType pointerType(Emitter &e) {
  return LLVM::LLVMPointerType::get(e.getContext());
}

static Value nullPointer(Emitter &e) { return LLVM::ZeroOp::create(e, pointerType(e)); }

/// pointer + offset elements of `type`; null stays out of it.
static Value offset(Emitter &e, Value pointer, Value elements, Type type) {
  return LLVM::GEPOp::create(e, pointerType(e), type, pointer,
                             ArrayRef<LLVM::GEPArg>{e.toI64(elements)});
}

static void callKernel(Emitter &e, StringRef name, ValueRange operands) {
  func::CallOp::create(e, ("ignis_" + name).str(), TypeRange{}, operands);
}

namespace {
/// One call for columns [begin, end) of `rows` rows. activations: the record of the first row; y,
/// residual: pointers at its column `begin`.
void callLinear(Emitter &e, Value weight, Value activations, Value bias, Value residual, Value y,
                Value rows, bool oneRow, int64_t k, Value begin, Value end, int64_t stride) {
  SmallVector<Value> operands = {weight, activations, bias, residual, y};
  if (!oneRow)
    operands.push_back(e.toI64(rows));
  operands.append({e.i64(k), e.toI64(begin), e.toI64(end)});
  if (!oneRow)
    operands.push_back(e.i64(stride));
  callKernel(e, oneRow ? "matvec_q8_0" : "matmul_q8_0", operands);
}

/// The record of row `row` (null: 0).
Value recordAt(Emitter &e, Value activations, Value row, int64_t k) {
  if (!row)
    return activations;
  return offset(e, activations, e.mulI(row, kernels::activationRecordBytes(k)), e.getI8Type());
}

/// Element (row, column) of rows of n float32; a null row is 0.
Value elementAt(Emitter &e, Value base, Value row, int64_t n, Value column) {
  return offset(e, base, row ? e.addI(e.mulI(row, n), column) : column, e.getF32Type());
}

/// body(row, column) for all of a block, for what the kernels do not do.
void forEachOutput(Emitter &e, const LinearChunks::Block &block, bool oneRow,
                   function_ref<void(Value, Value)> body) {
  e.forLoop(e.index(0), oneRow ? e.index(1) : block.rows, 1, [&](Value row) {
    if (block.rowBegin)
      row = e.addI(row, block.rowBegin);
    e.forLoop(block.begin, block.end, 1, [&](Value column) { body(row, column); });
  });
}

/// body(column, lanes) for columns 0 .. `columns` of a block that ends on a whole group or, if n is
/// not one, at n.
void forEachStrip(Emitter &e, Value columns, int64_t n, function_ref<void(Value, int64_t)> body) {
  int64_t wide = e.tiles.elementwiseLanes, group = kernels::kGroupRows;
  Value done = e.index(0);
  for (int64_t lanes = wide; lanes >= group; lanes = lanes > group ? group : 0) {
    Value end = e.mulI(arith::DivUIOp::create(e, columns, e.index(lanes)), lanes);
    e.forLoop(done, end, lanes, [&](Value column) { body(column, lanes); });
    done = end;
  }
  if (int64_t rest = n % group)
    e.ifThen(e.compare(arith::CmpIPredicate::slt, done, columns),
             [&] { e.strips(done, rest, group, body); });
}

/// Asks for the lines of columns [begin, begin + columns) of a record, to be written soon; at most
/// `most` columns.
void prefetchRecord(Emitter &e, Value record, Value begin, Value columns, int64_t most) {
  constexpr int64_t kLine = 64;
  auto bytes = [&](Value values) { // activationRecordBytes
    return e.addI(values, arith::DivUIOp::create(e, values, e.index(4)));
  };
  Value first = offset(e, record, bytes(begin), e.getI8Type());
  Value last = e.addI(bytes(columns), -1);
  for (int64_t at = 0; at < kernels::activationRecordBytes(most) + kLine - 1; at += kLine)
    LLVM::Prefetch::create(e, offset(e, first, e.minI(e.index(at), last), e.getI8Type()),
                           /*rw=*/1, /*hint=*/3, /*cache=*/1);
}
} // namespace

void ignis::roundRows(Emitter &e, Value x, int64_t xStride, Value out, Value firstRow, Value rows,
                      Value begin, Value end) {
  int64_t k = cast<MemRefType>(out.getType()).getDimSize(1);
  callKernel(e, "round_q8_0",
             {x, recordAt(e, e.pointer(out), firstRow, k), e.toI64(rows), e.i64(k), e.toI64(begin),
              e.toI64(end), e.i64(xStride)});
}

Value ignis::lowerRound(Emitter &e, RoundOp op) {
  auto type = cast<MemRefType>(op.getX().getType());
  int64_t k = type.getDimSize(1);
  Value x = e.pointer(op.getX()), zero = e.index(0), width = e.index(k);
  return rowChunks(e, rowsInUse(e, op), type.getDimSize(0), k, 16384, [&](Value begin, Value end) {
    roundRows(e, elementAt(e, x, begin, k, zero), k, op.getOut(), begin,
              arith::SubIOp::create(e, end, begin), zero, width);
  });
}

Value ignis::lowerKernelLinear(Emitter &e, LinearOp op) {
  auto xType = cast<MemRefType>(op.getX().getType());
  auto outType = cast<MemRefType>(op.getOut().getType());
  int64_t k = xType.getDimSize(1), n = outType.getDimSize(1);
  bool last = op.getSelect() == RowSelection::Last, oneRow = outType.getDimSize(0) == 1;
  Value rows = rowsInUse(e, op), activations = e.pointer(op.getX());
  if (last)
    activations = recordAt(e, activations, e.addI(rows, -1), k);
  // The kernel adds float32 biases; others, and then the residual after them, are added here.
  bool kernelBias =
      op.getBias() && cast<MemRefType>(op.getBias().getType()).getElementType().isF32();
  bool ownBias = op.getBias() && !kernelBias;
  Value weight = e.pointer(op.getWeight()), y = e.pointer(op.getOut());
  Value null = nullPointer(e);
  LinearChunks chunks(e, n, k, rows, outType.getDimSize(0));
  return e.chunkLoop(chunks.count, [&](Value chunk) {
    LinearChunks::Block block = chunks.block(e, chunk);
    Value bias =
        kernelBias ? offset(e, e.pointer(op.getBias()), block.begin, e.getF32Type()) : null;
    Value residual = op.getResidual() && !ownBias
                         ? elementAt(e, e.pointer(op.getResidual()), block.rowBegin, n, block.begin)
                         : null;
    callLinear(e, weight, recordAt(e, activations, block.rowBegin, k), bias, residual,
               elementAt(e, y, block.rowBegin, n, block.begin), block.rows, oneRow, k, block.begin,
               block.end, n);
    if (!ownBias)
      return;
    forEachOutput(e, block, oneRow, [&](Value row, Value column) {
      Value sum =
          e.add(e.loadScalar(op.getOut(), {row, column}), e.loadScalar(op.getBias(), {column}));
      if (op.getResidual())
        sum = e.add(sum, e.loadScalar(op.getResidual(), {row, column}));
      memref::StoreOp::create(e, sum, op.getOut(), ValueRange{row, column});
    });
  });
}

Value ignis::lowerKernelLinearGroup(Emitter &e, LinearGroupOp op) {
  auto xType = cast<MemRefType>(op.getX().getType());
  int64_t k = xType.getDimSize(1);
  bool oneRow = xType.getDimSize(0) == 1;
  Value rows = rowsInUse(e, op), activations = e.pointer(op.getX()), null = nullPointer(e);
  SmallVector<LinearChunks> parts;
  SmallVector<Value> counts;
  for (Value out : op.getOuts()) {
    auto type = cast<MemRefType>(out.getType());
    parts.emplace_back(e, type.getDimSize(1), k, rows, type.getDimSize(0));
    counts.push_back(parts.back().count);
  }
  return partChunks(e, counts, [&](unsigned m, Value chunk) {
    Value out = op.getOuts()[m];
    int64_t n = cast<MemRefType>(out.getType()).getDimSize(1);
    LinearChunks::Block block = parts[m].block(e, chunk);
    Value bias = op.getBiases().empty() ? Value() : op.getBiases()[m];
    bool kernelBias = bias && cast<MemRefType>(bias.getType()).getElementType().isF32();
    callLinear(e, e.pointer(op.getWeights()[m]), recordAt(e, activations, block.rowBegin, k),
               kernelBias ? offset(e, e.pointer(bias), block.begin, e.getF32Type()) : null, null,
               elementAt(e, e.pointer(out), block.rowBegin, n, block.begin), block.rows, oneRow, k,
               block.begin, block.end, n);
    if (bias && !kernelBias)
      forEachOutput(e, block, oneRow, [&](Value row, Value column) {
        Value sum = e.add(e.loadScalar(out, {row, column}), e.loadScalar(bias, {column}));
        memref::StoreOp::create(e, sum, out, ValueRange{row, column});
      });
  });
}

Value ignis::lowerKernelLinearSwiglu(Emitter &e, LinearSwigluOp op) {
  auto outType = cast<MemRefType>(op.getOut().getType());
  int64_t k = cast<MemRefType>(op.getX().getType()).getDimSize(1);
  int64_t n = outType.getDimSize(1), mostRows = outType.getDimSize(0);
  bool oneRow = mostRows == 1;
  Value rows = rowsInUse(e, op), activations = e.pointer(op.getX());
  Value gate = e.pointer(op.getGate()), up = e.pointer(op.getUp()), null = nullPointer(e);
  // Both products of a tile stay in scratch, which the op declares.
  SwigluTile tile = op.getTile();
  auto tileType = MemRefType::get({tile.rows, tile.columns}, e.getF32Type());
  Value gatePointer = e.scratch();
  Value upPointer = offset(e, gatePointer, e.index(tile.rows * tile.columns), e.getF32Type());
  Value gateTile = e.view(gatePointer, tileType), upTile = e.view(upPointer, tileType);
  bool rounded = isRounded(op.getOut());
  LinearChunks chunks(e, n, k, rows, mostRows, /*weights=*/2);
  return e.chunkLoop(chunks.count, [&](Value chunk) {
    LinearChunks::Block block = chunks.block(e, chunk);
    Value records = recordAt(e, activations, block.rowBegin, k);
    e.forLoop(block.begin, block.end, tile.columns, [&](Value begin) {
      Value end = e.minI(e.addI(begin, tile.columns), block.end);
      for (auto [weight, y] : {std::pair(gate, gatePointer), std::pair(up, upPointer)})
        callLinear(e, weight, records, null, null, y, block.rows, oneRow, k, begin, end,
                   tile.columns);
      Value columns = arith::SubIOp::create(e, end, begin);
      Value tileRows = oneRow ? e.index(1) : block.rows;
      e.forLoop(e.index(0), tileRows, 1, [&](Value row) {
        Value outRow = block.rowBegin ? e.addI(row, block.rowBegin) : row;
        if (rounded && !oneRow)
          prefetchRecord(e, recordAt(e, e.pointer(op.getOut()), outRow, n), begin, columns,
                         tile.columns);
        forEachStrip(e, columns, n, [&](Value column, int64_t lanes) {
          Value v = e.mul(e.silu(e.load(gateTile, {row, column}, lanes)),
                          e.load(upTile, {row, column}, lanes));
          if (rounded)
            e.store(v, gateTile, {row, column});
          else
            e.store(v, op.getOut(), {outRow, e.addI(begin, column)});
        });
      });
      if (rounded)
        roundRows(e, gatePointer, tile.columns, op.getOut(), block.rowBegin, tileRows, begin, end);
    });
  });
}
