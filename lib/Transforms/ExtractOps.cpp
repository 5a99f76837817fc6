//===- ExtractOps.cpp - a few ops of a function as a module of their own ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// For reduction: which ops show that a pass is wrong?

#include "ignis/Transforms/ExtractOps.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"

#include <vector>

using namespace mlir;

namespace {
class Extraction {
public:
  Extraction(func::FuncOp function, llvm::ArrayRef<int64_t> indices) : function(function) {
    std::vector<Operation *> all;
    for (Operation &op : function.getBody().front())
      all.push_back(&op);
    for (int64_t index : indices)
      if (index >= 0 && index < static_cast<int64_t>(all.size()) &&
          !all[static_cast<size_t>(index)]->hasTrait<OpTrait::IsTerminator>())
        kept.insert(all[static_cast<size_t>(index)]);
    for (Operation *op : all)
      if (kept.count(op))
        for (Value operand : op->getOperands())
          if (Operation *definition = operand.getDefiningOp(); definition && comesAlong(definition))
            kept.insert(definition);
    for (Operation *op : all)
      if (kept.count(op))
        order.push_back(op);
  }

  OwningOpRef<ModuleOp> run() {
    OpBuilder builder(function.getContext());
    Location loc = function.getLoc();
    OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
    llvm::SetVector<Value> inputs, outputs;
    for (Operation *op : order) {
      for (Value operand : op->getOperands())
        if (!operand.getDefiningOp() || !kept.count(operand.getDefiningOp()))
          inputs.insert(operand);
      for (Value result : op->getResults())
        if (isa<TensorType>(result.getType()) && op->getNumOperands() != 0 &&
            (result.use_empty() ||
             llvm::any_of(result.getUsers(), [&](Operation *user) { return !kept.count(user); })))
          outputs.insert(result);
    }
    SmallVector<Type> types, resultTypes;
    for (Value value : inputs)
      types.push_back(value.getType());
    for (Value value : outputs)
      resultTypes.push_back(value.getType());
    builder.setInsertionPointToEnd(module->getBody());
    auto made = func::FuncOp::create(builder, loc, function.getName(),
                                     builder.getFunctionType(types, resultTypes));
    Block *body = made.addEntryBlock();
    builder.setInsertionPointToEnd(body);
    IRMapping mapping;
    for (auto [i, value] : llvm::enumerate(inputs)) {
      mapping.map(value, body->getArgument(i));
      auto argument = dyn_cast<BlockArgument>(value);
      if (!argument)
        continue;
      // Roles and places in the arena belong to entry points; whether it may be written stays.
      StringRef writable = "bufferization.writable";
      if (Attribute attribute = function.getArgAttr(argument.getArgNumber(), writable))
        made.setArgAttr(i, writable, attribute);
    }
    for (Operation *op : order)
      builder.clone(*op, mapping);
    SmallVector<Value> results;
    for (Value value : outputs)
      results.push_back(mapping.lookup(value));
    func::ReturnOp::create(builder, loc, results);
    return module;
  }

private:
  bool comesAlong(Operation *op) const {
    if (op->getNumOperands() != 0 || op->getNumRegions() != 0)
      return false;
    if (isa<memref::AllocOp>(op))
      return llvm::all_of(op->getUsers(), [&](Operation *user) { return kept.count(user) != 0; });
    return true;
  }

  func::FuncOp function;
  llvm::SmallPtrSet<Operation *, 32> kept;
  std::vector<Operation *> order;
};
} // namespace

OwningOpRef<ModuleOp> ignis::extractOps(func::FuncOp function, llvm::ArrayRef<int64_t> indices) {
  return Extraction(function, indices).run();
}
