//===- IRDump.h - one file per pass -----------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Behind `ignis-run --dump-ir=DIR` and `ignis-opt --ignis-dump-ir=DIR`.

#ifndef IGNIS_PIPELINES_IRDUMP_H
#define IGNIS_PIPELINES_IRDUMP_H

#include "mlir/Pass/PassManager.h"

#include <string>
#include <system_error>

namespace ignis {

/// Writes, for every pass that changes something, NNN-PASS[-FUNCTION].mlir with the IR behind it
/// and NNN-PASS[-FUNCTION].diff with what it changed (a unified diff); for a pass that changes
/// nothing the first alone. If a pass fails, reproducer.mlir has the IR before it and its pipeline
/// (`ignis-opt reproducer.mlir --run-reproducer`). Makes the directory, and says if it cannot be
/// written; `number` counts on across pass managers.
std::error_code dumpAfterEachPass(mlir::PassManager &manager, const std::string &directory,
                                  int &number);

} // namespace ignis

#endif
