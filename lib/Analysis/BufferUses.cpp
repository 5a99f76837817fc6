//===- BufferUses.cpp - where a buffer is used, and whether it may be planned -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Aliases come from upstream's BufferViewFlowAnalysis. What it does not follow is refused: a use
// counts as known only if it makes an alias that the analysis has, or reads or writes the memory
// and nothing else.

#include "BufferUses.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/BufferViewFlowOpInterface.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace ignis;

BufferUseFinder::BufferUseFinder(func::FuncOp function)
    : function(function), flow(function), dominance(function) {
  for (Region &region : function->getRegions())
    number(region);
}

void BufferUseFinder::number(Region &region) {
  for (Operation &op : region.getOps()) {
    int64_t begin = moments++;
    if (op.getNumRegions() != 0) {
      for (Region &nested : op.getRegions())
        number(nested);
      ++moments;
    }
    span[&op] = {begin, moments - 1};
  }
}

bool ignis::mayRepeat(Region &region) {
  Operation *op = region.getParentOp();
  if (isa<LoopLikeOpInterface>(op))
    return true;
  auto branch = dyn_cast<RegionBranchOpInterface>(op);
  return branch && branch.isRepetitiveRegion(region.getRegionNumber());
}

static std::string quoted(Operation *op) { return "'" + op->getName().getStringRef().str() + "'"; }

bool BufferUseFinder::touches(Operation *op, Value alias) const {
  auto effects = dyn_cast<MemoryEffectOpInterface>(op);
  if (!effects)
    return false;
  auto [known, isNew] = untouched.try_emplace(op);
  llvm::SmallDenseSet<Value, 4> &others = known->second;
  if (isNew) {
    SmallVector<MemoryEffects::EffectInstance> instances;
    effects.getEffects(instances);
    // A store of the buffer itself into another one touches that one alone; and a value that
    // stands twice has to be touched by an effect on each place.
    for (OpOperand &operand : op->getOpOperands())
      if (llvm::none_of(instances, [&](const MemoryEffects::EffectInstance &effect) {
            return effect.getEffectValue<OpOperand *>() == &operand ||
                   effect.getValue() == operand.get();
          }))
        others.insert(operand.get());
  }
  return !others.contains(alias);
}

std::optional<std::string> BufferUseFinder::refuseUse(Value origin, Value alias,
                                                      Operation *user) const {
  if (isa<memref::DeallocOp, memref::DimOp, memref::RankOp>(user))
    return std::nullopt;
  if (isa<memref::ReallocOp>(user))
    return "it is given to 'memref.realloc'; run --expand-realloc before";
  if (user->hasTrait<OpTrait::ReturnLike>() && user->getParentOp() == function) {
    // Handing back an argument changes nothing for the caller.
    if (isa<BlockArgument>(origin))
      return std::nullopt;
    return "it escapes through " + quoted(user) +
           "; let the caller pass the memory (--buffer-results-to-out-params)";
  }
  if (isa<BranchOpInterface, RegionBranchOpInterface, RegionBranchTerminatorOpInterface,
          bufferization::BufferViewFlowOpInterface>(user))
    return std::nullopt;
  if (isa<CallOpInterface>(user)) {
    if (user->hasAttr(kBorrowsAttr))
      return std::nullopt;
    return "it is passed to a call; inline the callee, or mark the call " + kBorrowsAttr.str() +
           " if it neither keeps nor returns the buffer";
  }
  if (auto view = dyn_cast<ViewLikeOpInterface>(user); view && view.getViewSource() == alias)
    return std::nullopt;
  for (Value result : user->getResults())
    if (isa<BaseMemRefType>(result.getType()))
      return quoted(user) + " may make another name for it that cannot be followed";
  if (touches(user, alias))
    return std::nullopt;
  return quoted(user) + " may keep its address";
}

std::optional<std::string> BufferUseFinder::refuseRegions(Value origin, Operation *use) const {
  Region *home = origin.getParentRegion();
  for (Operation *op = use->getParentOp(); op && op != function; op = op->getParentOp()) {
    if (op->isAncestor(home->getParentOp()))
      break;
    StringRef dialect = op->getName().getDialectNamespace();
    if (dialect != "scf" && dialect != "affine" && dialect != "memref" && dialect != "linalg")
      return "it is used in a region of " + quoted(op) +
             ", and when that runs is not known; plan before this op is made";
  }
  return std::nullopt;
}

