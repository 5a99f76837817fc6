//===- IRDump.h - one file per pass -----------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Behind --dump-ir=DIR.

#ifndef IGNIS_LIB_EXECUTION_IRDUMP_H
#define IGNIS_LIB_EXECUTION_IRDUMP_H

#include "mlir/Pass/PassManager.h"

#include <string>

namespace ignis {

/// Writes the IR after every pass to `directory`/NNN-PASS[-FUNCTION].mlir; `number` counts on
/// across pass managers.
void dumpAfterEachPass(mlir::PassManager &manager, const std::string &directory, int &number);

} // namespace ignis

#endif
