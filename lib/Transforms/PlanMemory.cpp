//===- PlanMemory.cpp - from allocations to offsets of one arena ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The bridge between IR and lib/MemoryPlan: lifetimes become a problem, the verified plan becomes
// views of one buffer.

#include "ignis/Analysis/BufferLifetimes.h"
#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/MemoryPlan/Planner.h"
#include "ignis/MemoryPlan/ProblemCSV.h"
#include "ignis/MemoryPlan/Render.h"
#include "ignis/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/Support/FileSystem.h"

#include <numeric>

namespace ignis {
#define GEN_PASS_DEF_PLANMEMORY
#include "ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
bool isEntry(func::FuncOp function) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (function.getArgAttr(i, kRoleAttr))
      return true;
  return false;
}

struct PlanMemoryPass : ignis::impl::PlanMemoryBase<PlanMemoryPass> {
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    constexpr int64_t mostAlignment = int64_t(1) << 32;
    if (alignment < 1 || alignment > mostAlignment) {
      function.emitError() << "cannot plan memory: alignment is " << alignment.getValue()
                           << ", expected 1 to " << mostAlignment;
      return signalPassFailure();
    }
    auto chosen = memplan::createPlanner(planner);
    if (!chosen) {
      function.emitError() << "cannot plan memory: " << llvm::toString(chosen.takeError());
      return signalPassFailure();
    }
    FunctionBuffers found = findBuffers(function);
    for (const RefusedBuffer &refused : found.refused) {
      if (!partial) {
        emitRefusal(refused);
        return signalPassFailure();
      }
      remark::missed(refused.op->getLoc(), remarkOptions())
          << remark::reason("{0}", refused.reason);
    }
    if (isPlanned(found.buffers))
      return;
    memplan::Problem problem = toProblem(found.buffers, alignment);
    memplan::PlanOptions options;
    options.budgetSeconds = budget;
    llvm::Expected<memplan::PlanResult> result = (*chosen)->solve(problem, options);
    if (!result) {
      function.emitError() << "cannot plan memory: " << llvm::toString(result.takeError());
      return signalPassFailure();
    }
    report(found.buffers, *result);
    if (failed(write(function, named(function, found.buffers, problem), *result)))
      return signalPassFailure();
    for (Operation *deallocation : found.deallocations)
      deallocation->erase();
    rewrite(function, found.buffers, problem, *result);
  }

