//===- FuseRmsNorm.cpp - rms_normalize + scale -> rms_norm ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One of the two fusions of the published headline (49 matches in a model of 24 layers).

#include "Fusion.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"
#include "ignis/Support/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"

namespace ignis {
#define GEN_PASS_DEF_FUSERMSNORM
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
struct FuseScale : OpRewritePattern<ScaleOp> {
  FuseScale(MLIRContext *context, FusionRemarks &remarks)
      : OpRewritePattern(context), remarks(remarks) {}

  LogicalResult matchAndRewrite(ScaleOp scale, PatternRewriter &rewriter) const override {
    if (!isa<RankedTensorType>(scale.getX().getType()))
      return remarks.missed(rewriter, scale, "works on tensors, not on buffers");
    auto normalize = scale.getX().getDefiningOp<RmsNormalizeOp>();
    if (!normalize)
      return remarks.missed(rewriter, scale, "input is not an rms_normalize");
    if (!isOnlyUser(normalize, scale))
      return remarks.missed(rewriter, scale, "the normalised rows have another use");
    if (normalize.getRows() != scale.getRows())
      return remarks.missed(rewriter, scale, "rows in use differ");
    rewriter.replaceOpWithNewOp<RmsNormOp>(scale, scale->getResultTypes(), normalize.getX(),
                                           scale.getWeight(), destinationOf(scale), scale.getRows(),
                                           normalize.getEpsAttr());
    rewriter.eraseOp(normalize);
    remarks.passed();
    return success();
  }
  FusionRemarks &remarks;
};

struct FuseRmsNormPass : ignis::impl::FuseRmsNormBase<FuseRmsNormPass> {
  void runOnOperation() override {
    if (failed(runFusion<FuseScale>(getOperation(), "fuse-rms-norm")))
      signalPassFailure();
  }
};
} // namespace
