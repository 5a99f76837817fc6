//===- Passes.h - from planned buffers to code ------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Declarations generated from Passes.td.

#ifndef IGNIS_CONVERSION_PASSES_H
#define IGNIS_CONVERSION_PASSES_H

#include "mlir/Pass/Pass.h"

namespace ignis {
#define GEN_PASS_DECL
#include "ignis/Conversion/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "ignis/Conversion/Passes.h.inc"
} // namespace ignis

#endif
