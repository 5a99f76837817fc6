//===- GroupLinears.cpp - a pass of one's own, in a plugin ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// `example-group-linears`: all linear layers that read one value become one linear_group, however
// many there are. It does in one pass what ignis-fuse-qkv (three, with biases) and
// ignis-fuse-gate-up (two, without) do in two.
//
// What a plugin needs is here: the pass, a fact that can be checked, a contract that speaks of it,
// and mlirGetPassPluginInfo.

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Pipelines/Contracts.h"
#include "ignis/Support/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace ignis;

namespace {
using Layers = SmallVector<LinearOp>;

/// Whether two layers that read one value may be parts of one op.
bool belongTogether(LinearOp a, LinearOp b) {
  auto element = [](LinearOp linear) {
    return cast<ShapedType>(linear.getWeight().getType()).getElementType();
  };
  return a->getBlock() == b->getBlock() &&
         static_cast<bool>(a.getBias()) == static_cast<bool>(b.getBias()) &&
         a.getRows() == b.getRows() && element(a) == element(b);
}

/// Groups of at least two layers on tensors, each in the order of the text.
SmallVector<Layers> findGroups(Operation *root) {
  llvm::MapVector<Value, SmallVector<Layers>> byInput;
  root->walk([&](LinearOp linear) {
    if (!isa<RankedTensorType>(linear.getX().getType()) || linear.getResidual() ||
        linear.getSelect() != RowSelection::All)
      return;
    SmallVector<Layers> &groups = byInput[linear.getX()];
    for (Layers &layers : groups)
      if (belongTogether(layers.front(), linear)) {
        layers.push_back(linear);
        return;
      }
    groups.push_back({linear});
  });
  SmallVector<Layers> result;
  for (auto &entry : byInput)
    for (Layers &layers : entry.second)
      if (layers.size() > 1)
        result.push_back(layers);
  return result;
}

struct GroupLinearsPass : PassWrapper<GroupLinearsPass, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(GroupLinearsPass)

  StringRef getArgument() const final { return "example-group-linears"; }
  StringRef getDescription() const final {
    return "all linear layers that read one value become one linear_group";
  }

  void runOnOperation() final {
    FusionRemarks remarks("group-linears");
    IRRewriter rewriter(&getContext());
    for (Layers &layers : findGroups(getOperation()))
      fuse(layers, rewriter, remarks);
    remarks.emit(getOperation());
  }

private:
  static void fuse(Layers &layers, IRRewriter &rewriter, FusionRemarks &remarks) {
    LinearOp first = layers.front();
    SmallVector<Value> weights, biases, outs;
    SmallVector<Type> types;
    for (LinearOp linear : layers) {
      weights.push_back(linear.getWeight());
      outs.push_back(linear.getOut());
      types.push_back(linear.getOut().getType());
      if (linear.getBias())
        biases.push_back(linear.getBias());
    }
    // The group stands where the first layer stood, so what the others read must move before it.
    SmallVector<Operation *> late;
    for (Value value : llvm::concat<Value>(weights, biases, outs)) {
      Operation *definition = value.getDefiningOp();
      if (!definition || definition->getBlock() != first->getBlock() ||
          definition->isBeforeInBlock(first))
        continue;
      if (!isa<WeightOp, tensor::EmptyOp>(definition) || definition->getNumOperands() != 0) {
        (void)remarks.missed(rewriter, first, "an operand is made between the layers");
        return;
      }
      late.push_back(definition);
    }
    for (Operation *definition : late)
      rewriter.moveOpBefore(definition, first);
    rewriter.setInsertionPoint(first);
    auto group = LinearGroupOp::create(rewriter, first.getLoc(), types, first.getX(), weights,
                                       biases, outs, first.getRows());
    for (auto [linear, result] : llvm::zip(layers, group.getResults()))
      rewriter.replaceOp(linear, result);
    remarks.passed();
  }
};

void registerPlugin() {
  PassRegistration<GroupLinearsPass>();
  // A pass of somebody else may now require that layers stand in groups, and an order in which they
  // do not is refused before it runs.
  registerFact({"grouped", "no two linear layers that could be one linear_group read one value",
                [](Operation *root) -> Operation * {
                  SmallVector<Layers> groups = findGroups(root);
                  return groups.empty() ? nullptr : groups.front().front().getOperation();
                }});
  registerContract("example-group-linears", /*required=*/"tensors", /*established=*/"grouped",
                   /*invalidated=*/"");
}
} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "group-linears", "1", registerPlugin};
}
