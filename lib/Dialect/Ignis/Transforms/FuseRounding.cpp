//===- FuseRounding.cpp - ops write rounded rows themselves -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Rows are rounded where they are made, while they are in the first-level cache, and by the thread
// that made them, so that no barrier stands between.

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"
#include "ignis/Support/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"

namespace ignis {
#define GEN_PASS_DEF_FUSEROUNDING
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
/// Whether `op` writes all of the buffer that is in use, `rows` (null: all) of it, and reads none.
bool overwrites(ComputeOpInterface op, Value buffer, Value rows) {
  auto dst = cast<DestinationStyleOpInterface>(op.getOperation());
  return llvm::is_contained(ValueRange(dst.getDpsInits()), buffer) &&
         llvm::none_of(dst.getDpsInputs(), [&](Value input) { return input == buffer; }) &&
         (!op.getRowCount() || op.getRowCount() == rows);
}

/// Whether only ops of the dialect use the buffer, and not through views, in the block of `op`.
bool isUsedPlainly(Value buffer, Operation *op) {
  return llvm::all_of(buffer.getUsers(), [&](Operation *user) {
    return isa<ComputeOpInterface>(user) && user->getBlock() == op->getBlock();
  });
}

/// Whether nobody outside the function looks at the buffer: an allocation, or an argument that is
/// planned with the allocations.
bool isPrivate(Value buffer) {
  if (buffer.getDefiningOp<memref::AllocOp>())
    return true;
  auto argument = dyn_cast<BlockArgument>(buffer);
  auto function = argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()) : nullptr;
  return function && function.getArgAttr(argument.getArgNumber(), kPlannedAttr);
}

struct FuseRoundingPass : ignis::impl::FuseRoundingBase<FuseRoundingPass> {
  void runOnOperation() override {
    FusionRemarks remarks("fuse-rounding");
    IRRewriter rewriter(&getContext());
    for (Block &block : getOperation().getBody())
      for (RoundOp round : llvm::make_early_inc_range(block.getOps<RoundOp>()))
        if (StringRef reason = fuse(rewriter, round); reason.empty())
          remarks.passed();
        else
          (void)remarks.missed(rewriter, round, reason);
    remarks.emit(getOperation());
  }

  /// Why not; empty if done.
  static StringRef fuse(RewriterBase &rewriter, RoundOp round) {
    Value from = round.getX();
    auto to = round.getOut().getDefiningOp<memref::AllocOp>();
    if (!isPrivate(from) || !to)
      return "the rows or the rounded rows are not memory of the function that is to be planned";
    if (!isUsedPlainly(from, round) || !isUsedPlainly(to, round))
      return "the rows are used through a view, by a foreign op or in another block";
    // The ops before and after the round that use the rows.
    Operation *producer = nullptr, *next = nullptr;
    for (Operation *user : from.getUsers()) {
      if (user->isBeforeInBlock(round) && (!producer || producer->isBeforeInBlock(user)))
        producer = user;
      if (round->isBeforeInBlock(user) && (!next || user->isBeforeInBlock(next)))
        next = user;
    }
    auto compute = dyn_cast_or_null<ComputeOpInterface>(producer);
    if (!compute)
      return "no op of the dialect makes the rows";
    auto dst = cast<DestinationStyleOpInterface>(producer);
    OpOperand *init = nullptr;
    for (OpOperand &operand : dst.getDpsInitsMutable())
      if (operand.get() == from)
        init = &operand;
    if (!init || (next && !overwrites(cast<ComputeOpInterface>(next), from, round.getRows())))
      return "the rows have another reader";
    if (!compute.canRound(*init))
      return "the op that makes the rows does not round";
    if (compute.getRowCount() != round.getRows())
      return "rows in use differ";
    if (llvm::any_of(to->getUsers(), [&](Operation *user) { return user->isBeforeInBlock(round); }))
      return "the rounded rows' buffer is used before";
    // Made anew and not moved: moving makes the block number all its ops again.
    rewriter.setInsertionPoint(producer);
    Value early = rewriter.clone(*to)->getResult(0);
    rewriter.replaceOp(to, early);
    rewriter.modifyOpInPlace(producer, [&] { init->set(early); });
    rewriter.eraseOp(round);
    if (auto unused = from.getDefiningOp<memref::AllocOp>(); unused && unused->use_empty())
      rewriter.eraseOp(unused);
    return "";
  }
};
} // namespace
