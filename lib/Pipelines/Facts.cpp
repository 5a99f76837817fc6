//===- Facts.cpp - the properties of IR that contracts speak of -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One entry a fact: a name, what it says, and how to find an op that contradicts it. Facts about
// entry functions (those whose arguments have roles) hold trivially in other functions.

#include "Facts.h"

#include "ignis/Analysis/Barriers.h"
#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Pipelines/Contracts.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace ignis;

bool ignis::isEntry(func::FuncOp function) {
  if (function.isExternal())
    return false;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (function.getArgAttr(i, kRoleAttr))
      return true;
  return false;
}

bool ignis::hasTensor(Operation *op) {
  auto isTensor = [](Type type) { return isa<TensorType>(type); };
  if (auto function = dyn_cast<FunctionOpInterface>(op))
    return llvm::any_of(function.getArgumentTypes(), isTensor) ||
           llvm::any_of(function.getResultTypes(), isTensor);
  return llvm::any_of(op->getOperandTypes(), isTensor) ||
         llvm::any_of(op->getResultTypes(), isTensor);
}

namespace {
/// The first op under `root`, itself included, for which `violates` is true.
template <typename Op> Operation *findOp(Operation *root, llvm::function_ref<bool(Op)> violates) {
  Operation *found = nullptr;
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto candidate = dyn_cast<Op>(op); candidate && violates(candidate)) {
      found = op;
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return found;
}

/// Whether `ignis-fuse-swiglu` would take this product.
bool isUnfusedSwiglu(MulOp mul) {
  if (!isa<RankedTensorType>(mul.getLhs().getType()))
    return false;
  return llvm::any_of(ValueRange{mul.getLhs(), mul.getRhs()}, [&](Value factor) {
    auto silu = factor.getDefiningOp<SiluOp>();
    return silu && mul.getLhs() != mul.getRhs() && silu.getRows() == mul.getRows() &&
           llvm::all_of(silu->getUsers(), [&](Operation *user) { return user == mul; });
  });
}

/// Whether `ignis-fuse-rms-norm` would take this scale.
bool isUnfusedRmsNorm(ScaleOp scale) {
  if (!isa<RankedTensorType>(scale.getX().getType()))
    return false;
  auto normalize = scale.getX().getDefiningOp<RmsNormalizeOp>();
  return normalize && normalize.getRows() == scale.getRows() &&
         llvm::all_of(normalize->getUsers(), [&](Operation *user) { return user == scale; });
}

Operation *findOnBuffers(Operation *root) {
  return findOp<ComputeOpInterface>(root, [](ComputeOpInterface op) { return !hasTensor(op); });
}
Operation *findTensor(Operation *root) {
  return findOp<Operation *>(root, [](Operation *op) { return hasTensor(op); });
}
Operation *findUnfusedSwiglu(Operation *root) { return findOp<MulOp>(root, isUnfusedSwiglu); }
Operation *findUnfusedRmsNorm(Operation *root) { return findOp<ScaleOp>(root, isUnfusedRmsNorm); }
Operation *findEntryWithResults(Operation *root) {
  return findOp<func::FuncOp>(root, [](func::FuncOp function) {
    return isEntry(function) && function.getNumResults() != 0;
  });
}
Operation *findUnrounded(Operation *root) {
  return findOp<ComputeOpInterface>(
      root, [](ComputeOpInterface op) { return op.getActivationBytes() != 0; });
}
Operation *findRounding(Operation *root) {
  return findOp<ComputeOpInterface>(root, [](ComputeOpInterface op) {
    auto dst = cast<DestinationStyleOpInterface>(op.getOperation());
    return llvm::any_of(dst.getDpsInits(), isRounded);
  });
}
Operation *findAttention(Operation *root) {
  return findOp<AttentionOp>(root, [](AttentionOp) { return true; });
}
Operation *findEntryAllocation(Operation *root) {
  return findOp<memref::AllocOp>(root, [](memref::AllocOp op) {
    auto function = op->getParentOfType<func::FuncOp>();
    return function && isEntry(function);
  });
}
Operation *findMissingBarrier(Operation *root) {
  Operation *found = nullptr;
  root->walk([&](func::FuncOp function) {
    if (found || function->hasAttr(kOutlinedFunctionAttr))
      return;
    for (Block &block : function.getBody())
      if (auto missing = findMissingBarriers(block); !missing.empty()) {
        found = missing.front();
        return;
      }
  });
  return found;
}
Operation *findNotOutlined(Operation *root) {
  return findOp<ComputeOpInterface>(root, [](ComputeOpInterface op) {
    auto function = op->getParentOfType<func::FuncOp>();
    return !function || !function->hasAttr(kOutlinedFunctionAttr);
  });
}
Operation *findIgnisOp(Operation *root) {
  return findOp<Operation *>(
      root, [](Operation *op) { return op->getDialect() && isa<IgnisDialect>(op->getDialect()); });
}
Operation *findPointerCast(Operation *root) {
  return findOp<UnrealizedConversionCastOp>(root, [](UnrealizedConversionCastOp op) {
    return op.getNumOperands() == 1 && op.getNumResults() == 1 &&
           isa<LLVM::LLVMPointerType>(op.getOperand(0).getType()) &&
           isa<MemRefType>(op.getResult(0).getType());
  });
}
} // namespace

void ignis::registerFacts() {
  registerFact({"tensors", "the ops of the dialect work on tensors", findOnBuffers});
  registerFact({"buffers", "no value is a tensor", findTensor});
  registerFact(
      {"swiglu", "no product of a silu is left that could be a swiglu", findUnfusedSwiglu});
  registerFact({"rms-norm", "no scale of an rms_normalize is left that could be an rms_norm",
                findUnfusedRmsNorm});
  registerFact({"void-entries", "entry functions return nothing", findEntryWithResults});
  registerFact({"rounded", "no op rounds its input itself", findUnrounded});
  registerFact({"unrounded", "no op rounds activations for others", findRounding});
  registerFact({"attention-split", "the cache write and the reading of the cache are two ops",
                findAttention});
  registerFact({"planned", "entry functions allocate nothing", findEntryAllocation});
  registerFact({"barriers", "a barrier stands wherever data crosses threads", findMissingBarrier});
  registerFact({"outlined", "every compute op is in a function of its own", findNotOutlined});
  registerFact({"code", "no op of the dialect is left", findIgnisOp});
  registerFact({"descriptors", "no memref is cast from a pointer", findPointerCast});
}
