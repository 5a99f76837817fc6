//===- Bufferize.cpp - tensors to buffers, without analysis where none is needed --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One-shot bufferization asks of every destination whether a read of any alias could see the write;
// caches are one chain of aliases through all layers, so that grows with the cube of the layers. In
// straight-line code one walk shows that every destination may be written in place: then the
// upstream rewriting runs at once, with the same result. Anything else is analysed upstream.

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace ignis {
#define GEN_PASS_DEF_BUFFERIZE
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace mlir::bufferization;
using namespace ignis;

namespace {
bool isTensor(Type type) { return isa<TensorType>(type); }

/// Follows the buffers of one function from op to op.
class InPlaceWalk {
public:
  explicit InPlaceWalk(const AnalysisState &state) : state(state) {}

  /// Whether every destination may be written in place: no op reads a value after its buffer got
  /// another one. False where that is not evident.
  bool allows(func::FuncOp function) {
    if (!llvm::hasSingleElement(function.getBody()))
      return false;
    for (auto [i, argument] : llvm::enumerate(function.getArguments())) {
      auto writable = function.getArgAttrOfType<BoolAttr>(static_cast<unsigned>(i),
                                                          BufferizationDialect::kWritableAttrName);
      if (isTensor(argument.getType()))
        add(argument, !writable || writable.getValue());
    }
    return llvm::all_of(function.getBody().front(), [&](Operation &op) { return allows(op); });
  }

private:
  struct Buffer {
    Value latest;
    bool writable, local;
  };

  void add(Value value, bool writable, bool local = false) {
    buffers.push_back({value, writable, local});
    bufferOf[value] = buffers.size() - 1;
  }

  /// The buffer of a value, if it still holds it.
  Buffer *find(Value value) {
    auto it = bufferOf.find(value);
    if (it == bufferOf.end() || buffers[it->second].latest != value)
      return nullptr;
    return &buffers[it->second];
  }

  bool allows(Operation &op) {
    if (isa<WeightOp>(op)) {
      add(op.getResult(0), /*writable=*/false);
      return true;
    }
    if (isa<tensor::EmptyOp>(op)) {
      add(op.getResult(0), /*writable=*/true, /*local=*/true);
      return true;
    }
    if (isa<func::ReturnOp>(op)) // Each buffer at most once, and none that was made here.
      return llvm::all_of(op.getOpOperands(), [&](OpOperand &operand) {
        if (!isTensor(operand.get().getType()))
          return true;
        Buffer *buffer = find(operand.get());
        bool fine = buffer && !buffer->local && buffer->writable;
        if (fine)
          buffer->writable = false;
        return fine;
      });
    if (isa<ComputeOpInterface>(op))
      return allowsCompute(cast<DestinationStyleOpInterface>(op));
    return op.getNumRegions() == 0 && !isa<CallOpInterface>(op) &&
           llvm::none_of(op.getOperandTypes(), isTensor) &&
           llvm::none_of(op.getResultTypes(), isTensor);
  }

  bool allowsCompute(DestinationStyleOpInterface op) {
    auto model = dyn_cast<BufferizableOpInterface>(op.getOperation());
    if (!model)
      return false;
    for (OpOperand &operand : op->getOpOperands())
      if (isTensor(operand.get().getType()) && !find(operand.get()))
        return false;
    for (OpOperand &init : op.getDpsInitsMutable()) {
      Buffer *buffer = isTensor(init.get().getType()) ? find(init.get()) : nullptr;
      if (!buffer || !buffer->writable)
        return false;
      for (OpOperand &other : op->getOpOperands())
        if (&other != &init && other.get() == init.get() &&
            (op.isDpsInit(&other) || !model.bufferizesToElementwiseAccess(state, {&other, &init})))
          return false;
    }
    for (OpOperand &init : op.getDpsInitsMutable()) {
      OpResult result = op.getTiedOpResult(&init);
      size_t buffer = bufferOf[init.get()];
      buffers[buffer].latest = result;
      bufferOf[result] = buffer;
    }
    return true;
  }

  const AnalysisState &state;
  SmallVector<Buffer> buffers;
  DenseMap<Value, size_t> bufferOf;
};

struct BufferizePass : ignis::impl::BufferizeBase<BufferizePass> {
  using BufferizeBase::BufferizeBase;

  void runOnOperation() override {
    OneShotBufferizationOptions options;
    options.bufferizeFunctionBoundaries = true;
    options.setFunctionBoundaryTypeConversion(LayoutMapOption::IdentityLayoutMap);
    BufferizationState state;
    AnalysisState analysis(options);
    bool inPlace = !alwaysAnalyse && llvm::all_of(*getOperation().getBody(), [&](Operation &op) {
      auto function = dyn_cast<func::FuncOp>(op);
      return function && InPlaceWalk(analysis).allows(function);
    });
    if (failed(inPlace ? bufferizeModuleOp(getOperation(), options, state)
                       : runOneShotModuleBufferize(getOperation(), options, state)))
      signalPassFailure();
  }
};
} // namespace
