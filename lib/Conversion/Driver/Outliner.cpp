//===- Outliner.cpp - one function per kind of op ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Outliner.h.

#include "Outliner.h"

#include "WorkSharing.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Execution/ModuleABI.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ignis;

bool ignis::hasSequences(Operation *op) {
  return TypeSwitch<Operation *, bool>(op)
      .Case<AttentionOp, CacheWriteOp, RopeCacheOp, AttendOp>(
          [](auto cache) { return static_cast<bool>(cache.getSequences()); })
      .Default([](Operation *) { return false; });
}

bool ignis::isCache(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && memref.getRank() > 2;
}

/// Caches of all layers are one argument, but the function of an op sees the cache of its own layer
/// alone, as layer 0 of 1: so the layers share the function. Caches of several sequences keep their
/// type, because the layers' number is in the stride from one sequence to the next.
static Type outlinedType(Operation *op, Type type) {
  if (!isCache(type) || hasSequences(op))
    return type;
  auto memref = cast<MemRefType>(type);
  SmallVector<int64_t> shape(memref.getShape());
  shape[0] = 1;
  return MemRefType::get(shape, memref.getElementType());
}

/// Weights are passed by number, for a driver grows with each instruction that loads an address.
static bool isWeight(Value operand) { return operand.getDefiningOp<WeightOp>() != nullptr; }

static Value loadWeight(ImplicitLocOpBuilder &b, Value frame, Value number) {
  auto ptr = LLVM::LLVMPointerType::get(b.getContext());
  static_assert(offsetof(IgnisFrame, weights) == 0);
  Value table = LLVM::LoadOp::create(b, ptr, frame);
  return LLVM::LoadOp::create(
      b, ptr, LLVM::GEPOp::create(b, ptr, ptr, table, ArrayRef<LLVM::GEPArg>{number}));
}

func::FuncOp Outliner::get(Operation *op) {
  NamedAttrList attributes(op->getAttrDictionary());
  attributes.erase(kLayerAttr);
  // All of these are unique in the context.
  SmallVector<const void *> key = {op->getName().getAsOpaquePointer(),
                                   attributes.getDictionary(op->getContext()).getAsOpaquePointer()};
  for (Value operand : op->getOperands()) {
    key.push_back(outlinedType(op, operand.getType()).getAsOpaquePointer());
    if (isWeight(operand))
      key.push_back(nullptr);
  }
  func::FuncOp &function = functions[std::vector<const void *>(key.begin(), key.end())];
  if (!function)
    function = make(op);
  return function;
}

func::FuncOp Outliner::make(Operation *op) {
  auto ptr = LLVM::LLVMPointerType::get(builder.getContext());
  Type i64 = builder.getI64Type();
  SmallVector<Type> inputs = {ptr, i64};
  for (Value operand : op->getOperands())
    inputs.push_back(isa<MemRefType>(operand.getType()) && !isWeight(operand) ? Type(ptr) : i64);
  std::string name =
      (op->getName().getStringRef() + "." + Twine(counts[op->getName().getStringRef()]++)).str();
  auto function =
      func::FuncOp::create(builder, op->getLoc(), name, builder.getFunctionType(inputs, i64));
  function.setPrivate();
  function->setAttr(kOutlinedAttr, builder.getUnitAttr());
  function->setAttr("llvm.linkage",
                    LLVM::LinkageAttr::get(builder.getContext(), LLVM::Linkage::Internal));
  auto body = ImplicitLocOpBuilder::atBlockBegin(op->getLoc(), function.addEntryBlock());
  // Each operand has its own argument, even if two are the same value here: other ops that share
  // the function may differ.
  SmallVector<Value> operands;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    Value argument = function.getArgument(i + 2);
    if (!isa<MemRefType>(operand.getType())) {
      operands.push_back(arith::IndexCastOp::create(body, operand.getType(), argument));
      continue;
    }
    if (isWeight(operand))
      argument = loadWeight(body, function.getArgument(0), argument);
    operands.push_back(
        UnrealizedConversionCastOp::create(body, outlinedType(op, operand.getType()), argument)
            .getResult(0));
  }
  Operation *clone = body.clone(*op);
  clone->setOperands(operands);
  if (clone->hasAttr(kLayerAttr))
    clone->setAttr(kLayerAttr, body.getI64IntegerAttr(0));
  Value none = arith::ConstantOp::create(body, body.getI64IntegerAttr(0));
  func::ReturnOp::create(body, none);
  return function;
}
