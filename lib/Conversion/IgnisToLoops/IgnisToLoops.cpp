//===- IgnisToLoops.cpp - the oracle ----------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every op as the formula in its description, in scalar loops, float32, one chunk. Written to be
// read against IgnisOps.td: no tiles, no lanes, no kernels, no rounding of activations. It shares
// with the fast lowering only loads, stores and the caches' layout.

#include "../Driver/WorkSharing.h"
#include "../IgnisToVector/Lowerings.h"

#include "ignis/Conversion/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

namespace ignis {
#define GEN_PASS_DEF_LOWERTOLOOPS
#include "ignis/Conversion/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {

class LoopEmitter {
public:
  explicit LoopEmitter(Emitter &e) : e(e) {}

  /// Emits the op's loops; false if the oracle does not know it.
  bool emit(Operation *op) {
    return TypeSwitch<Operation *, bool>(op)
        .Case<AddOp, MulOp, SiluOp, SwigluOp, ScaleOp>([&](auto) { return elementwise(op), true; })
        .Case([&](LastRowOp last) { return lastRow(last), true; })
        .Case([&](RmsNormalizeOp norm) { return rmsNorm(norm, norm.getX(), Value()), true; })
        .Case([&](RmsNormOp norm) { return rmsNorm(norm, norm.getX(), norm.getWeight()), true; })
        .Case([&](AddRmsNormOp norm) { return addRmsNorm(norm), true; })
        .Case([&](RopeOp rope) { return this->rope(rope), true; })
        .Case([&](CacheWriteOp write) { return cacheWrite(write), true; })
        .Case([&](RopeCacheOp write) { return ropeCache(write), true; })
        .Case([&](AttendOp attend) { return this->attend(attend), true; })
        .Case([&](EmbedOp embed) { return this->embed(embed), true; })
        .Case([&](LinearOp linear) { return this->linear(linear), true; })
        .Case([&](LinearGroupOp group) { return linearGroup(group), true; })
        .Case([&](LinearSwigluOp linear) { return linearSwiglu(linear), true; })
        .Default([](Operation *) { return false; });
  }

private:
  //===--- scalars ---------------------------------------------------------------------------===//
  Value at(Value memref, ValueRange indices) { return e.loadScalar(memref, indices); }
  void put(Value value, Value memref, ValueRange indices) {
    Type element = cast<MemRefType>(memref.getType()).getElementType();
    if (element != value.getType())
      value = arith::TruncFOp::create(e, element, value);
    memref::StoreOp::create(e, value, memref, indices);
  }
  Value exp(Value x) { // By way of one lane of the generated exponential.
    Value lane = e.exp(e.broadcast(x, 1));
    return vector::ExtractOp::create(e, lane, ArrayRef<int64_t>{0});
  }
  Value silu(Value x) { return e.div(x, e.add(e.f32(1), exp(arith::NegFOp::create(e, x)))); }

  /// Sum over i in [0, n) of term(i).
  Value sum(Value n, function_ref<Value(Value)> term) {
    return e.forLoop(e.index(0), n, 1, ValueRange{e.f32(0)}, [&](Value i, ValueRange acc) {
      return SmallVector<Value>{e.add(acc[0], term(i))};
    })[0];
  }
  void loop(Value n, function_ref<void(Value)> body) { e.forLoop(e.index(0), n, 1, body); }
  int64_t width(Value memref) { return cast<MemRefType>(memref.getType()).getShape().back(); }

