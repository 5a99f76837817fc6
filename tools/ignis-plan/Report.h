//===- Report.h - how ignis-plan says what it found -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The formats of stdout: a summary for people, a table that compares planners, JSON for programs.

#ifndef IGNIS_TOOLS_IGNIS_PLAN_REPORT_H
#define IGNIS_TOOLS_IGNIS_PLAN_REPORT_H

#include "ignis/MemoryPlan/Planner.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace ignis::plantool {

/// One planner's answer to the problem.
struct Answer {
  std::string planner;
  memplan::PlanResult result;
};

/// `{"planner", "height", "bound", "capacity", "status", "seconds", "offsets": {ID: OFFSET}}` and
/// further facts; capacity is null where none was given. Where status is "infeasible",
/// "infeasible_proved" tells whether no plan at all fits (proven > capacity) or none was found.
llvm::json::Object toJSON(const memplan::Problem &problem, const memplan::PlanOptions &options,
                          const Answer &answer);

/// Some lines for people about one answer.
void printSummary(llvm::raw_ostream &os, const memplan::Problem &problem,
                  const memplan::PlanOptions &options, const Answer &answer);

/// One line per answer: planner, height, ratio to the bound, status, seconds.
void printTable(llvm::raw_ostream &os, const memplan::Problem &problem,
                const memplan::PlanOptions &options, llvm::ArrayRef<Answer> answers);

} // namespace ignis::plantool

#endif // IGNIS_TOOLS_IGNIS_PLAN_REPORT_H