std::optional<std::string>
BufferUseFinder::refuseInstances(Operation *allocation,
                                 const BufferViewFlowAnalysis::ValueSetT &aliases) const {
  // Upwards from the allocation: at each level, what may run it again?
  Operation *at = allocation;
  for (Region *region = at->getParentRegion(); region; region = at->getParentRegion()) {
    auto inside = [&](Value value) { return region->isAncestor(value.getParentRegion()); };
    Block *block = at->getBlock();
    bool cycle =
        !region->hasOneBlock() && llvm::any_of(block->getSuccessors(), [&](Block *successor) {
          return successor == block || successor->isReachable(block);
        });
    for (Value alias : aliases) {
      // In a cycle of blocks, a name that the allocation dominates is made anew each time.
      if (cycle && inside(alias) && alias != allocation->getResult(0)) {
        Operation *op = alias.getDefiningOp();
        bool anew =
            op ? at == region->findAncestorOpInRegion(*op) ||
                     dominance.dominates(at, region->findAncestorOpInRegion(*op))
               : at->isAncestor(cast<BlockArgument>(alias).getOwner()->getParentOp()) ||
                     dominance.properlyDominates(
                         block,
                         region->findAncestorBlockInRegion(*cast<BlockArgument>(alias).getOwner()));
        if (!anew)
          return std::string("it may be carried around a cycle of blocks while it is allocated "
                             "again; allocate it before the cycle");
      }
    }
    Operation *parent = region->getParentOp();
    if (parent == function)
      return std::nullopt;
    // affine.parallel does not carry the trait.
    if (parent->hasTrait<OpTrait::HasParallelRegion>() || isa<affine::AffineParallelOp>(parent))
      return "it is allocated in parallel by " + quoted(parent) + "; allocate it outside";
    StringRef dialect = parent->getName().getDialectNamespace();
    if (dialect != "scf" && dialect != "affine" && dialect != "memref")
      return "it is allocated in a region of " + quoted(parent) +
             ", and how often that runs is not known; allocate it outside";
    if (mayRepeat(*region))
      for (Value alias : aliases) {
        auto argument = dyn_cast<BlockArgument>(alias);
        if (!inside(alias) || (argument && argument.getOwner() == &region->front()))
          return "it is carried from one run of a region of " + quoted(parent) +
                 " to the next, which allocates it again; allocate it outside";
      }
    at = parent;
  }
  return std::nullopt;
}

BufferUses BufferUseFinder::find(Value value) const {
  BufferUses uses;
  auto refuse = [&](Operation *op, std::string reason) {
    uses.refused = RefusedBuffer{value, op, std::move(reason)};
    return uses;
  };
  BufferViewFlowAnalysis::ValueSetT aliases = flow.resolve(value);
  Operation *allocation = value.getDefiningOp();
  if (allocation)
    if (auto reason = refuseInstances(allocation, aliases))
      return refuse(allocation, *reason);
  llvm::SetVector<Operation *> users;
  for (Value alias : aliases)
    users.insert(alias.user_begin(), alias.user_end());
  // In the order of the text: the set above is in the order of addresses.
  SmallVector<Operation *> sorted = users.takeVector();
  llvm::sort(sorted, [&](Operation *a, Operation *b) { return moment(a) < moment(b); });
  for (Operation *user : sorted) {
    for (Value operand : user->getOperands())
      if (aliases.contains(operand))
        if (auto reason = refuseUse(value, operand, user))
          return refuse(user, *reason);
    if (auto reason = refuseRegions(value, user))
      return refuse(user, *reason);
    if (!isa<memref::DeallocOp>(user))
      uses.ops.push_back(user);
  }
  return uses;
}

BufferUseFinder::Origins BufferUseFinder::originsOf(Value value) const {
  Origins origins;
  for (Value source : flow.resolveReverse(value)) {
    if (source.getDefiningOp<memref::AllocOp>())
      origins.allocations.push_back(source);
    else if (flow.mayBeTerminalBuffer(source))
      origins.others = true;
  }
  llvm::sort(origins.allocations, [&](Value a, Value b) {
    return moment(a.getDefiningOp()) < moment(b.getDefiningOp());
  });
  return origins;
}
