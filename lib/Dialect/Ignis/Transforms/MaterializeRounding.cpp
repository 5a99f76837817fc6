//===- MaterializeRounding.cpp - a buffer for every rounding that is left ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Runs before memory planning, so that rounded rows are planned like all other buffers.

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace ignis {
#define GEN_PASS_DEF_MATERIALIZEROUNDING
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
/// Where a chain of views starts.
Value rootOf(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
    memref = view.getViewSource();
  return memref;
}

bool mayWrite(Operation &op) {
  auto effects = dyn_cast<MemoryEffectOpInterface>(op);
  return effects ? effects.hasEffect<MemoryEffects::Write>() : !isMemoryEffectFree(&op);
}

struct MaterializeRoundingPass : ignis::impl::MaterializeRoundingBase<MaterializeRoundingPass> {
  using MaterializeRoundingBase::MaterializeRoundingBase;

  void runOnOperation() override {
    rounds = readers = 0;
    for (Block &block : getOperation().getBody())
      runOnBlock(block);
    remark::passed(getOperation().getLoc(),
                   remark::RemarkOpts::name("materialize-rounding").category("ignis"))
        << remark::metric("rounds", rounds) << remark::metric("readers", readers);
  }

private:
  /// What has been rounded since it was last written, by the root of the value.
  using Rounded = DenseMap<Value, SmallVector<RoundOp>>;

  void runOnBlock(Block &block) {
    IRRewriter rewriter(&getContext());
    Rounded rounded;
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (auto compute = dyn_cast<ComputeOpInterface>(op))
        if (compute.getActivationBytes() != 0 && isa<MemRefType>(op.getOperand(0).getType()))
          roundInput(rewriter, compute, rounded);
      if (op.getNumRegions())
        rounded.clear(); // Not looked into.
      if (auto dst = dyn_cast<DestinationStyleOpInterface>(op)) {
        for (Value written : dst.getDpsInits())
          rounded.erase(rootOf(written));
      } else if (mayWrite(op)) {
        rounded.clear();
      }
    }
  }

  void roundInput(IRRewriter &rewriter, ComputeOpInterface op, Rounded &rounded) {
    Value x = op->getOperand(0), rows = op.getRowCount();
    ++readers;
    SmallVector<RoundOp> &ofRoot = rounded[rootOf(x)];
    if (share)
      for (RoundOp round : ofRoot)
        if (round.getX() == x && round.getRows() == rows) {
          rewriter.modifyOpInPlace(op, [&] { op->setOperand(0, round.getOut()); });
          return;
        }
    rewriter.setInsertionPoint(op);
    auto type =
        MemRefType::get(cast<MemRefType>(x.getType()).getShape(), Q8ActType::get(&getContext()));
    Value buffer = memref::AllocOp::create(rewriter, op->getLoc(), type);
    auto round = RoundOp::create(rewriter, op->getLoc(), Type(), x, buffer, rows);
    rewriter.modifyOpInPlace(op, [&] { op->setOperand(0, buffer); });
    ofRoot.push_back(round);
    ++rounds;
  }

  int64_t rounds = 0, readers = 0;
};
} // namespace
