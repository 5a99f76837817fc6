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
    if (op.getNumDpsInits() != 1 || !op.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>())
      return; // A destination that means something stays.
    OpOperand &init = *op.getDpsInitOperand(0);
    for (OpOperand *input : op.getDpsInputOperands()) {
      Value value = input->get();
      if (value.getType() != init.get().getType() || !compute.isElementwiseIn(*input) ||
          !diesAt(value, op))
        continue;
      // Caller's memory may be overwritten only where the caller says so.
      if (auto argument = dyn_cast<BlockArgument>(value)) {
        auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
        auto writable = function ? function.getArgAttrOfType<BoolAttr>(argument.getArgNumber(),
                                                                       "bufferization.writable")
                                 : BoolAttr();
        if (!writable || !writable.getValue())
          continue;
      }
      rewriter.modifyOpInPlace(op, [&] { init.set(value); });
      remarks.passed();
      return;
    }
  }
};
} // namespace