  //===--- weights ---------------------------------------------------------------------------===//
  /// weight[j, i] as float32, of any type.
  Value weightAt(Value weight, Value j, Value i) {
    auto type = cast<MemRefType>(weight.getType());
    if (!isa<Q8_0Type>(type.getElementType()))
      return at(weight, {j, i});
    int64_t rows = type.getDimSize(0), blocks = type.getDimSize(1) / 32;
    Value pointer = e.pointer(weight);
    Value words = e.view(pointer, MemRefType::get({rows, blocks, 17}, e.getI16Type()));
    Value bytes = e.view(pointer, MemRefType::get({rows, blocks, 34}, e.getI8Type()));
    Value block = arith::DivUIOp::create(e, i, e.index(32)),
          within = arith::RemUIOp::create(e, i, e.index(32));
    Value word = memref::LoadOp::create(e, words, ValueRange{j, block, e.index(0)});
    Value half = arith::BitcastOp::create(e, e.getF16Type(), word);
    Value scale = arith::ExtFOp::create(e, e.getF32Type(), half);
    Value q = memref::LoadOp::create(e, bytes, ValueRange{j, block, e.addI(within, 2)});
    return e.mul(arith::SIToFPOp::create(e, e.getF32Type(), q), scale);
  }

  Value dot(Value x, Value row, Value weight, Value column) {
    return sum(e.index(width(x)),
               [&](Value i) { return e.mul(at(x, {row, i}), weightAt(weight, column, i)); });
  }

  //===--- ops -------------------------------------------------------------------------------===//
  void elementwise(Operation *op) {
    Value out = cast<DestinationStyleOpInterface>(op).getDpsInits()[0];
    loop(rowsInUse(e, cast<ComputeOpInterface>(op)), [&](Value r) {
      loop(e.index(width(out)), [&](Value j) {
        Value a = at(op->getOperand(0), {r, j});
        Value y = TypeSwitch<Operation *, Value>(op)
                      .Case([&](AddOp) { return e.add(a, at(op->getOperand(1), {r, j})); })
                      .Case([&](MulOp) { return e.mul(a, at(op->getOperand(1), {r, j})); })
                      .Case([&](SwigluOp) { return e.mul(silu(a), at(op->getOperand(1), {r, j})); })
                      .Case([&](ScaleOp) { return e.mul(a, at(op->getOperand(1), {j})); })
                      .Default([&](Operation *) { return silu(a); });
        put(y, out, {r, j});
      });
    });
  }

  void lastRow(LastRowOp op) {
    Value row = e.addI(rowsInUse(e, op), -1);
    loop(e.index(width(op.getOut())),
         [&](Value j) { put(at(op.getX(), {row, j}), op.getOut(), {e.index(0), j}); });
  }

  template <typename Op> void rmsNorm(Op op, Value input, Value weight) {
    int64_t n = width(input);
    loop(rowsInUse(e, op), [&](Value r) {
      Value squares = sum(e.index(n), [&](Value i) {
        Value x = at(input, {r, i});
        return e.mul(x, x);
      });
      Value mean = e.div(squares, e.f32(static_cast<float>(n)));
      Value root = math::SqrtOp::create(e, e.add(mean, e.f32(op.getEps().convertToFloat())));
      loop(e.index(n), [&](Value i) {
        Value y = e.div(at(input, {r, i}), root);
        put(weight ? e.mul(y, at(weight, {i})) : y, op.getOut(), {r, i});
      });
    });
  }

  void addRmsNorm(AddRmsNormOp op) {
    loop(rowsInUse(e, op), [&](Value r) {
      loop(e.index(width(op.getSum())), [&](Value i) {
        put(e.add(at(op.getLhs(), {r, i}), at(op.getRhs(), {r, i})), op.getSum(), {r, i});
      });
    });
    rmsNorm(op, op.getSum(), op.getWeight());
  }

  /// Both halves of a rotated pair of head-local columns i and i + d / 2, starting at `base`.
  std::pair<Value, Value> rotate(Value x, Value table, Value r, Value base, Value i, Value position,
                                 int64_t half) {
    Value lo = at(x, {r, e.addI(base, i)}), hi = at(x, {r, e.addI(e.addI(base, i), half)});
    Value cos = at(table, {position, i}), sin = at(table, {position, e.addI(i, half)});
    return {e.sub(e.mul(lo, cos), e.mul(hi, sin)), e.add(e.mul(hi, cos), e.mul(lo, sin))};
  }

