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
    SmallVector<Value> inputs;
    llvm::DenseSet<Value> seen;
    function.walk([&](LinearOp linear) {
      if (seen.insert(linear.getX()).second)
        inputs.push_back(linear.getX());
    });
    for (Value x : inputs)
      fuse(x);
    remarks.emit(function);
  }

private:
  void fuse(Value x) {
    if (!isa<RankedTensorType>(x.getType()))
      return;
    SmallVector<LinearOp> layers;
    for (Operation *user : x.getUsers())
      if (auto linear = dyn_cast<LinearOp>(user);
          linear && linear.getX() == x && static_cast<bool>(linear.getBias()) == biases)
        layers.push_back(linear);
    if (layers.size() != count)
      return;
    auto missed = [&](StringRef reason) { (void)remarks.missed(rewriter, layers.front(), reason); };
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
    llvm::sort(layers, [](LinearOp a, LinearOp b) { return a->isBeforeInBlock(b); });
    LinearOp first = layers.front();
    SmallVector<Value> weights, biasValues, outs;
    SmallVector<Type> types;
    for (LinearOp linear : layers) {
      weights.push_back(linear.getWeight());
      outs.push_back(linear.getOut());
      types.push_back(linear.getOut().getType());
      if (biases)
        biasValues.push_back(linear.getBias());
    }
    for (Value value : llvm::concat<Value>(weights, biasValues, outs)) {
      Operation *definition = value.getDefiningOp();
      if (!definition || definition->getBlock() != first->getBlock() ||
          definition->isBeforeInBlock(first))
        continue;
      if (!isMovable(value))
        return missed("an operand is made between the layers");
    }
    for (Value value : llvm::concat<Value>(weights, biasValues, outs))
      if (Operation *definition = value.getDefiningOp();
          definition && definition->getBlock() == first->getBlock() &&
          !definition->isBeforeInBlock(first))
        rewriter.moveOpBefore(definition, first);
    rewriter.setInsertionPoint(first);
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
