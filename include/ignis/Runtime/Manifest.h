//===- Manifest.h - what a compiled module wants from the runtime -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The parsed form of docs/Execution.md's JSON. Checked once here, so that the rest of the runtime
// may trust it.

#ifndef IGNIS_RUNTIME_MANIFEST_H
#define IGNIS_RUNTIME_MANIFEST_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ignis::runtime {

enum class Role {
  Tokens,
  Embedded,
  Input,
  Position,
  Rows,
  Positions,
  Sequences,
  RopeTable,
  KeyCache,
  ValueCache,
  Logits
};

struct Argument {
  Role role;
  std::vector<int64_t> shape; ///< empty for values
  int64_t bytes = 0;          ///< 0 for values
  int64_t arenaOffset = -1;   ///< where in the arena, or -1: a buffer of its own
  double ropeBase = 0;        ///< of a rope table
};

/// A quantity that depends on the rows of a call and on the positions that they attend to.
struct ProfiledCost {
  double fixed = 0, perRow = 0, perPosition = 0;
};

/// A stretch of an entry compiled for profiling: an op, or waiting at a barrier.
struct ProfiledOp {
  std::string name;     ///< of the kind of op, with its shape; "wait"
  std::string label;    ///< names of its weights
  int64_t layer = -1;   ///< -1: belongs to none
  bool lastRow = false; ///< works on the call's last row alone
  ProfiledCost bytes, flops;
};

struct Entry {
  std::string name;
  int64_t slots = 0;   ///< chunk counters
  int64_t maxRows = 1; ///< most rows of one call
  std::vector<Argument> arguments;
  std::vector<ProfiledOp> profile; ///< empty unless compiled for profiling
  /// The first argument of that role, or null.
  const Argument *find(Role role) const;
};

struct WeightRequest {
  std::vector<std::string> tensors;
  bool interleaved = false; ///< packed by the kernel variant; otherwise the file's bytes
  std::string type;         ///< element type as the compiler saw it
  int64_t rows = 0, columns = 0;
};

struct Manifest {
  std::string kernels;
  int64_t arenaBytes = 0, scratchBytes = 0;
  std::vector<WeightRequest> weights;
  std::vector<Entry> entries;
  const Entry *find(llvm::StringRef name) const;
};

/// Parses and checks.
llvm::Expected<Manifest> parseManifest(llvm::StringRef json);

/// What one entry point's calls rely on about the others; part of parseManifest().
llvm::Error checkManifest(const Manifest &manifest);

} // namespace ignis::runtime

#endif