private:
  /// Whether there is nothing to do: no buffer, or all of them lie in the arena already.
  static bool isPlanned(ArrayRef<LiveBuffer> buffers) {
    return llvm::all_of(buffers, [](const LiveBuffer &buffer) {
      if (auto argument = dyn_cast<BlockArgument>(buffer.value))
        return cast<func::FuncOp>(argument.getOwner()->getParentOp())
                   .getArgAttr(argument.getArgNumber(), kOffsetAttr) != Attribute();
      return !buffer.value.getDefiningOp<memref::AllocOp>();
    });
  }

  remark::RemarkOpts remarkOptions() {
    return remark::RemarkOpts::name("plan-memory")
        .category("ignis")
        .function(getOperation().getName());
  }

  void report(ArrayRef<LiveBuffer> buffers, const memplan::PlanResult &result) {
    int64_t bytes = 0, rounded = 0, scratch = 0;
    for (const LiveBuffer &buffer : buffers)
      (buffer.isRounded() ? rounded : bytes) += buffer.bytes;
    getOperation().walk(
        [&](ComputeOpInterface op) { scratch = std::max(scratch, op.getScratchBytes()); });
    remark::passed(getOperation().getLoc(), remarkOptions())
        << remark::metric("planner", planner.getValue())
        << remark::metric("buffers", static_cast<int64_t>(buffers.size()))
        << remark::metric("bytes", bytes) << remark::metric("activations_q8", rounded)
        << remark::metric("scratch", scratch) << remark::metric("arena", result.plan.height)
        << remark::metric("bound", result.bound)
        << remark::metric("slots", static_cast<int64_t>(result.slotSizes.size()))
        << remark::metric("status", memplan::statusName(result.status));
  }

  /// The problem with its buffers named by the op that writes them first.
  static memplan::Problem named(func::FuncOp function, ArrayRef<LiveBuffer> buffers,
                                memplan::Problem problem) {
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
      problem.buffers[i].id = name + " " + std::to_string(i);
    }
    return problem;
  }

  /// Writes the picture and the table that were asked for.
  LogicalResult write(func::FuncOp function, const memplan::Problem &problem,
                      const memplan::PlanResult &result) {
    return success(succeeded(write(function, svg,
                                   [&](llvm::raw_ostream &stream) {
                                     memplan::RenderOptions options;
                                     options.title =
                                         (function.getName() + ", " + planner.getValue()).str();
                                     options.bound = result.bound;
                                     memplan::renderSVG(stream, problem, result.plan, options);
                                   })) &&
                   succeeded(write(function, csv, [&](llvm::raw_ostream &stream) {
                     memplan::writeCSV(stream, problem, &result.plan);
                   })));
  }

  static LogicalResult write(func::FuncOp function, std::string path,
                             llvm::function_ref<void(llvm::raw_ostream &)> print) {
    if (path.empty())
      return success();
    if (size_t at = path.find("%f"); at != std::string::npos)
      path.replace(at, 2, function.getName().str());
    std::error_code error;
    llvm::raw_fd_ostream stream(path, error);
    if (error)
      return function.emitError() << "cannot write " << path << ": " << error.message();
    print(stream);
    return success();
  }

  void rewrite(func::FuncOp function, ArrayRef<LiveBuffer> buffers, const memplan::Problem &problem,
               const memplan::PlanResult &result) {
    Value arena = makeArena(function, problem, result.plan.height);
    for (auto [buffer, offset] : llvm::zip(buffers, result.plan.offsets)) {
      if (auto argument = dyn_cast<BlockArgument>(buffer.value)) {
        function.setArgAttr(argument.getArgNumber(), kOffsetAttr,
                            OpBuilder(function).getI64IntegerAttr(offset));
        continue;
      }
      Operation *old = buffer.value.getDefiningOp();
      OpBuilder builder(old);
      Value shift = arith::ConstantIndexOp::create(builder, old->getLoc(), offset);
      Value view =
          memref::ViewOp::create(builder, old->getLoc(), cast<MemRefType>(buffer.value.getType()),
                                 arena, shift, ValueRange());
      old->getResult(0).replaceAllUsesWith(view);
      Operation *oldShift = isa<memref::ViewOp>(old)
                                ? cast<memref::ViewOp>(old).getByteShift().getDefiningOp()
                                : nullptr;
      old->erase();
      if (oldShift && isOpTriviallyDead(oldShift))
        oldShift->erase();
    }
  }

  /// The arena of `bytes`: an argument in entry functions, elsewhere an allocation that every
  /// return frees. One that is there already is replaced.
  static Value makeArena(func::FuncOp function, const memplan::Problem &problem, int64_t bytes) {
    OpBuilder builder(function.getBody());
    auto type = MemRefType::get({bytes}, builder.getI8Type());
    Value old = arenaOf(function);
    if (isEntry(function)) {
      if (auto argument = dyn_cast_if_present<BlockArgument>(old)) {
        argument.setType(type);
        SmallVector<Type> inputs(function.getArgumentTypes());
        inputs[argument.getArgNumber()] = type;
        function.setFunctionType(builder.getFunctionType(inputs, function.getResultTypes()));
        return argument;
      }
      unsigned last = function.getNumArguments();
      NamedAttribute role = builder.getNamedAttr(kRoleAttr, builder.getStringAttr("arena"));
      (void)function.insertArgument(last, type, DictionaryAttr::get(function.getContext(), {role}),
                                    function.getLoc());
      return function.getArgument(last);
    }
    int64_t most = 1;
    for (const memplan::Buffer &buffer : problem.buffers)
      most = std::lcm(most, buffer.align);
    // The result of memref.alloc cannot be aligned to a number that is no power of two.
    auto arena = memref::AllocOp::create(builder, function.getLoc(), type,
                                         builder.getI64IntegerAttr(static_cast<int64_t>(
                                             llvm::PowerOf2Ceil(static_cast<uint64_t>(most)))));
    arena->setAttr(kArenaAttr, builder.getUnitAttr());
    if (old) {
      old.replaceAllUsesWith(arena); // The deallocations are among its uses.
      old.getDefiningOp()->erase();
      return arena;
    }
    function.walk([&](func::ReturnOp op) {
      OpBuilder before(op);
      memref::DeallocOp::create(before, function.getLoc(), arena);
    });
    return arena;
  }
};
} // namespace
