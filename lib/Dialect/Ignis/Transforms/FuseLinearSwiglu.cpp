//===- FuseLinearSwiglu.cpp - linear gate + linear up + swiglu -> linear_swiglu ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Gate and up rows never leave the cache: each chunk of columns computes both products and their
// activation.

#include "Fusion.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"
#include "ignis/Support/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace ignis {
#define GEN_PASS_DEF_FUSELINEARSWIGLU
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
struct FuseSwigluOp : OpRewritePattern<SwigluOp> {
  FuseSwigluOp(MLIRContext *context, FusionRemarks &remarks)
      : OpRewritePattern(context), remarks(remarks) {}

  LogicalResult matchAndRewrite(SwigluOp swiglu, PatternRewriter &rewriter) const override {
    if (!isa<RankedTensorType>(swiglu.getLhs().getType()))
      return remarks.missed(rewriter, swiglu, "works on tensors, not on buffers");
    auto gate = swiglu.getLhs().getDefiningOp<LinearOp>(),
         up = swiglu.getRhs().getDefiningOp<LinearOp>();
    if (!gate || !up)
      return remarks.missed(rewriter, swiglu, "gate and up are not both linear layers");
    if (gate == up || !isOnlyUser(gate, swiglu) || !isOnlyUser(up, swiglu))
      return remarks.missed(rewriter, swiglu, "gate or up has another use");
    if (gate.getX() != up.getX())
      return remarks.missed(rewriter, swiglu, "gate and up read different values");
    if (gate.getWeight().getType() != up.getWeight().getType())
      return remarks.missed(rewriter, swiglu, "the weights of gate and up differ in type");
    if (gate.getBias() || up.getBias() || gate.getResidual() || up.getResidual())
      return remarks.missed(rewriter, swiglu, "gate or up has a bias or a residual");
    if (gate.getSelect() != RowSelection::All || up.getSelect() != RowSelection::All)
      return remarks.missed(rewriter, swiglu, "gate or up computes the last row alone");
    if (gate.getRows() != up.getRows() || gate.getRows() != swiglu.getRows())
      return remarks.missed(rewriter, swiglu, "rows in use differ");
    rewriter.replaceOpWithNewOp<LinearSwigluOp>(swiglu, swiglu->getResultTypes()[0], gate.getX(),
                                                gate.getWeight(), up.getWeight(),
                                                destinationOf(swiglu), swiglu.getRows());
    rewriter.eraseOp(gate);
    rewriter.eraseOp(up);
    remarks.passed();
    return success();
  }
  FusionRemarks &remarks;
};

struct FuseLinearSwigluPass : ignis::impl::FuseLinearSwigluBase<FuseLinearSwigluPass> {
  void runOnOperation() override {
    if (failed(runFusion<FuseSwigluOp>(getOperation(), "fuse-linear-swiglu")))
      signalPassFailure();
  }
};
} // namespace
