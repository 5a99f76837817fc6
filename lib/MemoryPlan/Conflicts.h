//===- Conflicts.h - which buffers are live at one time -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The conflict graph of a problem, made once and walked by every planner that computes offsets.

#ifndef IGNIS_LIB_MEMORYPLAN_CONFLICTS_H
#define IGNIS_LIB_MEMORYPLAN_CONFLICTS_H

#include "ignis/MemoryPlan/Problem.h"

#include "llvm/ADT/ArrayRef.h"

namespace ignis::memplan {

/// For each buffer the others that overlap it in time; buffers of size 0 have none. Stored as one
/// array while that takes less than 256 MiB; beyond, each question scans all buffers.
class Conflicts {
public:
  explicit Conflicts(const Problem &problem);

  /// Calls visit(j) for each j in conflict with i, in no special but a fixed order.
  template <typename Visit> void forEach(size_t i, Visit visit) const {
    if (!starts.empty()) {
      for (size_t k = starts[i]; k < starts[i + 1]; ++k)
        visit(static_cast<size_t>(flat[k]));
      return;
    }
    if (buffers[i].size == 0)
      return;
    for (size_t j = 0; j < buffers.size(); ++j)
      if (j != i && buffers[j].size > 0 && overlapInTime(buffers[i], buffers[j]))
        visit(j);
  }

private:
  llvm::ArrayRef<Buffer> buffers;
  std::vector<size_t> starts; // row i of flat is [starts[i], starts[i + 1]); empty: not stored
  std::vector<uint32_t> flat;
};

} // namespace ignis::memplan

#endif // IGNIS_LIB_MEMORYPLAN_CONFLICTS_H
