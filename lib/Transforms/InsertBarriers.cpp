//===- InsertBarriers.cpp - barriers where data crosses threads -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Runs after planning, because a buffer's place decides what it may meet.

#include "ignis/Analysis/Barriers.h"
#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

namespace ignis {
#define GEN_PASS_DEF_INSERTBARRIERS
#include "ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
struct InsertBarriersPass : ignis::impl::InsertBarriersBase<InsertBarriersPass> {
  void runOnOperation() override {
    int64_t inserted = 0;
    for (Block &block : getOperation().getBody())
      for (Operation *op : findMissingBarriers(block)) {
        OpBuilder builder(op);
        BarrierOp::create(builder, op->getLoc());
        ++inserted;
      }
    if (!getOperation().isExternal())
      remark::passed(getOperation().getLoc(), remark::RemarkOpts::name("insert-barriers")
                                                  .category("ignis")
                                                  .function(getOperation().getName()))
          << remark::metric("barriers", inserted);
  }
};
} // namespace
