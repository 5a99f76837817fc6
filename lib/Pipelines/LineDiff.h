//===- LineDiff.h - unified diffs of texts ----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Internal to lib/Pipelines.

#ifndef IGNIS_LIB_PIPELINES_LINEDIFF_H
#define IGNIS_LIB_PIPELINES_LINEDIFF_H

#include "llvm/ADT/StringRef.h"

#include <string>

namespace ignis {

/// The change from `before` to `after` as `diff -u` writes it, with three lines of context; empty
/// if they are equal. `patch` takes it. Texts that differ in more than some thousand lines get one
/// hunk from the first difference to the last.
std::string unifiedDiff(llvm::StringRef before, llvm::StringRef after, llvm::StringRef beforeName,
                        llvm::StringRef afterName);

} // namespace ignis

#endif
