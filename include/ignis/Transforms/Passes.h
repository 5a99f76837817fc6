//===- Passes.h - passes on buffers -----------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Declarations generated from Passes.td.

#ifndef IGNIS_TRANSFORMS_PASSES_H
#define IGNIS_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

#include <string>

namespace ignis {
#define GEN_PASS_DECL
#include "ignis/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "ignis/Transforms/Passes.h.inc"
} // namespace ignis

#endif
