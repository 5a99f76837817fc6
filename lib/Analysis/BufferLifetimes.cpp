//===- BufferLifetimes.cpp - when a function's buffers are live -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// From the uses of a buffer to one interval. Straight-line code and branches run in the order of
// the text; loops and cycles of blocks need the rules in `Interval`.

#include "ignis/Analysis/BufferLifetimes.h"

#include "BufferUses.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace ignis;

bool LiveBuffer::isRounded() const { return ignis::isRounded(value); }

namespace {
/// The moments at which a buffer is live, as an interval that grows.
class Interval {
public:
  /// `home`: the op that makes the buffer, or null for an argument.
  Interval(const BufferUseFinder &finder, func::FuncOp function, Operation *home)
      : finder(finder), function(function), home(home) {}

  void add(ArrayRef<Operation *> uses) {
    for (Operation *use : uses)
      addUse(use);
    // Where blocks jump, the order of the text is not that of time.
    for (Region *region = homeRegion(); region;) {
      if (!region->hasOneBlock())
        addBlocks(*region, uses);
      if (region->getParentOp() == function)
        break;
      region = region->getParentOp()->getParentRegion();
    }
  }

  int64_t begin = INT64_MAX, end = -1; ///< both inclusive

private:
  Region *homeRegion() { return home ? home->getParentRegion() : &function.getBody(); }

  void addSpan(Operation *op) {
    auto [first, last] = finder.spanOf(op);
    begin = std::min(begin, first);
    end = std::max(end, last);
  }

  /// A use in a loop that does not make the buffer keeps it for the whole loop; so does one among
  /// several blocks of a nested region.
  void addUse(Operation *use) {
    addSpan(use);
    Region *top = homeRegion();
    for (Region *region = use->getParentRegion(); region != top && !region->isAncestor(top);
         region = region->getParentOp()->getParentRegion())
      if (mayRepeat(*region) || !region->hasOneBlock())
        addSpan(region->getParentOp());
  }

  /// All of the region's blocks, or their parts, that lie on a way from one use to another. A way
  /// ends where it comes to the allocation again: there the buffer is a new one.
  void addBlocks(Region &region, ArrayRef<Operation *> uses) {
    Block *source = home ? region.findAncestorBlockInRegion(*home->getBlock()) : &region.front();
    llvm::SetVector<Block *> used, after, before;
    for (Operation *use : uses) {
      if (Block *block = region.findAncestorBlockInRegion(*use->getBlock()))
        used.insert(block);
      else // Used behind the region: every way out of it counts.
        for (Block &block : region)
          if (block.hasNoSuccessors())
            used.insert(&block);
    }
    auto flood = [&](llvm::SetVector<Block *> &reached, auto neighbours) {
      SmallVector<Block *> work(used.begin(), used.end());
      while (!work.empty()) {
        Block *from = work.pop_back_val();
        for (Block *to : neighbours(from))
          if (reached.insert(to))
            work.push_back(to);
      }
    };
    flood(after, [&](Block *block) {
      SmallVector<Block *> next;
      for (Block *successor : block->getSuccessors())
        if (successor != source)
          next.push_back(successor);
      return next;
    });
    flood(before, [&](Block *block) {
      SmallVector<Block *> next;
      if (block != source)
        next.append(block->pred_begin(), block->pred_end());
      return next;
    });
    for (Block &block : region) {
      bool isUsed = used.contains(&block);
      bool liveIn = after.contains(&block), liveOut = before.contains(&block);
      if (block.empty() || !(isUsed || (liveIn && liveOut)))
        continue;
      if (liveIn)
        addSpan(&block.front());
      if (liveOut)
        addSpan(&block.back());
    }
  }

  const BufferUseFinder &finder;
  func::FuncOp function;
  Operation *home;
};

class Collector {
public:
  explicit Collector(func::FuncOp function) : function(function), finder(function) {}

  FunctionBuffers run() {
    Value arena = arenaOf(function);
    for (BlockArgument argument : function.getArguments()) {
      if (!function.getArgAttr(argument.getArgNumber(), kPlannedAttr))
        continue;
      // What the body only writes is a result and stays until the end; anything else came in.
      bool written = llvm::all_of(argument.getUsers(), [&](Operation *user) {
        auto dst = dyn_cast<DestinationStyleOpInterface>(user);
        return (dst && llvm::is_contained(dst.getDpsInits(), argument) &&
                !llvm::is_contained(dst.getDpsInputs(), argument)) ||
               user->hasTrait<OpTrait::ReturnLike>();
      });
      add(argument, !written, written);
    }
    function.walk<WalkOrder::PreOrder>([&](Operation *op) {
      auto view = dyn_cast<memref::ViewOp>(op);
      if (isa<memref::AllocOp>(op) ? op->getResult(0) != arena
                                   : view && arena && view.getSource() == arena)
        add(op->getResult(0), false, false);
    });
    sortDeallocations();
    return std::move(found);
  }

private:
  void refuse(Value value, Operation *op, std::string reason) {
    found.refused.push_back({value, op, std::move(reason)});
  }

