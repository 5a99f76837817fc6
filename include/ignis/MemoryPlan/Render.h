//===- Render.h - pictures of a plan ----------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Time runs to the right, addresses upwards; one rectangle per buffer. Output depends on the
// arguments alone (no date, no random colours), so pictures can be compared as text.

#ifndef IGNIS_MEMORYPLAN_RENDER_H
#define IGNIS_MEMORYPLAN_RENDER_H

#include "ignis/MemoryPlan/Problem.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>
#include <string>

namespace ignis::memplan {

struct RenderOptions {
  std::string title;               ///< above the picture; empty: none
  std::optional<int64_t> bound;    ///< drawn as a line
  std::optional<int64_t> capacity; ///< drawn as a line
  /// Without times: one step per distinct begin or end instead of true distances, so that short
  /// buffers stay visible.
  bool evenSteps = false;
};

/// A self-contained SVG document: rectangles with their id where it fits, a tooltip with id, size,
/// lifetime and bytes on each, the load curve, axes.
void renderSVG(llvm::raw_ostream &os, const Problem &problem, const Plan &plan,
               const RenderOptions &options = {});

/// `columns` x `rows` characters for a terminal: a letter per buffer, '.' where nothing lies.
void renderText(llvm::raw_ostream &os, const Problem &problem, const Plan &plan,
                unsigned columns = 72, unsigned rows = 20);

} // namespace ignis::memplan

#endif // IGNIS_MEMORYPLAN_RENDER_H
