//===- Barriers.cpp - where data crosses threads ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// In straight-line code the greedy choice, as late as possible, needs the fewest barriers.

#include "ignis/Analysis/Barriers.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace ignis;

namespace {
/// Bytes [begin, end) of an object: the arena (null), or the memref that a chain of views starts
/// from.
struct ByteRange {
  Value object;
  int64_t begin, end;
  bool overlaps(const ByteRange &other) const {
    return object == other.object && begin < other.end && other.begin < end;
  }
};

constexpr int64_t kUnbounded = INT64_MAX;

ByteRange rangeOf(Value memref) {
  auto bytes = getSizeInBytes(cast<MemRefType>(memref.getType()));
  int64_t size = succeeded(bytes) ? *bytes : kUnbounded;
  if (auto view = memref.getDefiningOp<memref::ViewOp>()) {
    APInt shift;
    if (matchPattern(view.getByteShift(), m_ConstantInt(&shift)) && succeeded(bytes))
      return {Value(), shift.getSExtValue(), shift.getSExtValue() + size};
    return {Value(), 0, kUnbounded};
  }
  // Other views: all of their source.
  if (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
    return rangeOf(view.getViewSource());
  if (auto argument = dyn_cast<BlockArgument>(memref))
    if (auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()))
      if (auto offset =
              function.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(), kOffsetAttr))
        return {Value(), offset.getInt(), offset.getInt() + size};
  return {memref, 0, kUnbounded};
}

/// What the ops since the last barrier touch.
struct Pending {
  SmallVector<ByteRange> reads, writes;

  static bool meets(ArrayRef<ByteRange> ranges, const ByteRange &range) {
    return llvm::any_of(ranges, [&](const ByteRange &other) { return other.overlaps(range); });
  }
  bool conflicts(const ByteRange &range, bool isWrite) const {
    return meets(writes, range) || (isWrite && meets(reads, range));
  }
};
} // namespace

SmallVector<Operation *> ignis::findMissingBarriers(Block &block) {
  SmallVector<Operation *> missing;
  Pending pending;
  for (Operation &op : block) {
    if (isa<BarrierOp>(op)) {
      pending = Pending();
      continue;
    }
    auto effects = dyn_cast<MemoryEffectOpInterface>(op);
    if (!isa<ComputeOpInterface>(op) || !effects)
      continue;
    SmallVector<std::pair<ByteRange, bool>> touched;
    SmallVector<MemoryEffects::EffectInstance> instances;
    effects.getEffects(instances);
    for (const MemoryEffects::EffectInstance &effect : instances)
      if (Value value = effect.getValue())
        touched.push_back({rangeOf(value), isa<MemoryEffects::Write>(effect.getEffect())});
    if (llvm::any_of(touched, [&](auto &t) { return pending.conflicts(t.first, t.second); })) {
      missing.push_back(&op);
      pending = Pending();
    }
    for (auto &[range, isWrite] : touched)
      (isWrite ? pending.writes : pending.reads).push_back(range);
  }
  return missing;
}
