//===- Manifest.h - what a compiled module tells the runtime ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Collected while drivers are built; docs/Execution.md describes the JSON.

#ifndef IGNIS_LIB_CONVERSION_DRIVER_MANIFEST_H
#define IGNIS_LIB_CONVERSION_DRIVER_MANIFEST_H

#include "ignis/Dialect/Ignis/IR/Ignis.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/JSON.h"

#include <vector>

namespace ignis {

/// Module attribute that holds the manifest.
constexpr llvm::StringLiteral kManifestAttr = "ignis.manifest";

class Manifest {
public:
  Manifest(bool interleaved, std::string kernels, std::string cpu)
      : interleaved(interleaved), kernels(std::move(kernels)), cpu(std::move(cpu)) {}

  /// Whether a function is an entry point: it has a body and an argument with a role.
  static bool isEntry(mlir::func::FuncOp function);
  /// Whether the argument is the arena.
  static bool isArena(mlir::func::FuncOp function, mlir::BlockArgument argument);
  /// The argument's place in the frame's `args`; the arena has none.
  static int64_t argumentIndex(mlir::func::FuncOp function, mlir::BlockArgument argument);

  /// The weight's place in the frame's `weights`, for this use of it: kernels read the interleaved
  /// layout, everything else the file's.
  int64_t weightIndex(WeightOp weight, mlir::OpOperand &use);
  mlir::LogicalResult addEntry(mlir::func::FuncOp function, int64_t slots,
                               llvm::json::Array profile);
  /// The index of the next entry.
  int64_t entryCount() const { return static_cast<int64_t>(entries.size()); }
  std::string json() const;

private:
  /// A weight as the runtime is to have it.
  struct Weight {
    mlir::ArrayAttr names;
    mlir::ShapedType type;
    bool interleaved;
  };
  static void write(llvm::json::OStream &stream, const Weight &weight);

  bool interleaved;
  std::string kernels, cpu;
  int64_t arenaBytes = 0, scratchBytes = 0;
  /// By names, layout and type. Looked up, never walked.
  llvm::DenseMap<std::pair<std::pair<const void *, char>, mlir::Type>, int64_t> weightIndices;
  std::vector<Weight> weights; ///< grows with the layers: JSON only when written
  llvm::json::Array entries;
};

} // namespace ignis

#endif
