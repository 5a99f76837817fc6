//===- ImportQwen2.h - from a GGUF file to a module of ignis ops ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Builds the unfused graph: 18 ops a layer and 3 after the layers, on tensors, weights by name. The
// file's tensor data is not needed.

#ifndef IGNIS_IMPORT_IMPORTQWEN2_H
#define IGNIS_IMPORT_IMPORTQWEN2_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ignis::gguf {
class File;
}

namespace ignis {

struct ImportOptions {
  int64_t context = 2048;           ///< positions that the caches hold; a multiple of 16
  int64_t chunk = 512;              ///< most rows of one prefill or score call
  bool kvF32 = false;               ///< caches of f32 instead of f16
  int64_t sequences = 0;            ///< caches of the entry batch, its most rows; 0: no such entry
  std::vector<std::string> entries; ///< of embed, decode, prefill, score, batch; empty = all
};

/// Functions `embed` (ids to rows), `decode` (one row, its logits), `prefill` (up to `chunk` rows,
/// logits of the last) and `score` (logits of all); on request `batch` (up to `sequences` rows of
/// as many sequences, logits of all). Needs the dialects of registerDialects in `context`. Errors
/// are diagnostics of the context.
mlir::OwningOpRef<mlir::ModuleOp> importQwen2(const gguf::File &file, mlir::MLIRContext *context,
                                              const ImportOptions &options);

} // namespace ignis

#endif
