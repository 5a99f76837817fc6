//===- FuseAddRmsNorm.cpp - add + rms_norm -> add_rms_norm ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The norm reads the sum while it still is in the first-level cache, and a barrier goes.

#include "Fusion.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"
#include "ignis/Support/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace ignis {
#define GEN_PASS_DEF_FUSEADDRMSNORM
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
/// Whether `op`, which stands behind `add` in its block, comes before all other users of the sum.
bool isFirstUser(Operation *op, AddOp add) {
  return llvm::all_of(add->getUsers(), [&](Operation *user) {
    Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*user);
    // No ancestor: the user is in a block that this one leads to.
    return !ancestor || ancestor == op || op->isBeforeInBlock(ancestor);
  });
}

struct FuseNorm : OpRewritePattern<RmsNormOp> {
  FuseNorm(MLIRContext *context, FusionRemarks &remarks)
      : OpRewritePattern(context), remarks(remarks) {}

  LogicalResult matchAndRewrite(RmsNormOp norm, PatternRewriter &rewriter) const override {
    if (!isa<RankedTensorType>(norm.getX().getType()))
      return remarks.missed(rewriter, norm, "works on tensors, not on buffers");
    auto add = norm.getX().getDefiningOp<AddOp>();
    if (!add)
      return remarks.missed(rewriter, norm, "input is not an add");
    if (add->getBlock() != norm->getBlock())
      return remarks.missed(rewriter, norm, "the add is in another block");
    if (add.getRows() != norm.getRows())
      return remarks.missed(rewriter, norm, "rows in use differ");
    if (!isFirstUser(norm, add))
      return remarks.missed(rewriter, norm, "the sum is used before the norm");
    // A norm in place of a sum that nobody else reads goes where the sum would have gone.
    Value out = norm.getOut() == add.getResult() ? add.getOut() : norm.getOut();
    Type type = add.getResult().getType();
    auto fused = AddRmsNormOp::create(rewriter, norm.getLoc(), TypeRange{type, type}, add.getLhs(),
                                      add.getRhs(), norm.getWeight(), add.getOut(), out,
                                      norm.getRows(), norm.getEpsAttr());
    rewriter.replaceOp(norm, fused->getResult(1));
    rewriter.replaceOp(add, fused->getResult(0));
    remarks.passed();
    return success();
  }
  FusionRemarks &remarks;
};

struct FuseAddRmsNormPass : ignis::impl::FuseAddRmsNormBase<FuseAddRmsNormPass> {
  void runOnOperation() override {
    if (failed(runFusion<FuseNorm>(getOperation(), "fuse-add-rms-norm")))
      signalPassFailure();
  }
};
} // namespace
