//===- PlanMemory.cpp - from allocations to offsets of one arena ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The bridge between IR and lib/MemoryPlan: lifetimes become a problem, the verified plan becomes
// views of one buffer.

#include "ignis/Analysis/BufferLifetimes.h"
#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/MemoryPlan/Planner.h"
#include "ignis/MemoryPlan/Render.h"
#include "ignis/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FileSystem.h"

namespace ignis {
#define GEN_PASS_DEF_PLANMEMORY
#include "ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
struct PlanMemoryPass : ignis::impl::PlanMemoryBase<PlanMemoryPass> {
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal() || isPlanned(function))
      return;
    if (alignment < 1) {
      function.emitError() << "cannot plan memory: alignment is " << alignment
                           << ", expected 1 or more";
      return signalPassFailure();
    }
    FailureOr<SmallVector<LiveBuffer>> buffers = collectBuffers(function);
    if (failed(buffers))
      return signalPassFailure();
    if (buffers->empty())
      return;
    auto chosen = memplan::createPlanner(planner);
    if (!chosen) {
      function.emitError() << "cannot plan memory: " << llvm::toString(chosen.takeError());
      return signalPassFailure();
    }
    // An allocation may ask for more than everybody's alignment.
    memplan::Problem problem = toProblem(*buffers, alignment);
    for (auto [buffer, entry] : llvm::zip(*buffers, problem.buffers))
      if (auto alloc = buffer.value.getDefiningOp<memref::AllocOp>();
          alloc && alloc.getAlignment().value_or(1) > 64)
        entry.align = std::max<int64_t>(entry.align, *alloc.getAlignment());
    memplan::PlanOptions options;
    options.budgetSeconds = budget;
    llvm::Expected<memplan::PlanResult> result = (*chosen)->solve(problem, options);
    if (!result) {
      function.emitError() << "cannot plan memory: " << llvm::toString(result.takeError());
      return signalPassFailure();
    }
    report(function, *buffers, *result);
    if (!svg.empty() && failed(draw(function, *buffers, problem, *result)))
      return signalPassFailure();
    rewrite(function, *buffers, problem, *result);
  }

private:
  static bool isPlanned(func::FuncOp function) {
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (auto role = function.getArgAttrOfType<StringAttr>(i, kRoleAttr);
          role && role.getValue() == "arena")
        return true;
    return false;
  }

  void report(func::FuncOp function, ArrayRef<LiveBuffer> buffers,
              const memplan::PlanResult &result) {
    int64_t bytes = 0;
    for (const LiveBuffer &buffer : buffers)
      bytes += buffer.bytes;
    remark::passed(
        function.getLoc(),
        remark::RemarkOpts::name("plan-memory").category("ignis").function(function.getName()))
        << remark::metric("planner", planner.getValue())
        << remark::metric("buffers", static_cast<int64_t>(buffers.size()))
        << remark::metric("bytes", bytes) << remark::metric("arena", result.plan.height)
        << remark::metric("bound", result.bound)
        << remark::metric("slots", static_cast<int64_t>(result.slotSizes.size()))
        << remark::metric("status", memplan::statusName(result.status));
  }

  /// The plan as a picture, each buffer named by the op that writes it first.
  LogicalResult draw(func::FuncOp function, ArrayRef<LiveBuffer> buffers,
                     const memplan::Problem &problem, const memplan::PlanResult &result) {
    std::string path = svg;
    if (size_t at = path.find("%f"); at != std::string::npos)
      path.replace(at, 2, function.getName().str());
    memplan::Problem named = problem;
    for (auto [i, buffer] : llvm::enumerate(buffers)) {
      std::string name = isa<BlockArgument>(buffer.value) ? "argument" : "buffer";
      if (auto argument = dyn_cast<BlockArgument>(buffer.value)) {
        if (auto role = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kRoleAttr))
          name = role.getValue().str();
      } else {
        SmallVector<Operation *> users(buffer.value.getUsers());
        for (Operation *user : llvm::reverse(users))
          if (auto dst = dyn_cast<DestinationStyleOpInterface>(user);
              dst && llvm::is_contained(dst.getDpsInits(), buffer.value)) {
            name = user->getName().stripDialect().str();
            break;
          }
      }
      named.buffers[i].id = name + " " + std::to_string(i);
    }
    std::error_code error;
    llvm::raw_fd_ostream stream(path, error);
    if (error)
      return function.emitError() << "cannot write " << path << ": " << error.message();
    memplan::RenderOptions options;
    options.title = (function.getName() + ", " + planner.getValue()).str();
    options.bound = result.bound;
    memplan::renderSVG(stream, named, result.plan, options);
    return success();
  }

  void rewrite(func::FuncOp function, ArrayRef<LiveBuffer> buffers, const memplan::Problem &problem,
               const memplan::PlanResult &result) {
    OpBuilder builder(function.getBody());
    auto arenaType = MemRefType::get({result.plan.height}, builder.getI8Type());
    Value arena;
    bool isEntry = false;
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      isEntry |= static_cast<bool>(function.getArgAttr(i, kRoleAttr));
    if (isEntry) {
      unsigned last = function.getNumArguments();
      NamedAttribute role = builder.getNamedAttr(kRoleAttr, builder.getStringAttr("arena"));
      (void)function.insertArgument(last, arenaType, DictionaryAttr::get(&getContext(), {role}),
                                    function.getLoc());
      arena = function.getArgument(last);
    } else {
      int64_t most = 1;
      for (const memplan::Buffer &buffer : problem.buffers)
        most = std::max(most, buffer.align);
      // The result of memref.alloc cannot be aligned to a number that is no power of two.
      arena = memref::AllocOp::create(builder, function.getLoc(), arenaType,
                                      builder.getI64IntegerAttr(static_cast<int64_t>(
                                          llvm::PowerOf2Ceil(static_cast<uint64_t>(most)))));
    }
    for (auto [buffer, offset] : llvm::zip(buffers, result.plan.offsets)) {
      if (auto argument = dyn_cast<BlockArgument>(buffer.value)) {
        function.setArgAttr(argument.getArgNumber(), kOffsetAttr,
                            builder.getI64IntegerAttr(offset));
        continue;
      }
      Operation *alloc = buffer.value.getDefiningOp();
      for (Operation *user : llvm::make_early_inc_range(alloc->getUsers()))
        if (isa<memref::DeallocOp>(user))
          user->erase();
      builder.setInsertionPoint(alloc);
      Value shift = arith::ConstantIndexOp::create(builder, alloc->getLoc(), offset);
      Value view =
          memref::ViewOp::create(builder, alloc->getLoc(), cast<MemRefType>(buffer.value.getType()),
                                 arena, shift, ValueRange());
      alloc->getResult(0).replaceAllUsesWith(view);
      alloc->erase();
    }
    if (!isEntry) {
      builder.setInsertionPoint(function.getBody().front().getTerminator());
      memref::DeallocOp::create(builder, function.getLoc(), arena);
    }
  }
};
} // namespace
