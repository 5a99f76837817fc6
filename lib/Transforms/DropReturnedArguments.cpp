//===- DropReturnedArguments.cpp - results that the caller has already ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Entry points of compiled modules return nothing: what they compute is in the buffers they were
// given.

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseSet.h"

namespace ignis {
#define GEN_PASS_DEF_DROPRETURNEDARGUMENTS
#include "ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;

namespace {
struct DropReturnedArgumentsPass
    : ignis::impl::DropReturnedArgumentsBase<DropReturnedArgumentsPass> {
  void runOnOperation() override {
    // Most ops are of two dialects that neither call a function nor take its address. A symbol of
    // the same name in a nested module counts as well.
    DenseSet<StringAttr> used;
    getOperation().walk([&](Operation *op) {
      bool names = !isa_and_nonnull<ignis::IgnisDialect, arith::ArithDialect>(op->getDialect()) ||
                   !op->getDiscardableAttrs().empty();
      if (names && op != getOperation())
        op->getAttrDictionary().walk(
            [&](SymbolRefAttr symbol) { used.insert(symbol.getRootReference()); });
    });
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && !used.contains(function.getSymNameAttr()))
        drop(function);
  }

  static void drop(func::FuncOp function) {
    SmallVector<func::ReturnOp> returns;
    function.walk([&](func::ReturnOp op) { returns.push_back(op); });
    llvm::BitVector dropped(function.getNumResults());
    for (unsigned i = 0; i < function.getNumResults(); ++i) {
      if (!isa<BaseMemRefType>(function.getResultTypes()[i]))
        continue;
      auto argument = returns.empty() ? BlockArgument()
                                      : dyn_cast<BlockArgument>(returns.front().getOperand(i));
      dropped[i] =
          argument && argument.getOwner() == &function.getBody().front() &&
          llvm::all_of(returns, [&](func::ReturnOp op) { return op.getOperand(i) == argument; });
    }
    if (dropped.none())
      return;
    for (func::ReturnOp op : returns)
      op->eraseOperands(dropped);
    (void)function.eraseResults(dropped);
  }
};
} // namespace