  void rope(RopeOp op) {
    int64_t d = width(op.getTable()), heads = width(op.getX()) / d;
    loop(rowsInUse(e, op), [&](Value r) {
      loop(e.index(heads), [&](Value h) {
        loop(e.index(d / 2), [&](Value i) {
          Value base = e.mulI(h, d);
          auto [lo, hi] = rotate(op.getX(), op.getTable(), r, base, i,
                                 rowPosition(e, op.getPosition(), r), d / 2);
          put(lo, op.getOut(), {r, e.addI(base, i)});
          put(hi, op.getOut(), {r, e.addI(e.addI(base, i), d / 2)});
        });
      });
    });
  }

  template <typename Op>
  SmallVector<Value> keyIndices(Op op, Value r, Value g, Value position, Value i) {
    Value block = arith::DivUIOp::create(e, position, e.index(16));
    Value within = arith::RemUIOp::create(e, position, e.index(16));
    return cacheIndices(e, op.getSequences(), op.getLayer(), r, {g, block, i, within});
  }
  template <typename Op>
  SmallVector<Value> valueIndices(Op op, Value r, Value g, Value position, Value i) {
    return cacheIndices(e, op.getSequences(), op.getLayer(), r, {g, position, i});
  }

  void cacheWrite(CacheWriteOp op) {
    CacheShape cache(op.getValueCache());
    int64_t d = cache.headSize;
    loop(rowsInUse(e, op), [&](Value r) {
      Value position = rowPosition(e, op.getPosition(), r);
      loop(e.index(cache.heads), [&](Value g) {
        loop(e.index(d), [&](Value i) {
          Value column = e.addI(e.mulI(g, d), i);
          put(at(op.getK(), {r, column}), op.getKeyCache(), keyIndices(op, r, g, position, i));
          put(at(op.getV(), {r, column}), op.getValueCache(), valueIndices(op, r, g, position, i));
        });
      });
    });
  }

  void ropeCache(RopeCacheOp op) {
    CacheShape cache(op.getValueCache());
    int64_t d = cache.headSize;
    loop(rowsInUse(e, op), [&](Value r) {
      Value position = rowPosition(e, op.getPosition(), r);
      loop(e.index(cache.heads), [&](Value g) {
        Value base = e.mulI(g, d);
        loop(e.index(d / 2), [&](Value i) {
          auto [lo, hi] = rotate(op.getK(), op.getTable(), r, base, i, position, d / 2);
          put(lo, op.getKeyCache(), keyIndices(op, r, g, position, i));
          put(hi, op.getKeyCache(), keyIndices(op, r, g, position, e.addI(i, d / 2)));
        });
        loop(e.index(d), [&](Value i) {
          put(at(op.getV(), {r, e.addI(base, i)}), op.getValueCache(),
              valueIndices(op, r, g, position, i));
        });
      });
    });
  }

  void attend(AttendOp op) {
    CacheShape cache(op.getValueCache());
    int64_t d = cache.headSize, heads = width(op.getQ()) / d, group = heads / cache.heads;
    Value scores = e.view(e.scratch(), MemRefType::get({cache.positions}, e.getF32Type()));
    loop(rowsInUse(e, op), [&](Value r) {
      Value count = e.addI(rowPosition(e, op.getPosition(), r), 1);
      loop(e.index(heads), [&](Value h) {
        Value g = arith::DivUIOp::create(e, h, e.index(group)), base = e.mulI(h, d);
        Value most = e.forLoop(
            e.index(0), count, 1, ValueRange{e.f32(-std::numeric_limits<float>::infinity())},
            [&](Value t, ValueRange acc) {
              Value score = sum(e.index(d), [&](Value i) {
                return e.mul(at(op.getQ(), {r, e.addI(base, i)}),
                             at(op.getKeyCache(), keyIndices(op, r, g, t, i)));
              });
              score = e.div(score, e.f32(std::sqrt(static_cast<float>(d))));
              put(score, scores, {t});
              return SmallVector<Value>{arith::MaximumFOp::create(e, acc[0], score)};
            })[0];
        Value total = sum(count, [&](Value t) {
          Value weight = exp(e.sub(at(scores, {t}), most));
          put(weight, scores, {t});
          return weight;
        });
        loop(e.index(d), [&](Value i) {
          Value mixed = sum(count, [&](Value t) {
            return e.mul(at(scores, {t}), at(op.getValueCache(), valueIndices(op, r, g, t, i)));
          });
          put(e.div(mixed, total), op.getOut(), {r, e.addI(base, i)});
        });
      });
    });
  }

