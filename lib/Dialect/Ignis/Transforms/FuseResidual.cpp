//===- FuseResidual.cpp - linear + add -> linear with a residual ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The sum is made where the product still is in registers.

#include "Fusion.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"
#include "ignis/Support/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace ignis {
#define GEN_PASS_DEF_FUSERESIDUAL
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
struct FuseAdd : OpRewritePattern<AddOp> {
  FuseAdd(MLIRContext *context, FusionRemarks &remarks)
      : OpRewritePattern(context), remarks(remarks) {}

  LogicalResult matchAndRewrite(AddOp add, PatternRewriter &rewriter) const override {
    if (!isa<RankedTensorType>(add.getLhs().getType()))
      return remarks.missed(rewriter, add, "works on tensors, not on buffers");
    // The later of the two if both are linear layers, so that the other one comes before it.
    auto linear = add.getRhs().getDefiningOp<LinearOp>();
    Value residual = add.getLhs();
    auto other = add.getLhs().getDefiningOp<LinearOp>();
    if (other &&
        (!linear || (linear->getBlock() == other->getBlock() && linear->isBeforeInBlock(other)))) {
      linear = other;
      residual = add.getRhs();
    }
    if (!linear)
      return remarks.missed(rewriter, add, "no operand is a linear layer");
    if (add.getLhs() == add.getRhs() || !isOnlyUser(linear, add))
      return remarks.missed(rewriter, add, "the linear layer has another use");
    if (linear.getResidual())
      return remarks.missed(rewriter, add, "the linear layer has a residual already");
    if (linear.getSelect() != RowSelection::All)
      return remarks.missed(rewriter, add, "the linear layer computes the last row alone");
    if (linear.getRows() != add.getRows())
      return remarks.missed(rewriter, add, "rows in use differ");
    rewriter.replaceOpWithNewOp<LinearOp>(add, add->getResultTypes()[0], linear.getX(),
                                          linear.getWeight(), linear.getBias(), residual,
                                          destinationOf(add), add.getRows(), RowSelection::All);
    rewriter.eraseOp(linear);
    remarks.passed();
    return success();
  }
  FusionRemarks &remarks;
};

struct FuseResidualPass : ignis::impl::FuseResidualBase<FuseResidualPass> {
  void runOnOperation() override {
    if (failed(runFusion<FuseAdd>(getOperation(), "fuse-residual")))
      signalPassFailure();
  }
};
} // namespace
