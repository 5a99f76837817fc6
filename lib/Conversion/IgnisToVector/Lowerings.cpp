//===- Lowerings.cpp - dispatch and work shapes shared by the lowerings -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// To add an op: one function in a file of its own, one line here.

#include "Lowerings.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ignis;

Value ignis::rowsInUse(Emitter &e, ComputeOpInterface op) {
  if (Value rows = op.getRowCount())
    return rows;
  return e.index(cast<ShapedType>(op->getOperand(0).getType()).getDimSize(0));
}

static Value loadIndex(Emitter &e, Value buffer, Value row) {
  Value number = memref::LoadOp::create(e, buffer, row);
  return arith::IndexCastOp::create(e, e.getIndexType(), number);
}

Value ignis::rowPosition(Emitter &e, Value position, Value row) {
  return position.getType().isIndex() ? e.addI(position, row) : loadIndex(e, position, row);
}

SmallVector<Value> ignis::cacheIndices(Emitter &e, Value sequences, int64_t layer, Value row,
                                       ValueRange rest) {
  SmallVector<Value> indices;
  if (sequences)
    indices.push_back(loadIndex(e, sequences, row));
  indices.push_back(e.index(layer));
  indices.append(rest.begin(), rest.end());
  return indices;
}

Value ignis::rowChunks(Emitter &e, Value rows, int64_t mostRows, int64_t width, int64_t elements,
                       function_ref<void(Value, Value)> body) {
  int64_t step = std::max<int64_t>(1, elements / width);
  return e.chunkLoop(mostRows == 1 ? e.index(1) : e.ceilDiv(rows, step), [&](Value chunk) {
    Value begin = e.mulI(chunk, step);
    body(begin, mostRows == 1 ? e.index(1) : e.minI(e.addI(begin, step), rows));
  });
}

Value ignis::partChunks(Emitter &e, ArrayRef<Value> counts,
                        function_ref<void(unsigned, Value)> body) {
  // Part m has chunks [ends[m] - counts[m], ends[m]).
  SmallVector<Value> ends = {counts.front()};
  for (Value count : counts.drop_front())
    ends.push_back(e.addI(ends.back(), count));
  return e.chunkLoop(ends.back(), [&](Value chunk) {
    for (auto [m, end] : llvm::enumerate(ends)) {
      Value first = m ? ends[m - 1] : e.index(0);
      Value from = e.compare(arith::CmpIPredicate::sge, chunk, first);
      Value to = e.compare(arith::CmpIPredicate::slt, chunk, end);
      e.ifThen(arith::AndIOp::create(e, from, to),
               [&, m = m] { body(m, m ? Value(arith::SubIOp::create(e, chunk, first)) : chunk); });
    }
  });
}

FailureOr<Value> ignis::lowerComputeOp(Emitter &e, Operation *op) {
  auto isQ8_0 = [](Value weight) {
    return isa<Q8_0Type>(cast<ShapedType>(weight.getType()).getElementType());
  };
  return TypeSwitch<Operation *, FailureOr<Value>>(op)
      .Case<AddOp, MulOp, SiluOp, SwigluOp, ScaleOp>([&](auto) { return lowerElementwise(e, op); })
      .Case([&](LastRowOp last) { return lowerLastRow(e, last); })
      .Case<RmsNormalizeOp, RmsNormOp, AddRmsNormOp>([&](auto norm) { return lowerNorm(e, norm); })
      .Case([&](RopeOp rope) { return lowerRope(e, rope); })
      .Case([&](RopeCacheOp ropeCache) { return lowerRopeCache(e, ropeCache); })
      .Case([&](CacheWriteOp write) { return lowerCacheWrite(e, write); })
      .Case([&](AttendOp attend) { return lowerAttend(e, attend); })
      .Case([&](EmbedOp embed) { return lowerEmbed(e, embed); })
      .Case([&](RoundOp round) { return lowerRound(e, round); })
      .Case([&](LinearOp linear) {
        return isQ8_0(linear.getWeight()) ? lowerKernelLinear(e, linear)
                                          : lowerFloatLinear(e, linear);
      })
      .Case([&](LinearGroupOp group) {
        return isQ8_0(group.getWeights().front()) ? lowerKernelLinearGroup(e, group)
                                                  : lowerFloatLinearGroup(e, group);
      })
      .Case([&](LinearSwigluOp linear) {
        return isQ8_0(linear.getGate()) ? lowerKernelLinearSwiglu(e, linear)
                                        : lowerFloatLinearSwiglu(e, linear);
      })
      .Default([&](Operation *) -> FailureOr<Value> {
        return op->emitOpError("has no lowering to vectors or kernels");
      });
}
