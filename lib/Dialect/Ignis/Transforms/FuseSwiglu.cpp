//===- FuseSwiglu.cpp - silu + mul -> swiglu --------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The other fusion of the published headline (24 matches in a model of 24 layers).

#include "Fusion.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"
#include "ignis/Support/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"

namespace ignis {
#define GEN_PASS_DEF_FUSESWIGLU
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
struct FuseMul : OpRewritePattern<MulOp> {
  FuseMul(MLIRContext *context, FusionRemarks &remarks)
      : OpRewritePattern(context), remarks(remarks) {}

  LogicalResult matchAndRewrite(MulOp mul, PatternRewriter &rewriter) const override {
    if (!isa<RankedTensorType>(mul.getLhs().getType()))
      return remarks.missed(rewriter, mul, "works on tensors, not on buffers");
    // silu(lhs) * rhs, or the product the other way round.
    StringRef reason = "neither factor is a silu";
    for (auto [factor, other] :
         {std::pair(mul.getLhs(), mul.getRhs()), std::pair(mul.getRhs(), mul.getLhs())}) {
      auto silu = factor.getDefiningOp<SiluOp>();
      if (!silu)
        continue;
      if (factor == other || !isOnlyUser(silu, mul)) {
        reason = "the silu has another use";
        continue;
      }
      if (silu.getRows() != mul.getRows()) {
        reason = "rows in use differ";
        continue;
      }
      rewriter.replaceOpWithNewOp<SwigluOp>(mul, mul->getResultTypes(), silu.getX(), other,
                                            destinationOf(mul), mul.getRows());
      rewriter.eraseOp(silu);
      remarks.passed();
      return success();
    }
    return remarks.missed(rewriter, mul, reason);
  }
  FusionRemarks &remarks;
};

struct FuseSwigluPass : ignis::impl::FuseSwigluBase<FuseSwigluPass> {
  void runOnOperation() override {
    if (failed(runFusion<FuseMul>(getOperation(), "fuse-swiglu")))
      signalPassFailure();
  }
};
} // namespace
