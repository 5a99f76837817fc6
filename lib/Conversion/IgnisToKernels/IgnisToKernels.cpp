//===- IgnisToKernels.cpp - rounding and Q8_0 linear layers as kernel calls -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The only bridge from ops to kernel symbols (include/ignis/Kernels/Kernels.def). Each chunk is one
// call; what the kernels do not do (float16 biases, SwiGLU) is generated around it.

#include "../IgnisToVector/Lowerings.h"

#include "ignis/Kernels/KernelABI.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <tuple>

using namespace mlir;
using namespace ignis;

/// Weight bytes of one chunk, at least: big enough to hide a claim, small enough that threads
/// finish together.
static constexpr int64_t kChunkBytes = 64 << 10;
static constexpr int64_t kMostChunks = 256;
/// With so few rows a layer is as fast as its weights come from memory, and a thread that reads on
/// where it has just been is faster than two that take turns: most of the weights are shared out in
/// long runs, of at most so many bytes, and the rest in chunks as above, so that threads still
/// finish together.
static constexpr int64_t kStreamedRows = 16;
static constexpr int64_t kRunBytes = 1 << 20;
static constexpr int64_t kRunsNumerator = 7, kRunsDenominator = 8; // the part that is runs

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

Value ignis::lowerRound(Emitter &e, RoundOp op) {
  auto type = cast<MemRefType>(op.getX().getType());
  int64_t k = type.getDimSize(1);
  Value x = e.pointer(op.getX()), out = e.pointer(op.getOut());
  return rowChunks(e, rowsInUse(e, op), type.getDimSize(0), k, 16384, [&](Value begin, Value end) {
    callKernel(e, "round_q8_0", {x, out, e.toI64(begin), e.toI64(end), e.i64(k)});
  });
}

namespace {
/// Output columns of one chunk of a layer with n outputs and k inputs.
int64_t chunkColumns(int64_t n, int64_t k) {
  int64_t group = kernels::kGroupRows, groupBytes = k / kernels::kBlock * kernels::kGroupBlockBytes;
  int64_t columns = std::max<int64_t>(1, kChunkBytes / groupBytes) * group;
  int64_t most = (n / kMostChunks + group - 1) / group * group;
  return std::max(columns, most);
}

/// How the columns of a layer are cut into chunks: `runs` of `runColumns`, the rest of `columns`.
struct Columns {
  int64_t n, columns;
  Value runs, runColumns, chunks; // runs: null if there are none
};

Columns shareColumns(Emitter &e, int64_t n, int64_t k, int64_t mostRows) {
  Columns c{n, chunkColumns(n, k), {}, {}, {}};
  if (mostRows > kStreamedRows) {
    c.chunks = e.index((n + c.columns - 1) / c.columns);
    return c;
  }
  int64_t group = kernels::kGroupRows, groupBytes = k / kernels::kBlock * kernels::kGroupBlockBytes;
  int64_t groups = n / group * kRunsNumerator / kRunsDenominator; // of all runs together
  int64_t most = std::max<int64_t>(1, kRunBytes / groupBytes);
  auto divide = [&](Value a, Value b) -> Value { return arith::DivUIOp::create(e, a, b); };
  Value length = e.minI(divide(e.index(groups), e.threads()), e.index(most));
  // Runs no longer than chunks are none.
  Value any = e.compare(arith::CmpIPredicate::sgt, length, e.index(c.columns / group));
  Value divisor = arith::SelectOp::create(e, any, length, e.index(groups + 1));
  c.runs = divide(e.index(groups), divisor);
  c.runColumns = e.mulI(length, group);
  Value rest = arith::SubIOp::create(e, e.index(n), arith::MulIOp::create(e, c.runs, c.runColumns));
  c.chunks = e.addI(c.runs, e.ceilDiv(rest, c.columns));
  return c;
}

/// Columns [begin, end) of a chunk.
std::pair<Value, Value> columnsOf(Emitter &e, const Columns &c, Value chunk) {
  auto shortEnd = [&](Value begin) { return e.minI(e.addI(begin, c.columns), e.index(c.n)); };
  if (!c.runs) {
    Value begin = e.mulI(chunk, c.columns);
    return {begin, shortEnd(begin)};
  }
  Value isRun = e.compare(arith::CmpIPredicate::slt, chunk, c.runs);
  Value before = e.minI(chunk, c.runs); // runs that lie before the chunk
  Value begin = e.addI(arith::MulIOp::create(e, before, c.runColumns),
                       e.mulI(arith::SubIOp::create(e, chunk, before), c.columns));
  return {begin, arith::SelectOp::create(e, isRun, e.addI(begin, c.runColumns), shortEnd(begin))};
}

/// One call for columns [begin, end) of all rows in use. y, residual: pointers at column `begin` of
/// the first row computed.
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
} // namespace

