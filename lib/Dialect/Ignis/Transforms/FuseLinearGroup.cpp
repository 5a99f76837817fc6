//===- FuseLinearGroup.cpp - sibling linear layers -> linear_group ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// q, k and v, or gate and up: layers that read the same rows share one op and its chunks.

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"
#include "ignis/Support/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

namespace ignis {
#define GEN_PASS_DEF_FUSEGATEUP
#define GEN_PASS_DEF_FUSEQKV
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
/// Whether `op` needs no operands, so that it can move anywhere before its users.
bool isMovable(Value value) {
  Operation *op = value.getDefiningOp();
  return op && isa<WeightOp, tensor::EmptyOp>(op) && op->getNumOperands() == 0;
}

class GroupFusion {
public:
  GroupFusion(func::FuncOp function, StringRef name, unsigned count, bool biases)
      : function(function), rewriter(function.getContext()), remarks(name), count(count),
        biases(biases) {}

  void run() {
    // By input, in the order of the text.
    llvm::MapVector<Value, SmallVector<LinearOp>> readers;
    function.walk([&](LinearOp linear) {
      if (static_cast<bool>(linear.getBias()) == biases)
        readers[linear.getX()].push_back(linear);
    });
    for (auto &entry : readers)
      fuse(entry.second);
    remarks.emit(function);
  }

private:
  void fuse(MutableArrayRef<LinearOp> layers) {
    Value x = layers.front().getX(); // May be made by a group that was fused meanwhile.
    auto missed = [&](StringRef reason) { (void)remarks.missed(rewriter, layers.front(), reason); };
    if (!isa<RankedTensorType>(x.getType()))
      return missed("works on tensors, not on buffers");
    if (layers.size() != count)
      return missed(
          llvm::formatv("{0} such layers read the value, expected {1}", layers.size(), count)
              .str());
    for (LinearOp linear : layers) {
      if (linear->getBlock() != layers.front()->getBlock())
        return missed("the layers are in different blocks");
      if (linear.getResidual() || linear.getSelect() != RowSelection::All)
        return missed("a layer has a residual or computes the last row alone");
      if (linear.getRows() != layers.front().getRows())
        return missed("rows in use differ");
      if (cast<ShapedType>(linear.getWeight().getType()).getElementType() !=
          cast<ShapedType>(layers.front().getWeight().getType()).getElementType())
        return missed("the weights differ in element type");
    }
    LinearOp first = layers.front();
    auto isLate = [&](Value value) {
      Operation *definition = value.getDefiningOp();
      return definition && definition->getBlock() == first->getBlock() &&
             !definition->isBeforeInBlock(first);
    };
    for (LinearOp linear : layers)
      if (llvm::any_of(linear->getOperands(),
                       [&](Value value) { return isLate(value) && !isMovable(value); }))
        return missed("an operand is made between the layers");
    // Made anew and not moved: moving makes the block number all its ops again.
    rewriter.setInsertionPoint(first);
    auto makeEarlier = [&](Value value) {
      if (value && isLate(value))
        rewriter.replaceOp(value.getDefiningOp(), rewriter.clone(*value.getDefiningOp()));
    };
    for (LinearOp linear : layers)
      makeEarlier(linear.getWeight());
    for (LinearOp linear : layers)
      makeEarlier(linear.getBias());
    for (LinearOp linear : layers)
      makeEarlier(linear.getOut());
    SmallVector<Value> weights, biasValues, outs;
    SmallVector<Type> types;
    for (LinearOp linear : layers) {
      weights.push_back(linear.getWeight());
      outs.push_back(linear.getOut());
      types.push_back(linear.getOut().getType());
      if (biases)
        biasValues.push_back(linear.getBias());
    }
    auto group = LinearGroupOp::create(rewriter, first.getLoc(), types, x, weights, biasValues,
                                       outs, first.getRows());
    for (auto [linear, result] : llvm::zip(layers, group.getResults()))
      rewriter.replaceOp(linear, result);
    remarks.passed();
  }

  func::FuncOp function;
  IRRewriter rewriter;
  FusionRemarks remarks;
  unsigned count;
  bool biases;
};

struct FuseGateUpPass : ignis::impl::FuseGateUpBase<FuseGateUpPass> {
  void runOnOperation() override { GroupFusion(getOperation(), "fuse-gate-up", 2, false).run(); }
};

struct FuseQKVPass : ignis::impl::FuseQKVBase<FuseQKVPass> {
  void runOnOperation() override { GroupFusion(getOperation(), "fuse-qkv", 3, true).run(); }
};
} // namespace
