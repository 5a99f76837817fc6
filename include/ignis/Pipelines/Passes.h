//===- Passes.h - checks between passes -------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Declarations generated from Passes.td.

#ifndef IGNIS_PIPELINES_PASSES_H
#define IGNIS_PIPELINES_PASSES_H

#include "mlir/Pass/Pass.h"

namespace ignis {
#define GEN_PASS_DECL
#include "ignis/Pipelines/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "ignis/Pipelines/Passes.h.inc"

/// Whether the pass only checks: reports and dumps leave it out.
inline bool isCheck(llvm::StringRef pass) {
  return pass == "ignis-check-contracts" || pass == "ignis-verify-phase";
}
} // namespace ignis

#endif
