//===- Passes.h - passes on ignis ops ---------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Declarations generated from Passes.td.

#ifndef IGNIS_DIALECT_IGNIS_TRANSFORMS_PASSES_H
#define IGNIS_DIALECT_IGNIS_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace ignis {
#define GEN_PASS_DECL
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "ignis/Dialect/Ignis/Transforms/Passes.h.inc"
} // namespace ignis

#endif
