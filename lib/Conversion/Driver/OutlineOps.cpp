//===- OutlineOps.cpp - one function per kind of op, one driver per entry point ---------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The border between the graph and code: here buffers become pointers (argument of the frame, or
// arena + offset), weights numbers in the frame's table, and op instances calls. What the runtime
// must know is written to the module's manifest.

#include "Manifest.h"
#include "OpCost.h"
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
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"

#include <map>
#include <vector>

namespace ignis {
#define GEN_PASS_DEF_OUTLINEOPS
#include "ignis/Conversion/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {

constexpr llvm::StringLiteral kLayerAttr = "layer";
constexpr llvm::StringLiteral kProfileFunction = "ignis_profile";

/// Whether an op's caches are those of several sequences.
bool hasSequences(Operation *op) {
  return TypeSwitch<Operation *, bool>(op)
      .Case<AttentionOp, CacheWriteOp, RopeCacheOp, AttendOp>(
          [](auto cache) { return static_cast<bool>(cache.getSequences()); })
      .Default([](Operation *) { return false; });
}

bool isCache(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && memref.getRank() > 2;
}

/// Caches of all layers are one argument, but the function of an op sees the cache of its own layer
/// alone, as layer 0 of 1: so the layers share the function. Caches of several sequences keep their
/// type, because the layers' number is in the stride from one sequence to the next.
Type outlinedType(Operation *op, Type type) {
  if (!isCache(type) || hasSequences(op))
    return type;
  auto memref = cast<MemRefType>(type);
  SmallVector<int64_t> shape(memref.getShape());
  shape[0] = 1;
  return MemRefType::get(shape, memref.getElementType());
}

/// Weights are passed by number, for a driver grows with each instruction that loads an address.
bool isWeight(Value operand) { return operand.getDefiningOp<WeightOp>() != nullptr; }

/// Makes and remembers the functions that hold one op each.
class Outliner {
public:
  explicit Outliner(ModuleOp module) : module(module), builder(module.getContext()) {
    builder.setInsertionPointToEnd(module.getBody());
  }

  /// The function for ops like `op`: (frame, slot, one pointer or i64 per operand) -> chunks. A
  /// weight's i64 is its number in the manifest.
  func::FuncOp get(Operation *op) {
    NamedAttrList attributes(op->getAttrDictionary());
    attributes.erase(kLayerAttr);
    // All of these are unique in the context.
    SmallVector<const void *> key = {
        op->getName().getAsOpaquePointer(),
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

private:
  func::FuncOp make(Operation *op) {
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

  static Value loadWeight(ImplicitLocOpBuilder &b, Value frame, Value number) {
    auto ptr = LLVM::LLVMPointerType::get(b.getContext());
    static_assert(offsetof(IgnisFrame, weights) == 0);
    Value table = LLVM::LoadOp::create(b, ptr, frame);
    return LLVM::LoadOp::create(
        b, ptr, LLVM::GEPOp::create(b, ptr, ptr, table, ArrayRef<LLVM::GEPArg>{number}));
  }

  ModuleOp module;
  OpBuilder builder;
  std::map<std::vector<const void *>, func::FuncOp> functions; ///< looked up, never walked
  llvm::StringMap<int64_t> counts;
};

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
  Value loadElement(Value table, int64_t i, Type type) {
    return LLVM::LoadOp::create(b, type, byteOffset(table, 8 * i));
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
        loaded = loadElement(arguments, manifest.argumentIndex(entry, argument),
                             isa<MemRefType>(value.getType()) ? Type(ptr) : b.getI64Type());
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