  void add(Value value, bool fromStart, bool toEnd) {
    Operation *owner = value.getDefiningOp() ? value.getDefiningOp() : function;
    auto type = dyn_cast<MemRefType>(value.getType());
    FailureOr<int64_t> bytes = type ? getSizeInBytes(type) : FailureOr<int64_t>(failure());
    if (failed(bytes))
      return refuse(value, owner,
                    type && type.hasStaticShape()
                        ? "its element type has no known size, or its size is 2^63 bytes or more"
                        : "it has no static size");
    if (auto alloc = dyn_cast<memref::AllocOp>(owner)) {
      if (!type.getLayout().isIdentity())
        return refuse(value, owner, "it has a layout map; run --normalize-memrefs before");
      if (type.getMemorySpace())
        return refuse(value, owner, "it is in a memory space of its own");
    }
    BufferUses uses = finder.find(value);
    if (uses.refused) {
      found.refused.push_back(*uses.refused);
      return;
    }
    Interval live(finder, function, value.getDefiningOp());
    live.add(uses.ops);
    if (live.end < 0) // Never used: a moment of its own.
      live.begin = live.end = value.getDefiningOp() ? finder.moment(owner) : 0;
    if (fromStart)
      live.begin = 0;
    if (toEnd)
      live.end = finder.momentCount() - 1;
    found.buffers.push_back({value, *bytes, alignmentOf(value), live.begin, live.end + 1});
  }

  static int64_t alignmentOf(Value value) {
    auto alloc = value.getDefiningOp<memref::AllocOp>();
    int64_t asked = alloc ? static_cast<int64_t>(alloc.getAlignment().value_or(1)) : 1;
    for (Operation *user : value.getUsers())
      if (auto assumed = dyn_cast<memref::AssumeAlignmentOp>(user))
        asked = std::max<int64_t>(asked, assumed.getAlignment());
    return std::max(asked, getAlignment(cast<MemRefType>(value.getType()).getElementType()));
  }

  /// A deallocation goes with the allocations it may free. If some of those are not planned, or it
  /// may free something else, the rest is not planned either.
  void sortDeallocations() {
    SmallVector<memref::DeallocOp> deallocations;
    function.walk([&](memref::DeallocOp op) { deallocations.push_back(op); });
    auto isPlanned = [&](Value value) {
      return llvm::any_of(found.buffers,
                          [&](const LiveBuffer &buffer) { return buffer.value == value; });
    };
    for (bool changed = true; std::exchange(changed, false);)
      for (memref::DeallocOp op : deallocations) {
        BufferUseFinder::Origins origins = finder.originsOf(op.getMemref());
        bool mixed = origins.others || !llvm::all_of(origins.allocations, isPlanned);
        for (Value value : origins.allocations)
          if (mixed && isPlanned(value)) {
            llvm::erase_if(found.buffers,
                           [&](const LiveBuffer &buffer) { return buffer.value == value; });
            refuse(value, op, "it is freed where something else may be freed instead");
            changed = true;
          }
      }
    for (memref::DeallocOp op : deallocations)
      if (BufferUseFinder::Origins origins = finder.originsOf(op.getMemref());
          !origins.others && !origins.allocations.empty() &&
          llvm::all_of(origins.allocations, isPlanned))
        found.deallocations.push_back(op);
  }

  func::FuncOp function;
  BufferUseFinder finder;
  FunctionBuffers found;
};
} // namespace

FunctionBuffers ignis::findBuffers(func::FuncOp function) {
  return function.isExternal() ? FunctionBuffers() : Collector(function).run();
}

void ignis::emitRefusal(const RefusedBuffer &refused) {
  InFlightDiagnostic error = refused.op->emitError("cannot plan a buffer: ") << refused.reason;
  if (Operation *definition = refused.value.getDefiningOp(); definition != refused.op)
    error.attachNote(refused.value.getLoc()) << "the buffer";
}

FailureOr<SmallVector<LiveBuffer>> ignis::collectBuffers(func::FuncOp function, bool quiet) {
  FunctionBuffers found = findBuffers(function);
  if (found.refused.empty())
    return found.buffers;
  if (!quiet)
    emitRefusal(found.refused.front());
  return failure();
}

Value ignis::arenaOf(func::FuncOp function) {
  if (function.isExternal())
    return Value();
  for (BlockArgument argument : function.getArguments())
    if (auto role = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kRoleAttr);
        role && role.getValue() == "arena")
      return argument;
  for (auto alloc : function.getBody().front().getOps<memref::AllocOp>())
    if (alloc->hasAttr(kArenaAttr))
      return alloc;
  return Value();
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

/// The least common multiple; 2^62, which the planners refuse, where that is out of range.
static int64_t commonMultiple(int64_t a, int64_t b) {
  int64_t multiple = 0;
  return llvm::MulOverflow(a / std::gcd(a, b), b, multiple) ? int64_t(1) << 62 : multiple;
}

memplan::Problem ignis::toProblem(ArrayRef<LiveBuffer> buffers, int64_t alignment) {
  memplan::Problem problem;
  for (auto [i, buffer] : llvm::enumerate(buffers))
    problem.buffers.push_back({std::to_string(i), buffer.begin, buffer.end, buffer.bytes,
                               commonMultiple(alignment, buffer.align)});
  return problem;
}
