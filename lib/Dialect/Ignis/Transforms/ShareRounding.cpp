//===- ShareRounding.cpp - explicit rounding of activations, once per value -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Rounding reads a row once and writes a quarter of it; done per value instead of per reader it is
// work saved and one barrier less.

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"

namespace ignis {
#define GEN_PASS_DEF_SHAREROUNDING
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
struct ShareRoundingPass : ignis::impl::ShareRoundingBase<ShareRoundingPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    int64_t rounds = 0, readers = 0;
    // A rounded value is made before its first reader and serves all later ones in the same block.
    DenseMap<std::pair<Value, Value>, Value> rounded;
    for (Block &block : getOperation().getBody()) {
      rounded.clear();
      for (Operation &op : llvm::make_early_inc_range(block)) {
        auto compute = dyn_cast<ComputeOpInterface>(op);
        if (!compute || compute.getActivationBytes() == 0 ||
            !isa<RankedTensorType>(op.getOperand(0).getType()))
          continue;
        Value x = op.getOperand(0), rows = compute.getRowCount();
        Value &shared = rounded[{x, rows}];
        if (!shared) {
          rewriter.setInsertionPoint(&op);
          auto type = RankedTensorType::get(cast<RankedTensorType>(x.getType()).getShape(),
                                            Q8ActType::get(&getContext()));
          Value empty = tensor::EmptyOp::create(rewriter, op.getLoc(), type.getShape(),
                                                type.getElementType());
          shared = RoundOp::create(rewriter, op.getLoc(), type, x, empty, rows).getResult();
          ++rounds;
        }
        ++readers;
        rewriter.modifyOpInPlace(&op, [&] { op.setOperand(0, shared); });
      }
    }
    remark::passed(getOperation().getLoc(),
                   remark::RemarkOpts::name("share-rounding").category("ignis"))
        << remark::metric("rounds", rounds) << remark::metric("readers", readers);
  }
};
} // namespace
