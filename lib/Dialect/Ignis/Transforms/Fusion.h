//===- Fusion.h - what the fusions share ------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Legality by use, so that a fusion finds its ops before and after ignis-mark-in-place, and how a
// fusion of one pattern is run.

#ifndef IGNIS_LIB_DIALECT_IGNIS_TRANSFORMS_FUSION_H
#define IGNIS_LIB_DIALECT_IGNIS_TRANSFORMS_FUSION_H

#include "ignis/Support/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/RegionUtils.h"

namespace ignis {

/// Whether `user` is the only op that uses a result of `producer`. It may do so as an input and as
/// a destination at once.
inline bool isOnlyUser(mlir::Operation *producer, mlir::Operation *user) {
  return !producer->use_empty() &&
         llvm::all_of(producer->getUsers(), [&](mlir::Operation *op) { return op == user; });
}

/// Where an op writes that takes the place of `consumer` and of the ops that made its destination.
inline mlir::Value destinationOf(mlir::Operation *consumer) {
  auto dst = mlir::cast<mlir::DestinationStyleOpInterface>(consumer);
  mlir::Value out = dst.getDpsInits().front();
  auto producer = out.getDefiningOp<mlir::DestinationStyleOpInterface>();
  if (!producer || !isOnlyUser(producer, consumer))
    return out;
  return producer.getTiedOpOperand(mlir::cast<mlir::OpResult>(out))->get();
}

/// Runs one fusion on a function, and leaves its remarks. `Pattern`, made of a context and remarks,
/// looks at all ops of its root's name, from the top, and at what comes of them. Dead ops go first,
/// so that they are nobody's other use; nothing else is looked at.
template <typename Pattern>
mlir::LogicalResult runFusion(mlir::func::FuncOp function, llvm::StringRef name) {
  FusionRemarks remarks(name);
  mlir::RewritePatternSet patterns(function.getContext());
  patterns.add<Pattern>(function.getContext(), remarks);
  mlir::OperationName root = *patterns.getNativePatterns().front()->getRootKind();
  mlir::IRRewriter rewriter(function.getContext());
  (void)mlir::eraseUnreachableBlocks(rewriter, function->getRegions());
  llvm::SmallVector<mlir::Operation *> ops, dead;
  function.walk<mlir::WalkOrder::PreOrder>([&](mlir::Operation *op) {
    if (op->use_empty() && mlir::isOpTriviallyDead(op))
      dead.push_back(op);
    else if (op->getName() == root)
      ops.push_back(op);
  });
  std::reverse(ops.begin(), ops.end()); // The last one of the list is looked at first.
  ops.append(dead);
  mlir::GreedyRewriteConfig config;
  config.setScope(&function.getBody());
  config.enableFolding(false);
  config.enableConstantCSE(false);
  if (failed(mlir::applyOpPatternsGreedily(ops, std::move(patterns), config)))
    return mlir::failure();
  remarks.emit(function);
  return mlir::success();
}

} // namespace ignis

#endif
