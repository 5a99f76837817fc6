//===- VerifyModel.h - a module against the file that it is to run on
//--------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Holds for what the importer makes, and says of an edited module early, and with the op, what the
// runtime would refuse or misread.

#ifndef IGNIS_IMPORT_VERIFYMODEL_H
#define IGNIS_IMPORT_VERIFYMODEL_H

#include "mlir/IR/BuiltinOps.h"

namespace ignis::gguf {
class File;
struct ModelConfig;
} // namespace ignis::gguf

namespace ignis {

/// Fails with a diagnostic at the op or function unless
/// * every name of an `ignis.weight` is a tensor of the file, and the type is that of the tensors
///   below one another: element type, rows and width;
/// * arguments of functions agree by role with `config`: the width of input, embedded and logits,
///   heads and head size of caches, the width of the rope table.
/// How many layers and positions caches have, and the base of the rope table, are the module's own.
/// On tensors and on memrefs. Needs no tensor data.
mlir::LogicalResult verifyModel(mlir::ModuleOp module, const gguf::File &file,
                                const gguf::ModelConfig &config);

} // namespace ignis

#endif
