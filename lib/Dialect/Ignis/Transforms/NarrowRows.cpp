//===- NarrowRows.cpp - what is read of the last row alone is computed for it -----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Demand goes backwards from layers that compute the last row: an op whose rows do not depend on
// one another, and whose results only such ops read, is made anew for one row. In prefill that is
// all of the last transformer layer behind its keys and values; the queries, which a group computes
// with those, leave it.

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"
#include "ignis/Support/Remarks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SetVector.h"

namespace ignis {
#define GEN_PASS_DEF_NARROWROWS
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
/// f32 rows on tensors, more than one.
bool hasRows(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 2 && type.getDimSize(0) > 1 && type.getElementType().isF32();
}

/// The ops that one layer of the last row asks for their last row alone, from the back.
llvm::SetVector<Operation *> findNarrow(LinearOp last) {
  llvm::SetVector<Operation *> narrow;
  auto asksForLastRow = [&](OpOperand &use) {
    if (use.getOwner() == last)
      return use == last.getXMutable();
    auto user = dyn_cast<ComputeOpInterface>(use.getOwner());
    return user && narrow.contains(user) && llvm::is_contained(user.getRowInputs(), &use);
  };
  for (Operation *op = last->getPrevNode(); op; op = op->getPrevNode()) {
    auto compute = dyn_cast<ComputeOpInterface>(op);
    if (!compute || op->use_empty() || compute.getRowCount() != last.getRows() ||
        !llvm::all_of(op->getUses(), asksForLastRow))
      continue;
    SmallVector<OpOperand *> inputs = compute.getRowInputs();
    if (!inputs.empty() &&
        llvm::all_of(inputs, [](OpOperand *input) { return hasRows(input->get()); }) &&
        llvm::all_of(op->getResults(), hasRows))
      narrow.insert(op);
  }
  return narrow;
}

/// Makes ops anew for the last row in use.
class Narrower {
public:
  Narrower(RewriterBase &rewriter, func::FuncOp function, Value rows, int64_t mostRows)
      : rewriter(rewriter), function(function), rows(rows), mostRows(mostRows) {}

  void narrow(ComputeOpInterface op) {
    rewriter.setInsertionPoint(op);
    auto clone = cast<ComputeOpInterface>(rewriter.clone(*op));
    rewriter.setInsertionPoint(clone);
    for (OpOperand *input : clone.getRowInputs())
      input->set(lastRow(input->get()));
    if (OpOperand *position = clone.getFirstPosition())
      position->set(lastPosition(position->get()));
    for (OpOperand &init : cast<DestinationStyleOpInterface>(*clone).getDpsInitsMutable())
      init.set(tensor::EmptyOp::create(rewriter, op.getLoc(), rowType(init.get()), ValueRange()));
    clone.clearRowCount();
    for (auto [before, after] : llvm::zip(op->getResults(), clone->getResults())) {
      after.setType(rowType(before));
      lastRows[before] = after;
    }
  }

  void replace(LinearOp last) {
    rewriter.setInsertionPoint(last);
    Value x = lastRow(last.getX());
    rewriter.replaceOpWithNewOp<LinearOp>(last, last->getResultTypes()[0], x, last.getWeight(),
                                          last.getBias(), Value(), last.getOut(), Value(),
                                          RowSelection::All);
  }

private:
  static RankedTensorType rowType(Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    return RankedTensorType::get({1, type.getDimSize(1)}, type.getElementType());
  }

  Value lastRow(Value value) {
    Value &row = lastRows[value];
    if (!row) {
      RankedTensorType type = rowType(value);
      Value out = tensor::EmptyOp::create(rewriter, value.getLoc(), type, ValueRange());
      row = LastRowOp::create(rewriter, value.getLoc(), type, value, out, rows).getResult();
    }
    return row;
  }

  /// The position of the last row, if that of row 0 is `first`.
  Value lastPosition(Value first) {
    Value &position = positions[first];
    if (!position) {
      Location loc = first.getLoc();
      auto constant = [&](int64_t value) { // Where canonicalisation puts it.
        OpBuilder::InsertionGuard guard(rewriter);
        rewriter.setInsertionPointToStart(&function.getBody().front());
        return arith::ConstantIndexOp::create(rewriter, loc, value);
      };
      Value more = rows ? arith::SubIOp::create(rewriter, loc, rows, constant(1)).getResult()
                        : constant(mostRows - 1).getResult();
      position = arith::AddIOp::create(rewriter, loc, first, more);
    }
    return position;
  }

