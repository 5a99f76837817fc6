//===- MaterializeRounding.cpp - a buffer for every rounding that is left ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Runs before memory planning, so that rounded rows are planned like all other buffers.

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"

namespace ignis {
#define GEN_PASS_DEF_MATERIALIZEROUNDING
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
struct MaterializeRoundingPass : ignis::impl::MaterializeRoundingBase<MaterializeRoundingPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](ComputeOpInterface compute) {
      Operation *op = compute;
      if (!isa<LinearOp, LinearSwigluOp>(op) || compute.getActivationBytes() == 0 ||
          !isa<MemRefType>(op->getOperand(0).getType()))
        return;
      rewriter.setInsertionPoint(op);
      Value x = op->getOperand(0);
      auto type = MemRefType::get(cast<MemRefType>(x.getType()).getShape(), Q8ActType::get(&getContext()));
      Value buffer = memref::AllocOp::create(rewriter, op->getLoc(), type);
      RoundOp::create(rewriter, op->getLoc(), Type(), x, buffer, compute.getRowCount());
      rewriter.modifyOpInPlace(op, [&] { op->setOperand(0, buffer); });
    });
  }
};
} // namespace
