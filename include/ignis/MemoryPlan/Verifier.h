//===- Verifier.h - is this plan right? -------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The judge of every plan. It knows the problem and the offsets and nothing of the planner that
// found them; Planner::solve runs it on every answer, in every build.

#ifndef IGNIS_MEMORYPLAN_VERIFIER_H
#define IGNIS_MEMORYPLAN_VERIFIER_H

#include "ignis/MemoryPlan/Problem.h"

#include <string>

namespace ignis::memplan {

/// The rules of a plan, in the order in which they are checked.
enum class Rule {
  None,      ///< no rule is broken
  Count,     ///< one offset per buffer
  Negative,  ///< offsets are >= 0
  Alignment, ///< an offset is a multiple of its buffer's alignment
  Range,     ///< offset + size fits in int64_t and ends at or below the height
  Height,    ///< some buffer reaches the height (0 without buffers)
  Overlap,   ///< buffers live at one time do not share bytes
};

/// What the verifier found: Rule::None, or the first rule that is broken, the buffers that break it
/// (indices; second only for Overlap) and a sentence for people.
struct Verdict {
  Rule rule = Rule::None;
  size_t first = 0, second = 0;
  std::string message;
  bool ok() const { return rule == Rule::None; }
};

/// Checks `plan` against `problem`, which passed check(). A sweep over time, O(n log n).
Verdict verify(const Problem &problem, const Plan &plan);

} // namespace ignis::memplan

#endif // IGNIS_MEMORYPLAN_VERIFIER_H