  RewriterBase &rewriter;
  func::FuncOp function;
  Value rows; ///< in use; null: all
  int64_t mostRows;
  DenseMap<Value, Value> lastRows, positions;
};

/// The op, and destinations that nothing else is written to.
void eraseWithDestinations(RewriterBase &rewriter, Operation *op) {
  OperandRange operands = cast<DestinationStyleOpInterface>(op).getDpsInits();
  llvm::SmallSetVector<Value, 2> inits(operands.begin(), operands.end());
  rewriter.eraseOp(op);
  for (Value init : inits)
    if (auto empty = init.getDefiningOp<tensor::EmptyOp>(); empty && empty->use_empty())
      rewriter.eraseOp(empty);
}

/// The copy of the last row into a value of its own that is the only use of a group's result; else
/// null.
LastRowOp onlyUseAsLastRow(OpResult result, Value rows) {
  if (!hasRows(result) || !result.hasOneUse())
    return {};
  OpOperand &use = *result.use_begin();
  auto last = dyn_cast<LastRowOp>(use.getOwner());
  bool reads = last && &use == &last.getXMutable() && last.getRows() == rows;
  return reads && last.getOut().getDefiningOp<tensor::EmptyOp>() ? last : LastRowOp();
}

/// Layers of a group of which the last row alone is read become layers of their own, which compute
/// only that; the others stay together.
void takeApart(RewriterBase &rewriter, LinearGroupOp group) {
  SmallVector<unsigned> together;
  rewriter.setInsertionPoint(group);
  auto biasOf = [&](unsigned i) {
    return group.getBiases().empty() ? Value() : group.getBiases()[i];
  };
  for (OpResult result : group->getResults()) {
    unsigned i = result.getResultNumber();
    LastRowOp last = onlyUseAsLastRow(result, group.getRows());
    if (!last) {
      together.push_back(i);
      continue;
    }
    auto row = cast<RankedTensorType>(last->getResult(0).getType());
    Value out = tensor::EmptyOp::create(rewriter, group.getLoc(), row, ValueRange());
    Value layer =
        LinearOp::create(rewriter, group.getLoc(), row, group.getX(), group.getWeights()[i],
                         biasOf(i), Value(), out, group.getRows(), RowSelection::Last)
            .getResult();
    rewriter.replaceAllUsesWith(last->getResult(0), layer);
    eraseWithDestinations(rewriter, last);
  }
  if (together.size() == group->getNumResults())
    return;
  if (together.size() == 1) {
    unsigned i = together.front();
    rewriter.replaceAllUsesWith(
        group->getResult(i),
        LinearOp::create(rewriter, group.getLoc(), group->getResult(i).getType(), group.getX(),
                         group.getWeights()[i], biasOf(i), Value(), group.getOuts()[i],
                         group.getRows(), RowSelection::All)
            .getResult());
  } else if (!together.empty()) {
    SmallVector<Value> weights, biases, outs;
    SmallVector<Type> types;
    for (unsigned i : together) {
      weights.push_back(group.getWeights()[i]);
      if (Value bias = biasOf(i))
        biases.push_back(bias);
      outs.push_back(group.getOuts()[i]);
      types.push_back(group->getResult(i).getType());
    }
    auto rest = LinearGroupOp::create(rewriter, group.getLoc(), types, group.getX(), weights,
                                      biases, outs, group.getRows());
    for (auto [i, result] : llvm::zip(together, rest.getResults()))
      rewriter.replaceAllUsesWith(group->getResult(i), result);
  }
  eraseWithDestinations(rewriter, group);
}

struct NarrowRowsPass : ignis::impl::NarrowRowsBase<NarrowRowsPass> {
  void runOnOperation() override {
    FusionRemarks remarks("narrow-rows");
    IRRewriter rewriter(&getContext());
    SmallVector<LinearOp> roots;
    getOperation().walk([&](LinearOp linear) {
      if (linear.getSelect() == RowSelection::Last)
        roots.push_back(linear);
    });
    for (LinearOp last : roots) {
      if (!hasRows(last.getX())) {
        (void)remarks.missed(rewriter, last, "its input is not several rows of floats");
        continue;
      }
      SmallVector<Operation *> narrow = findNarrow(last).takeVector();
      if (narrow.empty()) {
        (void)remarks.missed(rewriter, last,
                             "its input has another use, or rows that are not independent");
        continue;
      }
      Narrower narrower(rewriter, getOperation(), last.getRows(),
                        cast<RankedTensorType>(last.getX().getType()).getDimSize(0));
      for (Operation *op : llvm::reverse(narrow)) {
        narrower.narrow(cast<ComputeOpInterface>(op));
        remarks.passed();
      }
      narrower.replace(last);
      for (Operation *op : narrow)
        eraseWithDestinations(rewriter, op);
    }
    SmallVector<LinearGroupOp> groups;
    getOperation().walk([&](LinearGroupOp group) {
      if (isa<RankedTensorType>(group.getX().getType()))
        groups.push_back(group);
    });
    for (LinearGroupOp group : groups)
      takeApart(rewriter, group);
    remarks.emit(getOperation());
  }
};
} // namespace
