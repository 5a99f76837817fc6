//===- PlanMemory.cpp - from allocations to offsets of one arena --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The bridge between IR and lib/MemoryPlan: collects buffers with their lifetimes, asks the planner, rewrites.

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/MemoryPlan/LowerBound.h"
#include "ignis/MemoryPlan/Planner.h"
#include "ignis/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace ignis {
#define GEN_PASS_DEF_PLANMEMORY
#include "ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {

/// One buffer to be placed: an allocation or a marked argument.
struct Candidate {
  Value value;
  int64_t bytes, begin, end;
  bool isArgument() const { return isa<BlockArgument>(value); }
};

struct PlanMemoryPass : ignis::impl::PlanMemoryBase<PlanMemoryPass> {
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    SmallVector<Candidate> candidates;
    if (failed(collect(function, candidates)))
      return signalPassFailure();
    if (candidates.empty())
      return;

    memplan::Problem problem;
    for (auto [i, candidate] : llvm::enumerate(candidates))
      problem.buffers.push_back({std::to_string(i), candidate.begin, candidate.end, candidate.bytes, alignment});
    auto chosen = memplan::createPlanner(planner);
    if (!chosen) {
      function.emitError() << llvm::toString(chosen.takeError());
      return signalPassFailure();
    }
    memplan::PlanOptions options;
    options.budgetSeconds = budget;
    llvm::Expected<memplan::PlanResult> result = (*chosen)->solve(problem, options);
    if (!result) {
      function.emitError() << "memory planning failed: " << llvm::toString(result.takeError());
      return signalPassFailure();
    }
    report(function, candidates, *result);
    rewrite(function, candidates, *result);
  }

private:
  /// Allocations of the entry block and marked arguments, with lifetimes in numbers of ops of that block.
  LogicalResult collect(func::FuncOp function, SmallVectorImpl<Candidate> &candidates) {
    Block &entry = function.getBody().front();
    if (!llvm::hasSingleElement(function.getBody()))
      return function.emitError("cannot plan memory: the function has several blocks");
    DenseMap<Operation *, int64_t> position;
    int64_t next = 0;
    for (Operation &op : entry)
      position[&op] = next++;
    auto add = [&](Value value, bool fromStart, bool toEnd) -> LogicalResult {
      FailureOr<int64_t> bytes = getSizeInBytes(cast<MemRefType>(value.getType()));
      if (failed(bytes))
        return emitError(value.getLoc()) << "cannot plan memory: buffer of unknown size " << value.getType();
      Candidate candidate{value, *bytes, next, -1};
      if (failed(extend(value, &entry, position, candidate)))
        return failure();
      if (candidate.end < 0)
        candidate.begin = candidate.end = fromStart ? 0 : next - 1; // Never used: one moment.
      if (fromStart)
        candidate.begin = 0;
      if (toEnd)
        candidate.end = next - 1;
      ++candidate.end;
      candidates.push_back(candidate);
      return success();
    };
    for (BlockArgument argument : entry.getArguments()) {
      if (!function.getArgAttr(argument.getArgNumber(), kPlannedAttr))
        continue;
      // What the body only writes is a result, and stays until the end; anything else came in.
      bool written = llvm::all_of(argument.getUsers(), [&](Operation *user) {
        auto dst = dyn_cast<DestinationStyleOpInterface>(user);
        return dst && llvm::is_contained(dst.getDpsInits(), argument);
      });
      if (failed(add(argument, !written, written)))
        return failure();
    }
    for (Operation &op : entry)
      if (auto alloc = dyn_cast<memref::AllocOp>(op))
        if (failed(add(alloc, false, false)))
          return failure();
    return success();
  }

  /// Grows the lifetime over all uses of the value and of its views.
  LogicalResult extend(Value value, Block *entry, const DenseMap<Operation *, int64_t> &position, Candidate &candidate) {
    for (Operation *user : value.getUsers()) {
      Operation *ancestor = entry->findAncestorOpInBlock(*user);
      int64_t at = position.lookup(ancestor);
      if (isa<memref::DeallocOp>(user))
        continue;
      // Handing back an argument changes nothing for the caller.
      if (user->hasTrait<OpTrait::IsTerminator>() && !candidate.isArgument())
        return user->emitError("cannot plan memory: a buffer escapes through ") << user->getName();
      candidate.begin = std::min(candidate.begin, at);
      candidate.end = std::max(candidate.end, at);
      if (isa<ViewLikeOpInterface>(user))
        for (Value result : user->getResults())
          if (failed(extend(result, entry, position, candidate)))
            return failure();
    }
    return success();
  }

  void report(func::FuncOp function, ArrayRef<Candidate> candidates, const memplan::PlanResult &result) {
    int64_t bytes = 0;
    for (const Candidate &candidate : candidates)
      bytes += candidate.bytes;
    remark::passed(function.getLoc(), remark::RemarkOpts::name("plan-memory").category("ignis").function(function.getName()))
        << remark::metric("planner", planner.getValue()) << remark::metric("buffers", static_cast<int64_t>(candidates.size()))
        << remark::metric("bytes", bytes) << remark::metric("arena", result.plan.height)
        << remark::metric("bound", result.bound) << remark::metric("slots", static_cast<int64_t>(result.slotSizes.size()));
  }

  void rewrite(func::FuncOp function, ArrayRef<Candidate> candidates, const memplan::PlanResult &result) {
    OpBuilder builder(function.getBody());
    auto arenaType = MemRefType::get({result.plan.height}, builder.getI8Type());
    Value arena;
    bool isEntry = false;
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      isEntry |= static_cast<bool>(function.getArgAttr(i, kRoleAttr));
    if (isEntry) {
      unsigned last = function.getNumArguments();
      (void)function.insertArgument(last, arenaType, DictionaryAttr::get(&getContext(), {builder.getNamedAttr(kRoleAttr, builder.getStringAttr("arena"))}), function.getLoc());
      arena = function.getArgument(last);
    } else {
      arena = memref::AllocOp::create(builder, function.getLoc(), arenaType, builder.getI64IntegerAttr(alignment));
    }
    for (auto [candidate, offset] : llvm::zip(candidates, result.plan.offsets)) {
      if (auto argument = dyn_cast<BlockArgument>(candidate.value)) {
        function.setArgAttr(argument.getArgNumber(), kOffsetAttr, builder.getI64IntegerAttr(offset));
        continue;
      }
      Operation *alloc = candidate.value.getDefiningOp();
      for (Operation *user : llvm::make_early_inc_range(alloc->getUsers()))
        if (isa<memref::DeallocOp>(user))
          user->erase();
      builder.setInsertionPoint(alloc);
      Value shift = arith::ConstantIndexOp::create(builder, alloc->getLoc(), offset);
      Value view = memref::ViewOp::create(builder, alloc->getLoc(), cast<MemRefType>(candidate.value.getType()), arena, shift, ValueRange());
      alloc->getResult(0).replaceAllUsesWith(view);
      alloc->erase();
    }
  }
};
} // namespace
