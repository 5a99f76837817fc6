//===- VerifyPhase.cpp - the invariant of each phase ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Runs between the phases; each message says which op is wrong and what was expected.

#include "Facts.h"
#include "VerifySignatures.h"

#include "ignis/Analysis/BufferLifetimes.h"
#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/GGUF/File.h"
#include "ignis/GGUF/ModelConfig.h"
#include "ignis/Import/VerifyModel.h"
#include "ignis/MemoryPlan/Verifier.h"
#include "ignis/Pipelines/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"

namespace ignis {
#define GEN_PASS_DEF_VERIFYPHASE
#include "ignis/Pipelines/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
struct VerifyPhasePass : ignis::impl::VerifyPhaseBase<VerifyPhasePass> {
  using VerifyPhaseBase::VerifyPhaseBase;

  void runOnOperation() override {
    LogicalResult result = failure();
    if (phase == "import" || phase == "fuse")
      result = verifyTensors();
    else if (phase == "bufferize")
      result = verifyBuffers();
    else if (phase == "plan")
      result = verifyPlan();
    else if (phase == "lower")
      result = verifyLowered();
    else
      getOperation().emitError("unknown phase '")
          << phase << "', expected import, fuse, bufferize, plan or lower";
    if (succeeded(result) && phase != "lower") {
      auto broken = [this](Operation *op) { return this->broken(op); };
      result =
          success(succeeded(verifyWeights(getOperation(), broken)) &&
                  succeeded(verifySignatures(getOperation(), broken)) && succeeded(verifyFile()));
    }
    if (failed(result))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }

private:
  InFlightDiagnostic broken(Operation *op) {
    return op->emitError("after phase '") << phase << "': ";
  }

  /// The file that the module is for, if it is known.
  LogicalResult verifyFile() {
    if (model.empty())
      return success();
    gguf::OpenOptions open;
    open.requireData = false;
    llvm::Expected<gguf::File> file = gguf::File::open(model, open);
    if (!file)
      return getOperation().emitError() << llvm::toString(file.takeError());
    llvm::Expected<gguf::ModelConfig> config = gguf::readModelConfig(*file);
    if (!config)
      return getOperation().emitError() << llvm::toString(config.takeError());
    return verifyModel(getOperation(), *file, *config);
  }

  LogicalResult forEachOp(llvm::function_ref<LogicalResult(Operation *)> check) {
    return failure(getOperation()
                       .walk<WalkOrder::PreOrder>([&](Operation *op) {
                         return op == getOperation() ? WalkResult::advance()
                                                     : WalkResult(check(op));
                       })
                       .wasInterrupted());
  }

  LogicalResult verifyTensors() {
    return forEachOp([&](Operation *op) -> LogicalResult {
      if (!op->getDialect() ||
          !isa<IgnisDialect, func::FuncDialect, arith::ArithDialect, tensor::TensorDialect>(
              op->getDialect()))
        return broken(op) << "expected ops of the dialects ignis, func, arith and tensor, got '"
                          << op->getName().getStringRef() << "'";
      if (isa<ComputeOpInterface>(op) && !hasTensor(op))
        return broken(op) << "expected tensors, got buffers";
      return success();
    });
  }

  LogicalResult verifyBuffers() {
    return forEachOp([&](Operation *op) -> LogicalResult {
      if (hasTensor(op))
        return broken(op) << "expected no tensor in '" << op->getName().getStringRef() << "'";
      auto alloc = dyn_cast<memref::AllocOp>(op);
      auto function = op->getParentOfType<func::FuncOp>();
      if (!alloc || !function || !isEntry(function))
        return success();
      if (!alloc.getType().hasStaticShape())
        return broken(op) << "expected a static size, got " << alloc.getType();
      if (alloc->getBlock() != &function.getBody().front())
        return broken(op) << "expected allocations in the entry block alone";
      return success();
    });
  }

  LogicalResult verifyPlan() {
    if (failed(verifyBuffers()))
      return failure();
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (isEntry(function) && failed(verifyPlan(function)))
        return failure();
    return success();
  }

  LogicalResult verifyPlan(func::FuncOp function) {
    int64_t arena = 0;
    for (BlockArgument argument : function.getArguments())
      if (isArena(function, argument))
        arena = cast<MemRefType>(argument.getType()).getDimSize(0);
    WalkResult walk = function.walk([&](Operation *op) {
      if (isa<memref::AllocOp, memref::AllocaOp, memref::DeallocOp>(op))
        return WalkResult(broken(op) << "expected no allocation, got '"
                                     << op->getName().getStringRef() << "'");
      return WalkResult::advance();
    });
    if (walk.wasInterrupted())
      return failure();
    FailureOr<SmallVector<LiveBuffer>> buffers = collectBuffers(function);
    if (failed(buffers))
      return failure();
    memplan::Problem problem = toProblem(*buffers, 1);
    memplan::Plan plan;
    for (const LiveBuffer &buffer : *buffers) {
      std::optional<int64_t> offset = arenaOffset(function, buffer.value);
      if (!offset)
        return broken(function) << "a buffer has no constant offset in the arena";
      plan.offsets.push_back(*offset);
    }
    plan.height = memplan::heightOf(problem, plan.offsets);
    if (plan.height > arena)
      return broken(function) << "the memory plan ends at byte " << plan.height
                              << ", the arena has " << arena;
    memplan::Verdict verdict = memplan::verify(problem, plan);
    if (!verdict.ok())
      return broken(function) << "the memory plan is wrong: " << verdict.message;
    return success();
  }

  static bool isArena(func::FuncOp function, BlockArgument argument) {
    auto role = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kRoleAttr);
    return role && role.getValue() == "arena";
  }

  LogicalResult verifyLowered() {
    return forEachOp([&](Operation *op) -> LogicalResult {
      if (!op->getDialect() || !isa<LLVM::LLVMDialect>(op->getDialect()))
        return broken(op) << "expected ops of the LLVM dialect alone, got '"
                          << op->getName().getStringRef() << "'";
      auto function = dyn_cast<LLVM::LLVMFuncOp>(op);
      if (function && function.isExternal() && !isRuntimeSymbol(function.getName()))
        return broken(op) << "external symbol '" << function.getName()
                          << "' is neither a kernel nor the barrier";
      return success();
    });
  }

  static bool isRuntimeSymbol(StringRef name) {
#define IGNIS_KERNEL(NAME, RESULT, PARAMETERS, MEANING)                                            \
  if (name == "ignis_" #NAME)                                                                      \
    return true;
#include "ignis/Kernels/Kernels.def"
    return name == "ignis_barrier" || name == "ignis_profile"; // The latter in profiled modules.
  }
};
} // namespace
