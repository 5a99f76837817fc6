//===- BufferLifetimes.cpp - when a function's buffers are live -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See BufferLifetimes.h.

#include "ignis/Analysis/BufferLifetimes.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace ignis;

bool LiveBuffer::isRounded() const {
  return isa<Q8ActType>(cast<ShapedType>(value.getType()).getElementType());
}

namespace {
class Collector {
public:
  Collector(func::FuncOp function, bool quiet) : function(function), quiet(quiet) {}

  LogicalResult run(SmallVectorImpl<LiveBuffer> &buffers) {
    if (!llvm::hasSingleElement(function.getBody()))
      return refuse(function, "the function has several blocks");
    entry = &function.getBody().front();
    for (Operation &op : *entry)
      position[&op] = next++;
    for (BlockArgument argument : entry->getArguments()) {
      if (!function.getArgAttr(argument.getArgNumber(), kPlannedAttr))
        continue;
      // What the body only writes is a result and stays until the end; anything else came in.
      bool written = llvm::all_of(argument.getUsers(), [&](Operation *user) {
        auto dst = dyn_cast<DestinationStyleOpInterface>(user);
        return (dst && llvm::is_contained(dst.getDpsInits(), argument)) ||
               user->hasTrait<OpTrait::ReturnLike>();
      });
      if (failed(add(argument, !written, written, buffers)))
        return failure();
    }
    WalkResult result = function.walk([&](Operation *op) {
      if (auto alloc = dyn_cast<memref::AllocOp>(op)) {
        if (alloc->getBlock() != entry)
          return WalkResult(refuse(op, "an allocation is inside a region"));
        return WalkResult(add(alloc, false, false, buffers));
      }
      auto view = dyn_cast<memref::ViewOp>(op);
      if (view && isArena(view.getSource()))
        return WalkResult(add(view, false, false, buffers));
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

private:
  bool isArena(Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument || argument.getOwner() != entry)
      return false;
    auto role = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kRoleAttr);
    return role && role.getValue() == "arena";
  }

  LogicalResult refuse(Operation *op, const Twine &reason) {
    if (!quiet)
      op->emitError("cannot plan memory: ") << reason;
    return failure();
  }

  LogicalResult add(Value value, bool fromStart, bool toEnd, SmallVectorImpl<LiveBuffer> &buffers) {
    Operation *owner = value.getDefiningOp() ? value.getDefiningOp() : function;
    FailureOr<int64_t> bytes = getSizeInBytes(cast<MemRefType>(value.getType()));
    if (failed(bytes))
      return refuse(owner, "a buffer has no static size");
    LiveBuffer buffer{value, *bytes, next, -1};
    if (failed(extend(value, buffer)))
      return failure();
    if (buffer.end < 0) // Never used: a moment of its own.
      buffer.begin = buffer.end =
          value.getDefiningOp() ? position.lookup(value.getDefiningOp()) : 0;
    if (fromStart)
      buffer.begin = 0;
    if (toEnd)
      buffer.end = next - 1;
    ++buffer.end;
    buffers.push_back(buffer);
    return success();
  }

  /// Grows the lifetime over all uses of the value and of everything that aliases it.
  LogicalResult extend(Value value, LiveBuffer &buffer) {
    for (Operation *user : value.getUsers()) {
      if (isa<memref::DeallocOp>(user))
        continue;
      Operation *ancestor = entry->findAncestorOpInBlock(*user);
      int64_t at = position.lookup(ancestor);
      if (user->hasTrait<OpTrait::IsTerminator>()) {
        // Handing back an argument changes nothing for the caller.
        if (isa<BlockArgument>(buffer.value) && user->hasTrait<OpTrait::ReturnLike>() &&
            user->getParentOp() == function)
          continue;
        return refuse(user, "a buffer escapes through '" + user->getName().getStringRef() + "'");
      }
      if (isa<CallOpInterface>(user))
        return refuse(user, "a buffer is passed to a call");
      if (isa<RegionBranchOpInterface>(user))
        return refuse(user, "a buffer is carried by '" + user->getName().getStringRef() + "'");
      buffer.begin = std::min(buffer.begin, at);
      buffer.end = std::max(buffer.end, at);
      for (Value result : user->getResults()) {
        if (!isa<BaseMemRefType>(result.getType()))
          continue;
        auto view = dyn_cast<ViewLikeOpInterface>(user);
        if (!view || view.getViewSource() != value)
          return refuse(user, "'" + user->getName().getStringRef() + "' may merge buffers");
        if (failed(extend(result, buffer)))
          return failure();
      }
    }
    return success();
  }

  func::FuncOp function;
  bool quiet;
  Block *entry = nullptr;
  DenseMap<Operation *, int64_t> position;
  int64_t next = 0;
};
} // namespace

FailureOr<SmallVector<LiveBuffer>> ignis::collectBuffers(func::FuncOp function, bool quiet) {
  SmallVector<LiveBuffer> buffers;
  if (failed(Collector(function, quiet).run(buffers)))
    return failure();
  return buffers;
}

std::optional<int64_t> ignis::arenaOffset(func::FuncOp function, Value buffer) {
  APInt shift;
  if (auto view = buffer.getDefiningOp<memref::ViewOp>())
    return matchPattern(view.getByteShift(), m_ConstantInt(&shift))
               ? std::optional<int64_t>(shift.getSExtValue())
               : std::nullopt;
  if (auto argument = dyn_cast<BlockArgument>(buffer))
    if (auto offset = function.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(), kOffsetAttr))
      return offset.getInt();
  return std::nullopt;
}

memplan::Problem ignis::toProblem(ArrayRef<LiveBuffer> buffers, int64_t alignment) {
  memplan::Problem problem;
  for (auto [i, buffer] : llvm::enumerate(buffers))
    problem.buffers.push_back(
        {std::to_string(i), buffer.begin, buffer.end, buffer.bytes, alignment});
  return problem;
}
