//===- ReduceFunction.h - what mlir-reduce may do to a module of ours -------------------------===//
// SPDX-License-Identifier: Apache-2.0

#ifndef IGNIS_TOOLS_REDUCE_REDUCEFUNCTION_H
#define IGNIS_TOOLS_REDUCE_REDUCEFUNCTION_H

#include "mlir/IR/DialectRegistry.h"

namespace ignis {

/// Gives the dialect the reduction patterns of ReduceFunction.cpp, for the pass reduction-tree.
void registerReductionPatterns(mlir::DialectRegistry &registry);

} // namespace ignis

#endif // IGNIS_TOOLS_REDUCE_REDUCEFUNCTION_H
