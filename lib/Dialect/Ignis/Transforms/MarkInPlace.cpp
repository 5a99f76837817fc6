//===- MarkInPlace.cpp - let elementwise ops overwrite an input that dies ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Bufferization then needs no new buffer; which ops may do so, they say themselves
// (isElementwiseIn).

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"
#include "ignis/Support/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace ignis {
#define GEN_PASS_DEF_MARKINPLACE
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
/// Whether no op of the block reads the value after `op` (or returns it).
bool diesAt(Value value, Operation *op) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    return user == op || (user->getBlock() == op->getBlock() && user->isBeforeInBlock(op));
  });
}

struct MarkInPlacePass : ignis::impl::MarkInPlaceBase<MarkInPlacePass> {
  void runOnOperation() override {
    FusionRemarks remarks("mark-in-place");
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](ComputeOpInterface compute) { mark(rewriter, compute, remarks); });
    remarks.emit(getOperation());
  }

  void mark(IRRewriter &rewriter, ComputeOpInterface compute, FusionRemarks &remarks) {
    auto op = cast<DestinationStyleOpInterface>(compute.getOperation());
    if (op->getNumResults() == 0)
      return;                 // On buffers.
    SmallVector<Value> taken; // Inputs that an output writes over already.
    for (OpOperand *input : op.getDpsInputOperands())
      if (compute.isElementwiseIn(*input) &&
          llvm::is_contained(ValueRange(op.getDpsInits()), input->get()))
        taken.push_back(input->get());
    for (OpOperand &init : op.getDpsInitsMutable())
      if (!llvm::is_contained(taken, init.get()))
        markOutput(rewriter, compute, init, taken, remarks);
  }

  /// Lets one output write over an input that no other one has taken.
  void markOutput(IRRewriter &rewriter, ComputeOpInterface compute, OpOperand &init,
                  SmallVectorImpl<Value> &taken, FusionRemarks &remarks) {
    auto op = cast<DestinationStyleOpInterface>(compute.getOperation());
    StringRef reason;
    for (OpOperand *input : op.getDpsInputOperands()) {
      if (input->get().getType() != init.get().getType() || !compute.isElementwiseIn(*input) ||
          llvm::is_contained(taken, input->get()))
        continue;
      reason = refusal(input->get(), init.get(), op);
      if (!reason.empty())
        continue;
      rewriter.modifyOpInPlace(op, [&] { init.set(input->get()); });
      taken.push_back(input->get());
      remarks.passed();
      return;
    }
    if (!reason.empty())
      (void)remarks.missed(rewriter, op, reason);
  }

  /// Why `op` may not overwrite `value`; empty if it may.
  static StringRef refusal(Value value, Value destination, Operation *op) {
    if (!destination.getDefiningOp<tensor::EmptyOp>())
      return "the destination has a meaning of its own";
    if (!diesAt(value, op))
      return "the input is read later";
    // Caller's memory may be overwritten only where the caller says so.
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
      auto writable = function ? function.getArgAttrOfType<BoolAttr>(argument.getArgNumber(),
                                                                     "bufferization.writable")
                               : BoolAttr();
      if (!writable || !writable.getValue())
        return "the input is an argument that is not bufferization.writable";
    }
    return "";
  }
};
} // namespace
