//===- IgnisCanonicalize.cpp - canonical forms ------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A row count that says no more than the shape is dropped, so that equal ops look equal.

#include "ignis/Dialect/Ignis/IR/Ignis.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace ignis;

namespace {
/// `rows(%c)` with a constant c that is the largest number of rows, or any count of a one-row op:
/// all rows are in use.
template <typename Op> struct DropFullRowCount : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    Value count = op.getRowCount();
    if (!count)
      return rewriter.notifyMatchFailure(op, "has no row count");
    int64_t most = cast<ShapedType>(op->getOperand(0).getType()).getDimSize(0);
    APInt constant;
    if (most != 1 &&
        (!matchPattern(count, m_ConstantInt(&constant)) || constant.getSExtValue() != most))
      return rewriter.notifyMatchFailure(op, "row count is not known to be the number of rows");
    rewriter.modifyOpInPlace(op, [&] { op.clearRowCount(); });
    return success();
  }
};
} // namespace

#define IGNIS_CANONICALIZE(OP)                                                                     \
  void OP::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {        \
    patterns.add<DropFullRowCount<OP>>(context);                                                   \
  }
IGNIS_CANONICALIZE(EmbedOp)
IGNIS_CANONICALIZE(LastRowOp)
IGNIS_CANONICALIZE(RmsNormalizeOp)
IGNIS_CANONICALIZE(ScaleOp)
IGNIS_CANONICALIZE(RmsNormOp)
IGNIS_CANONICALIZE(AddRmsNormOp)
IGNIS_CANONICALIZE(RoundOp)
IGNIS_CANONICALIZE(LinearOp)
IGNIS_CANONICALIZE(LinearGroupOp)
IGNIS_CANONICALIZE(LinearSwigluOp)
IGNIS_CANONICALIZE(RopeOp)
IGNIS_CANONICALIZE(AttentionOp)
IGNIS_CANONICALIZE(CacheWriteOp)
IGNIS_CANONICALIZE(RopeCacheOp)
IGNIS_CANONICALIZE(AttendOp)
IGNIS_CANONICALIZE(AddOp)
IGNIS_CANONICALIZE(MulOp)
IGNIS_CANONICALIZE(SiluOp)
IGNIS_CANONICALIZE(SwigluOp)
