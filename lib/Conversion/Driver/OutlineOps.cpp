//===- OutlineOps.cpp - one driver per entry point --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The border between the graph and code: here buffers become pointers (argument of the frame, or
// arena + offset), weights numbers in the frame's table, and op instances calls. What the runtime
// must know is written to the module's manifest.

#include "Manifest.h"
#include "OpCost.h"
#include "Outliner.h"
#include "VerifyEntry.h"
#include "WorkSharing.h"

#include "ignis/Conversion/Passes.h"
#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Execution/ModuleABI.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"

namespace ignis {
#define GEN_PASS_DEF_OUTLINEOPS
#include "ignis/Conversion/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {

constexpr llvm::StringLiteral kProfileFunction = "ignis_profile";

/// Rewrites one entry point into its driver: thousands of ops in the layers' number, so they are of
/// the LLVM dialect (but for the calls, until the callees are) and repeat nothing: the passes that
/// turn op bodies into code have nothing to do in it.
class DriverBuilder {
public:
  DriverBuilder(func::FuncOp entry, Outliner &outliner, Manifest &manifest, bool profiled)
      : entry(entry), outliner(outliner), manifest(manifest), b(entry.getLoc(), entry.getContext()),
        ptr(LLVM::LLVMPointerType::get(entry.getContext())), profiled(profiled) {}

  LogicalResult run() {
    if (!llvm::hasSingleElement(entry.getBody()))
      return entry.emitError() << "'" << entry.getName()
                               << "' cannot become a driver: it has control flow between ops";
    if (entry.getNumResults() != 0)
      return entry.emitError() << "'" << entry.getName()
                               << "' cannot become a driver: it returns values; bufferize it first "
                                  "(ignis-bufferize-pipeline)";
    if (failed(verifyEntry(entry)))
      return failure();
    std::string name = ("ignis_entry_" + entry.getName()).str();
    b.setInsertionPoint(entry);
    auto none = LLVM::LLVMVoidType::get(b.getContext());
    auto driver =
        LLVM::LLVMFuncOp::create(b, name, LLVM::LLVMFunctionType::get(none, ArrayRef<Type>(ptr)));
    b.setInsertionPointToStart(driver.addEntryBlock(b));
    frame = driver.getArgument(0);
    arena = loadField(offsetof(IgnisFrame, arena), ptr);
    arguments = loadField(offsetof(IgnisFrame, args), ptr);
    for (Operation &op : entry.getBody().front())
      if (failed(lower(op)))
        return failure();
    if (failed(manifest.addEntry(entry, slots, std::move(profile))))
      return failure();
    entry.erase();
    return success();
  }

private:
  Value i64(int64_t value) {
    Value &constant = constants[value];
    if (!constant)
      constant = LLVM::ConstantOp::create(b, b.getI64IntegerAttr(value));
    return constant;
  }
  Value byteOffset(Value pointer, int64_t bytes) {
    if (bytes == 0)
      return pointer;
    Value &address = addresses[{pointer, bytes}];
    if (!address) {
      LLVM::GEPArg offset = llvm::isInt<LLVM::kGEPConstantBitWidth>(bytes)
                                ? LLVM::GEPArg(static_cast<int32_t>(bytes))
                                : LLVM::GEPArg(i64(bytes));
      address = LLVM::GEPOp::create(b, ptr, b.getI8Type(), pointer, ArrayRef<LLVM::GEPArg>{offset});
    }
    return address;
  }
  Value loadField(int64_t offset, Type type) {
    return LLVM::LoadOp::create(b, type, byteOffset(frame, offset));
  }

  LogicalResult lower(Operation &op) {
    if (isa<WeightOp, memref::ViewOp>(op) || op.hasTrait<OpTrait::ConstantLike>())
      return success(); // Resolved where they are used.
    if (isa<arith::AddIOp, arith::SubIOp>(op) && op.getResult(0).getType().isIndex())
      return compute(op);
    if (isa<BarrierOp>(op) || isa<func::ReturnOp>(op)) {
      mark([] { return llvm::json::Object{{"op", "wait"}}; });
      wait();
      if (isa<func::ReturnOp>(op)) {
        if (profiled) // The call ends.
          callProfile();
        LLVM::ReturnOp::create(b, ValueRange());
      }
      return success();
    }
    if (isa<ComputeOpInterface>(op))
      return call(op);
    return op.emitError("cannot become part of a driver: expected ignis ops, weights, barriers, "
                        "views of the arena and sums of indices");
  }

  /// A sum or difference of indices, such as the position of the last row.
  LogicalResult compute(Operation &op) {
    SmallVector<Value, 2> terms;
    for (OpOperand &operand : op.getOpOperands()) {
      FailureOr<Value> term = resolve(operand);
      if (failed(term))
        return failure();
      terms.push_back(*term);
    }
    numbers[op.getResult(0)] = isa<arith::AddIOp>(op)
                                   ? LLVM::AddOp::create(b, terms[0], terms[1]).getResult()
                                   : LLVM::SubOp::create(b, terms[0], terms[1]).getResult();
    return success();
  }

