//===- Barriers.h - where data crosses threads ------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shared by the pass that inserts barriers and the check that none is missing.

#ifndef IGNIS_ANALYSIS_BARRIERS_H
#define IGNIS_ANALYSIS_BARRIERS_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"

namespace ignis {

/// The ops of the block that need a barrier right before them, beside those that are there: such an
/// op reads what an op since the last barrier writes, or writes what one reads or writes.
llvm::SmallVector<mlir::Operation *> findMissingBarriers(mlir::Block &block);

} // namespace ignis

#endif
