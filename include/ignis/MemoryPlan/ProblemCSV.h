//===- ProblemCSV.h - problems and plans as text ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One line per buffer under a header that names the columns, in any order:
//
//   id,lower,upper,size,alignment,offset
//   b1,0,3,4,1,8
//
// id, lower, upper and size must be there; alignment is 1 and offset absent by default. lower and
// upper are the half-open lifetime. Lines end with LF or CRLF, empty lines are skipped, a field may
// stand in double quotes (doubled inside). A file with offsets is a problem and its plan.

#ifndef IGNIS_MEMORYPLAN_PROBLEMCSV_H
#define IGNIS_MEMORYPLAN_PROBLEMCSV_H

#include "ignis/MemoryPlan/Problem.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>

namespace ignis::memplan {

struct ProblemFile {
  Problem problem;           ///< passed check()
  std::optional<Plan> plan;  ///< where the file has a column `offset`; not verified
  std::vector<size_t> lines; ///< the line (from 1) that buffer i stands in, for messages
};

/// Reads `text`. `name` is the file's name for messages, which are `name:line:column: ...` (both
/// from 1, the column in bytes). Refused: no header, a missing, unknown or doubled column, a line
/// with too few or too many fields, an empty or doubled id, one with control characters or that is
/// not UTF-8, a number that is none or leaves int64_t, upper <= lower, a size or offset below 0, an
/// alignment below 1, and what check() refuses.
llvm::Expected<ProblemFile> parseCSV(llvm::StringRef text, llvm::StringRef name);

/// Writes the problem and, if given, the plan's offsets. The column `alignment` appears if some
/// buffer has one other than 1. parseCSV reads it back to equal values.
void writeCSV(llvm::raw_ostream &os, const Problem &problem, const Plan *plan = nullptr);

} // namespace ignis::memplan

#endif // IGNIS_MEMORYPLAN_PROBLEMCSV_H