Value ignis::lowerKernelLinear(Emitter &e, LinearOp op) {
  auto xType = cast<MemRefType>(op.getX().getType());
  auto outType = cast<MemRefType>(op.getOut().getType());
  int64_t k = xType.getDimSize(1), n = outType.getDimSize(1);
  bool last = op.getSelect() == RowSelection::Last, oneRow = outType.getDimSize(0) == 1;
  Value rows = rowsInUse(e, op), activations = e.pointer(op.getX());
  if (last) // The record of the last row in use.
    activations = offset(
        e, activations, e.mulI(e.addI(rows, -1), kernels::activationRecordBytes(k)), e.getI8Type());
  // The kernel adds float32 biases; others, and then the residual after them, are added here.
  bool kernelBias =
      op.getBias() && cast<MemRefType>(op.getBias().getType()).getElementType().isF32();
  bool ownBias = op.getBias() && !kernelBias;
  Value weight = e.pointer(op.getWeight()), y = e.pointer(op.getOut());
  Value null = nullPointer(e);
  Columns columns = shareColumns(e, n, k, outType.getDimSize(0));
  return e.chunkLoop(columns.chunks, [&](Value chunk) {
    Value begin, end;
    std::tie(begin, end) = columnsOf(e, columns, chunk);
    Value bias = kernelBias ? offset(e, e.pointer(op.getBias()), begin, e.getF32Type()) : null;
    Value residual = op.getResidual() && !ownBias
                         ? offset(e, e.pointer(op.getResidual()), begin, e.getF32Type())
                         : null;
    callLinear(e, weight, activations, bias, residual, offset(e, y, begin, e.getF32Type()), rows,
               oneRow, k, begin, end, n);
    if (!ownBias)
      return;
    Value count = oneRow ? e.index(1) : rows;
    e.forLoop(e.index(0), count, 1, [&](Value row) {
      e.forLoop(begin, end, 1, [&](Value column) {
        Value sum =
            e.add(e.loadScalar(op.getOut(), {row, column}), e.loadScalar(op.getBias(), {column}));
        if (op.getResidual())
          sum = e.add(sum, e.loadScalar(op.getResidual(), {row, column}));
        memref::StoreOp::create(e, sum, op.getOut(), ValueRange{row, column});
      });
    });
  });
}

Value ignis::lowerKernelLinearGroup(Emitter &e, LinearGroupOp op) {
  auto xType = cast<MemRefType>(op.getX().getType());
  int64_t k = xType.getDimSize(1);
  bool oneRow = xType.getDimSize(0) == 1;
  Value rows = rowsInUse(e, op), activations = e.pointer(op.getX()), null = nullPointer(e);
  SmallVector<Columns> columns;
  SmallVector<Value> counts;
  for (Value out : op.getOuts()) {
    auto type = cast<MemRefType>(out.getType());
    columns.push_back(shareColumns(e, type.getDimSize(1), k, type.getDimSize(0)));
    counts.push_back(columns.back().chunks);
  }
  return partChunks(e, counts, [&](unsigned m, Value chunk) {
    Value out = op.getOuts()[m];
    int64_t n = columns[m].n;
    Value begin, end;
    std::tie(begin, end) = columnsOf(e, columns[m], chunk);
    Value bias = op.getBiases().empty() ? Value() : op.getBiases()[m];
    bool kernelBias = bias && cast<MemRefType>(bias.getType()).getElementType().isF32();
    callLinear(e, e.pointer(op.getWeights()[m]), activations,
               kernelBias ? offset(e, e.pointer(bias), begin, e.getF32Type()) : null, null,
               offset(e, e.pointer(out), begin, e.getF32Type()), rows, oneRow, k, begin, end, n);
    if (bias && !kernelBias)
      e.forLoop(e.index(0), oneRow ? e.index(1) : rows, 1, [&](Value row) {
        e.forLoop(begin, end, 1, [&](Value column) {
          Value sum = e.add(e.loadScalar(out, {row, column}), e.loadScalar(bias, {column}));
          memref::StoreOp::create(e, sum, out, ValueRange{row, column});
        });
      });
  });
}

Value ignis::lowerKernelLinearSwiglu(Emitter &e, LinearSwigluOp op) {
  auto xType = cast<MemRefType>(op.getX().getType());
  auto outType = cast<MemRefType>(op.getOut().getType());
  int64_t k = xType.getDimSize(1), n = outType.getDimSize(1), mostRows = outType.getDimSize(0);
  bool oneRow = mostRows == 1;
  Value rows = rowsInUse(e, op), activations = e.pointer(op.getX());
  Value gate = e.pointer(op.getGate()), up = e.pointer(op.getUp()), null = nullPointer(e);
  constexpr int64_t columns = kSwigluColumns;
  // Two tiles of [rows, columns] in scratch, declared by the op.
  auto tileType = MemRefType::get({mostRows, columns}, e.getF32Type());
  return e.chunkLoop(e.index((n + columns - 1) / columns), [&](Value chunk) {
    Value begin = e.mulI(chunk, columns), end = e.minI(e.addI(begin, columns), e.index(n));
    Value gatePointer = e.scratch();
    Value upPointer = offset(e, gatePointer, e.index(mostRows * columns), e.getF32Type());
    callLinear(e, gate, activations, null, null, gatePointer, rows, oneRow, k, begin, end, columns);
    callLinear(e, up, activations, null, null, upPointer, rows, oneRow, k, begin, end, columns);
    Value gateTile = e.view(gatePointer, tileType), upTile = e.view(upPointer, tileType);
    auto activate = [&](Value row, int64_t width) {
      e.strips(e.index(0), width, std::min<int64_t>(e.tiles.elementwiseLanes, columns),
               [&](Value column, int64_t lanes) {
                 Value v = e.mul(e.silu(e.load(gateTile, {row, column}, lanes)),
                                 e.load(upTile, {row, column}, lanes));
                 e.store(v, op.getOut(), {row, arith::AddIOp::create(e, begin, column)});
               });
    };
    e.forLoop(e.index(0), oneRow ? e.index(1) : rows, 1, [&](Value row) {
      if (n % columns == 0)
        return activate(row, columns);
      Value whole = e.compare(arith::CmpIPredicate::eq, arith::SubIOp::create(e, end, begin),
                              e.index(columns));
      auto branch = scf::IfOp::create(e, whole, /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(e);
      e.setInsertionPointToStart(branch.thenBlock());
      activate(row, columns);
      e.setInsertionPointToStart(branch.elseBlock());
      activate(row, n % columns);
    });
  });
}
