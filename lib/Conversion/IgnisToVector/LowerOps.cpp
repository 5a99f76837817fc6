//===- LowerOps.cpp - generates the code of the outlined ops ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Walks the functions that ignis-outline-ops made and replaces the op in each by its code.

#include "Lowerings.h"

#include "ignis/Conversion/Passes.h"

#include "../Driver/WorkSharing.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ignis {
#define GEN_PASS_DEF_LOWEROPS
#include "ignis/Conversion/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
struct LowerOpsPass : ignis::impl::LowerOpsBase<LowerOpsPass> {
  using LowerOpsBase::LowerOpsBase;

  void runOnOperation() override {
    TileShapes tiles;
    if (isa == "avx2" || isa == "neon") {
      // 16 registers of 8 lanes, or 32 of 4: six accumulators of 16 lanes beside operands.
      tiles.elementwiseLanes = 16;
      tiles.accumulators = 6;
      tiles.attentionRows = 6;
    } else if (isa != "avx512") {
      getOperation().emitError() << "unknown isa '" << isa << "', expected avx512, avx2 or neon";
      return signalPassFailure();
    }
    declareWorkSharing(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr(kOutlinedAttr))
        continue;
      ComputeOpInterface op;
      function.walk([&](ComputeOpInterface found) { op = found; });
      if (!op)
        continue;
      auto terminator = cast<func::ReturnOp>(function.getBody().front().getTerminator());
      OpBuilder builder(op);
      Emitter emitter(op.getLoc(), builder, function.getArgument(0), function.getArgument(1),
                      tiles);
      emitter.setInsertionPoint(op);
      FailureOr<Value> chunks = lowerComputeOp(emitter, op);
      if (failed(chunks))
        return signalPassFailure();
      terminator->setOperand(0, *chunks);
      op->erase();
    }
  }
};
} // namespace
