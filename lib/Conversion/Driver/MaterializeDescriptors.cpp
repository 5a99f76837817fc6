//===- MaterializeDescriptors.cpp - pointer casts become memref descriptors -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Outlined ops receive raw pointers. Upstream's memref lowering wants descriptors; with static
// shapes they are constants but for the pointer, so nothing of them survives LLVM's first clean-up.

#include "ignis/Conversion/Passes.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"

namespace ignis {
#define GEN_PASS_DEF_MATERIALIZEDESCRIPTORS
#include "ignis/Conversion/Passes.h.inc"
} // namespace ignis

using namespace mlir;

namespace {
struct MaterializeDescriptorsPass
    : ignis::impl::MaterializeDescriptorsBase<MaterializeDescriptorsPass> {
  void runOnOperation() override {
    LLVMTypeConverter converter(&getContext());
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](UnrealizedConversionCastOp op) {
      if (op.getNumOperands() != 1 || op.getNumResults() != 1 ||
          !isa<LLVM::LLVMPointerType>(op.getOperand(0).getType()))
        return;
      auto type = dyn_cast<MemRefType>(op.getResult(0).getType());
      if (!type || !type.hasStaticShape())
        return;
      // A buffer of block types is only ever passed on as a pointer.
      if (op->use_empty()) {
        rewriter.eraseOp(op);
        return;
      }
      rewriter.setInsertionPoint(op);
      Value descriptor = MemRefDescriptor::fromStaticShape(rewriter, op.getLoc(), converter, type,
                                                           op.getOperand(0));
      rewriter.replaceOpWithNewOp<UnrealizedConversionCastOp>(op, TypeRange{type},
                                                              ValueRange{descriptor});
    });
  }
};
} // namespace