  void embed(EmbedOp op) {
    loop(rowsInUse(e, op), [&](Value r) {
      Value token = memref::LoadOp::create(e, op.getTokens(), ValueRange{r});
      Value id = arith::IndexCastOp::create(e, e.getIndexType(), token);
      loop(e.index(width(op.getOut())),
           [&](Value j) { put(weightAt(op.getTable(), id, j), op.getOut(), {r, j}); });
    });
  }

  void linear(LinearOp op) {
    bool last = op.getSelect() == RowSelection::Last;
    Value rows = rowsInUse(e, op);
    e.forLoop(last ? e.addI(rows, -1) : e.index(0), rows, 1, [&](Value r) {
      Value outRow = last ? e.index(0) : r;
      loop(e.index(width(op.getOut())), [&](Value j) {
        Value y = dot(op.getX(), r, op.getWeight(), j);
        if (op.getBias())
          y = e.add(y, at(op.getBias(), {j}));
        if (op.getResidual())
          y = e.add(y, at(op.getResidual(), {outRow, j}));
        put(y, op.getOut(), {outRow, j});
      });
    });
  }

  void linearGroup(LinearGroupOp op) {
    for (unsigned m = 0; m < op.getOuts().size(); ++m)
      loop(rowsInUse(e, op), [&](Value r) {
        loop(e.index(width(op.getOuts()[m])), [&](Value j) {
          Value y = dot(op.getX(), r, op.getWeights()[m], j);
          put(op.getBiases().empty() ? y : e.add(y, at(op.getBiases()[m], {j})), op.getOuts()[m],
              {r, j});
        });
      });
  }

  void linearSwiglu(LinearSwigluOp op) {
    loop(rowsInUse(e, op), [&](Value r) {
      loop(e.index(width(op.getOut())), [&](Value j) {
        put(e.mul(silu(dot(op.getX(), r, op.getGate(), j)), dot(op.getX(), r, op.getUp(), j)),
            op.getOut(), {r, j});
      });
    });
  }

  Emitter &e;
};

struct LowerToLoopsPass : ignis::impl::LowerToLoopsBase<LowerToLoopsPass> {
  void runOnOperation() override {
    declareWorkSharing(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr(kOutlinedAttr))
        continue;
      ComputeOpInterface op;
      function.walk([&](ComputeOpInterface found) { op = found; });
      if (!op)
        continue;
      if (llvm::any_of(op->getOperands(), [](Value operand) {
            return isa<ShapedType>(operand.getType()) && isRounded(operand);
          })) {
        op->emitOpError("has no reference lowering: the oracle's activations are floats, leave out "
                        "passes that round them");
        return signalPassFailure();
      }
      OpBuilder builder(op);
      Emitter emitter(op.getLoc(), builder, function.getArgument(0), function.getArgument(1),
                      TileShapes());
      emitter.setInsertionPoint(op);
      bool known = true;
      Value chunks = emitter.chunkLoop(emitter.index(1),
                                       [&](Value) { known = LoopEmitter(emitter).emit(op); });
      if (!known) {
        op->emitOpError("has no reference lowering");
        return signalPassFailure();
      }
      function.getBody().front().getTerminator()->setOperand(0, chunks);
      op->erase();
    }
  }
};
} // namespace
