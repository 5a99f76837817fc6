//===- FunctionsToLLVM.cpp - functions of LLVM types become llvm.func -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Outlined functions and kernels have LLVM's types already, so one walk does: bodies move over.
// Functions of other types, of modules that somebody else made, go through upstream's conversion.

#include "ignis/Conversion/Passes.h"

#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Transforms/DialectConversion.h"
#include "llvm/ADT/StringMap.h"

namespace ignis {
#define GEN_PASS_DEF_FUNCTIONSTOLLVM
#include "ignis/Conversion/Passes.h.inc"
} // namespace ignis

using namespace mlir;

namespace {
constexpr llvm::StringLiteral kLinkageAttr = "llvm.linkage";

bool isOfLLVMTypes(func::FuncOp function) {
  return function.getNumResults() <= 1 && !function.getArgAttrsAttr() &&
         !function.getResAttrsAttr() &&
         llvm::all_of(function.getArgumentTypes(), LLVM::isCompatibleType) &&
         llvm::all_of(function.getResultTypes(), LLVM::isCompatibleType) &&
         (!function->hasAttr(kLinkageAttr) ||
          function->getAttrOfType<LLVM::LinkageAttr>(kLinkageAttr));
}

LLVM::LLVMFuncOp convert(func::FuncOp function) {
  OpBuilder builder(function);
  Type result = function.getNumResults() ? function.getResultTypes().front()
                                         : LLVM::LLVMVoidType::get(builder.getContext());
  auto linkage = function->getAttrOfType<LLVM::LinkageAttr>(kLinkageAttr);
  auto converted =
      LLVM::LLVMFuncOp::create(builder, function.getLoc(), function.getName(),
                               LLVM::LLVMFunctionType::get(result, function.getArgumentTypes()),
                               linkage ? linkage.getLinkage() : LLVM::Linkage::External);
  for (NamedAttribute attribute : function->getDiscardableAttrs())
    if (attribute.getName() != kLinkageAttr)
      converted->setAttr(attribute.getName(), attribute.getValue());
  if (StringAttr visibility = function.getSymVisibilityAttr())
    converted.setSymVisibilityAttr(visibility);
  converted.getBody().takeBody(function.getBody());
  for (Block &block : converted.getBody())
    if (auto back = dyn_cast<func::ReturnOp>(block.getTerminator())) {
      builder.setInsertionPoint(back);
      LLVM::ReturnOp::create(builder, back.getLoc(), back.getOperands());
      back.erase();
    }
  function.erase();
  return converted;
}

struct FunctionsToLLVMPass : ignis::impl::FunctionsToLLVMBase<FunctionsToLLVMPass> {
  void runOnOperation() override {
    llvm::StringMap<LLVM::LLVMFuncOp> converted;
    bool rest = false;
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (isOfLLVMTypes(function)) {
        std::string name = function.getName().str();
        converted[name] = convert(function);
      } else {
        rest = true;
      }
    }
    getOperation().walk([&](func::CallOp call) {
      auto callee = converted.find(call.getCallee());
      if (callee == converted.end())
        return;
      OpBuilder builder(call);
      auto made = LLVM::CallOp::create(builder, call.getLoc(), callee->second, call.getOperands());
      call->replaceAllUsesWith(made);
      call.erase();
    });
    if (rest && failed(convertRest()))
      signalPassFailure();
  }

  LogicalResult convertRest() {
    LLVMTypeConverter converter(&getContext(), LowerToLLVMOptions(&getContext()));
    LLVMConversionTarget target(getContext());
    RewritePatternSet patterns(&getContext());
    populateFuncToLLVMConversionPatterns(converter, patterns);
    return applyPartialConversion(getOperation(), target, std::move(patterns));
  }
};
} // namespace
