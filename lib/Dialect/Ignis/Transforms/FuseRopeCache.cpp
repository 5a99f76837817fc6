//===- FuseRopeCache.cpp - rope of k + attention -> rope_cache + attend -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Rotated keys go straight to their cache, without a row in between.

#include "Fusion.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"
#include "ignis/Support/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace ignis {
#define GEN_PASS_DEF_FUSEROPECACHE
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
struct FuseAttention : OpRewritePattern<AttentionOp> {
  FuseAttention(MLIRContext *context, FusionRemarks &remarks)
      : OpRewritePattern(context), remarks(remarks) {}

  LogicalResult matchAndRewrite(AttentionOp attention, PatternRewriter &rewriter) const override {
    if (!isa<RankedTensorType>(attention.getQ().getType()))
      return remarks.missed(rewriter, attention, "works on tensors, not on buffers");
    auto rope = attention.getK().getDefiningOp<RopeOp>();
    if (!rope)
      return remarks.missed(rewriter, attention, "the keys are not made by a rope");
    if (!rope->hasOneUse())
      return remarks.missed(rewriter, attention, "the rope has another use");
    if (rope.getPosition() != attention.getPosition())
      return remarks.missed(rewriter, attention, "positions differ");
    if (rope.getRows() != attention.getRows())
      return remarks.missed(rewriter, attention, "rows in use differ");
    int64_t headSize = CacheShape(attention.getValueCache()).headSize;
    if (cast<ShapedType>(rope.getTable().getType()).getDimSize(1) != headSize)
      return remarks.missed(rewriter, attention, "the table's width is not the cache's head size");
    auto write = RopeCacheOp::create(
        rewriter, attention.getLoc(),
        TypeRange{attention.getKeyCache().getType(), attention.getValueCache().getType()},
        rope.getX(), attention.getV(), rope.getTable(), attention.getPosition(),
        attention.getKeyCache(), attention.getValueCache(), attention.getRows(),
        attention.getSequences(), attention.getLayerAttr());
    auto attend = AttendOp::create(rewriter, attention.getLoc(), attention->getResultTypes()[0],
                                   attention.getQ(), write->getResult(0), write->getResult(1),
                                   attention.getPosition(), attention.getOut(), attention.getRows(),
                                   attention.getSequences(), attention.getLayerAttr());
    rewriter.replaceOp(attention, {attend->getResult(0), write->getResult(0), write->getResult(1)});
    rewriter.eraseOp(rope);
    remarks.passed();
    return success();
  }
  FusionRemarks &remarks;
};

struct FuseRopeCachePass : ignis::impl::FuseRopeCacheBase<FuseRopeCachePass> {
  void runOnOperation() override {
    if (failed(runFusion<FuseAttention>(getOperation(), "fuse-rope-cache")))
      signalPassFailure();
  }
};
} // namespace