  LogicalResult call(Operation &op) {
    func::FuncOp callee = outliner.get(&op);
    SmallVector<Value> operands = {frame, i64(slots)};
    for (OpOperand &operand : op.getOpOperands()) {
      FailureOr<Value> value = resolve(operand);
      if (failed(value))
        return failure();
      operands.push_back(*value);
    }
    mark([&] { return describeCost(&op); });
    Value chunks = func::CallOp::create(b, callee, operands).getResult(0);
    running.push_back({slots++, chunks});
    return success();
  }

  /// Tells a profile that the stretch which `describe` makes begins here.
  void mark(function_ref<llvm::json::Object()> describe) {
    if (!profiled)
      return;
    callProfile();
    profile.push_back(describe());
  }
  void callProfile() {
    func::CallOp::create(
        b, kProfileFunction, TypeRange(),
        ValueRange{frame, i64(manifest.entryCount()), i64(static_cast<int64_t>(profile.size()))});
  }

  /// Waits for all ops since the last wait.
  void wait() {
    for (auto [slot, chunks] : running)
      func::CallOp::create(b, "ignis_barrier", TypeRange(), ValueRange{frame, i64(slot), chunks});
    running.clear();
  }

  /// The pointer or i64 for an operand; of a cache, where the op's layer begins.
  FailureOr<Value> resolve(OpOperand &operand) {
    FailureOr<Value> base = resolveBase(operand);
    Operation *op = operand.getOwner();
    auto layer = op->getAttrOfType<IntegerAttr>(kLayerAttr);
    if (failed(base) || !isCache(operand.get().getType()) || !layer || layer.getInt() == 0)
      return base;
    auto type = cast<MemRefType>(operand.get().getType());
    int64_t layers = type.getDimSize(0);
    if (hasSequences(op))
      layers *= type.getDimSize(1);
    return byteOffset(*base, layer.getInt() * (*getSizeInBytes(type) / layers));
  }

  FailureOr<Value> resolveBase(OpOperand &operand) {
    Value value = operand.get();
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      if (manifest.isArena(entry, argument))
        return operand.getOwner()->emitError("uses the arena itself as an operand");
      Value &loaded = loadedArguments[argument];
      if (!loaded)
        loaded = LLVM::LoadOp::create(
            b, isa<MemRefType>(value.getType()) ? Type(ptr) : b.getI64Type(),
            byteOffset(arguments, 8 * manifest.argumentIndex(entry, argument)));
      return loaded;
    }
    if (auto weight = value.getDefiningOp<WeightOp>())
      return i64(manifest.weightIndex(weight, operand));
    if (Value number = numbers.lookup(value))
      return number;
    APInt constant;
    if (matchPattern(value, m_ConstantInt(&constant)))
      return i64(constant.getSExtValue());
    if (auto view = value.getDefiningOp<memref::ViewOp>()) {
      auto source = dyn_cast<BlockArgument>(view.getSource());
      if (source && manifest.isArena(entry, source) &&
          matchPattern(view.getByteShift(), m_ConstantInt(&constant))) {
        int64_t arenaBytes = cast<MemRefType>(source.getType()).getDimSize(0);
        if (failed(verifyPlace(view, view.getType(), constant.getSExtValue(), arenaBytes)))
          return failure();
        return byteOffset(arena, constant.getSExtValue());
      }
    }
    return operand.getOwner()->emitError("operand ")
           << operand.getOperandNumber()
           << " is no argument, weight or view of the arena at a constant offset";
  }

  func::FuncOp entry;
  Outliner &outliner;
  Manifest &manifest;
  ImplicitLocOpBuilder b;
  Type ptr;
  Value frame, arena, arguments;
  DenseMap<Value, Value> loadedArguments;
  DenseMap<Value, Value> numbers; ///< sums and differences
  DenseMap<int64_t, Value> constants;
  DenseMap<std::pair<Value, int64_t>, Value> addresses; ///< by pointer and bytes from there
  bool profiled;
  llvm::json::Array profile; ///< what the marks stand for
  int64_t slots = 0;
  SmallVector<std::pair<int64_t, Value>> running; ///< slot and chunks of ops since the last wait
};

struct OutlineOpsPass : ignis::impl::OutlineOpsBase<OutlineOpsPass> {
  using OutlineOpsBase::OutlineOpsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    declareWorkSharing(module);
    Outliner outliner(module);
    Manifest manifest(interleaved, kernels, cpu);
    SmallVector<func::FuncOp> entries;
    for (auto function : module.getOps<func::FuncOp>())
      if (Manifest::isEntry(function))
        entries.push_back(function);
    if (profile) {
      OpBuilder builder(module.getBodyRegion());
      auto ptr = LLVM::LLVMPointerType::get(&getContext());
      Type i64 = builder.getI64Type();
      func::FuncOp::create(builder, module.getLoc(), kProfileFunction,
                           builder.getFunctionType({ptr, i64, i64}, {}))
          .setPrivate();
    }
    for (func::FuncOp entry : entries)
      if (failed(DriverBuilder(entry, outliner, manifest, profile).run()))
        return signalPassFailure();
    module->setAttr(kManifestAttr, StringAttr::get(&getContext(), manifest.json()));
  }
};
} // namespace
