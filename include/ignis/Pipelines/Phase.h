//===- Phase.h - the stages of a compilation --------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One word list: values of `ignis-run --emit=`, names of pipelines (`ignis-fuse-pipeline`),
// headings of docs/Architecture.md.

#ifndef IGNIS_PIPELINES_PHASE_H
#define IGNIS_PIPELINES_PHASE_H

#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace ignis {

enum class Phase { Import, Fuse, Bufferize, Plan, Lower, LLVM, Asm, Obj, So };
inline constexpr llvm::StringLiteral kPhaseNames[] = {
    "import", "fuse", "bufferize", "plan", "lower", "llvm", "asm", "obj", "so"};

/// The phase of a name, or nothing.
std::optional<Phase> parsePhase(llvm::StringRef name);
/// All names, comma-separated, for messages.
std::string phaseNames();

} // namespace ignis

#endif
