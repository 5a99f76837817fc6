//===- Fusion.h - what the fusions share ------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Legality by use, so that a fusion finds its ops before and after ignis-mark-in-place.

#ifndef IGNIS_LIB_DIALECT_IGNIS_TRANSFORMS_FUSION_H
#define IGNIS_LIB_DIALECT_IGNIS_TRANSFORMS_FUSION_H

#include "mlir/Interfaces/DestinationStyleOpInterface.h"

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

} // namespace ignis

#endif
