//===- BufferizableOpInterfaceImpl.cpp - bufferization of the dialect -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Compute ops are destination-passing, so their model only says which operands are read: inputs and
// caches are, a plain destination is not. A weight becomes a read-only memref.

#include "ignis/Dialect/Ignis/Transforms/BufferizableOpInterfaceImpl.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace ignis;

namespace {
template <typename Op>
struct ComputeOpModel : DstBufferizableOpInterfaceExternalModel<ComputeOpModel<Op>, Op> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand, const AnalysisState &) const {
    auto dst = cast<DestinationStyleOpInterface>(op);
    // Caches (rank 4 and 5) keep what earlier calls wrote; other destinations are overwritten.
    return !dst.isDpsInit(&operand) || cast<ShapedType>(operand.get().getType()).getRank() > 2;
  }

  bool bufferizesToElementwiseAccess(Operation *op, const AnalysisState &,
                                     ArrayRef<OpOperand *> operands) const {
    auto compute = cast<ComputeOpInterface>(op);
    auto dst = cast<DestinationStyleOpInterface>(op);
    return llvm::all_of(operands, [&](OpOperand *operand) {
      return dst.isDpsInit(operand) || compute.isElementwiseIn(*operand);
    });
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options, BufferizationState &state) const {
    auto dst = cast<DestinationStyleOpInterface>(op);
    SmallVector<Value> operands, results;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<TensorType>(operand.get().getType())) {
        operands.push_back(operand.get());
        continue;
      }
      FailureOr<Value> buffer = getBuffer(rewriter, operand.get(), options, state);
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
      if (dst.isDpsInit(&operand))
        results.push_back(*buffer);
    }
    OperationState newOp(op->getLoc(), op->getName(), operands, TypeRange(), op->getAttrs());
    newOp.propertiesAttr = op->getPropertiesAsAttribute();
    rewriter.create(newOp);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};

struct WeightOpModel : BufferizableOpInterface::ExternalModel<WeightOpModel, WeightOp> {
  bool isWritable(Operation *, Value, const AnalysisState &) const { return false; }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter, const BufferizationOptions &,
                          BufferizationState &) const {
    auto weight = cast<WeightOp>(op);
    auto type = cast<RankedTensorType>(weight.getType());
    replaceOpWithNewBufferizedOp<WeightOp>(
        rewriter, op, MemRefType::get(type.getShape(), type.getElementType()), weight.getNames());
    return success();
  }
};

template <typename... Ops> void attach(MLIRContext *context) {
  (Ops::template attachInterface<ComputeOpModel<Ops>>(*context), ...);
}
} // namespace

void ignis::registerBufferizableOpInterfaceModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, IgnisDialect *) {
    attach<EmbedOp, LastRowOp, RmsNormalizeOp, ScaleOp, RmsNormOp, AddRmsNormOp, RoundOp, LinearOp,
           LinearGroupOp, LinearSwigluOp, RopeOp, AttentionOp, CacheWriteOp, RopeCacheOp, AttendOp,
           AddOp, MulOp, SiluOp, SwigluOp>(context);
    WeightOp::attachInterface<WeightOpModel>(*context);
    context->loadDialect<memref::MemRefDialect, BufferizationDialect>();
  });
}
