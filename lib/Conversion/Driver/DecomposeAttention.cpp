//===- DecomposeAttention.cpp - attention -> cache_write + attend -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The step before barriers are inserted: what crosses threads inside attention becomes visible
// between two ops.

#include "ignis/Conversion/Passes.h"
#include "ignis/Dialect/Ignis/IR/Ignis.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"

namespace ignis {
#define GEN_PASS_DEF_DECOMPOSEATTENTION
#include "ignis/Conversion/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
struct DecomposeAttentionPass : ignis::impl::DecomposeAttentionBase<DecomposeAttentionPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    int64_t split = 0;
    getOperation().walk([&](AttentionOp op) {
      if (op->getNumResults() != 0)
        return; // On tensors the split is a matter of fusion (ignis-fuse-rope-cache).
      rewriter.setInsertionPoint(op);
      CacheWriteOp::create(rewriter, op.getLoc(), TypeRange(), op.getK(), op.getV(),
                           op.getPosition(), op.getKeyCache(), op.getValueCache(), op.getRows(),
                           op.getSequences(), op.getLayerAttr());
      AttendOp::create(rewriter, op.getLoc(), Type(), op.getQ(), op.getKeyCache(),
                       op.getValueCache(), op.getPosition(), op.getOut(), op.getRows(),
                       op.getSequences(), op.getLayerAttr());
      rewriter.eraseOp(op);
      ++split;
    });
    remark::passed(getOperation().getLoc(),
                   remark::RemarkOpts::name("decompose-attention").category("ignis"))
        << remark::metric("split", split);
  }
};
} // namespace
