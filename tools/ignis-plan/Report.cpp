//===- Report.cpp - summary, table and JSON of ignis-plan -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Ratios are to the proven lower bound of the problem, so that they compare across planners.

#include "Report.h"

#include "ignis/MemoryPlan/LowerBound.h"

#include "llvm/Support/Format.h"

using namespace ignis::memplan;

namespace ignis::plantool {

static bool provedInfeasible(const PlanOptions &options, const PlanResult &result) {
  return options.capacity && result.proven > *options.capacity;
}

/// height / bound; 1 where both are 0.
static double ratioOf(const PlanResult &result) {
  if (result.bound == 0)
    return 1;
  return static_cast<double>(result.plan.height) / static_cast<double>(result.bound);
}

llvm::json::Object toJSON(const Problem &problem, const PlanOptions &options,
                          const Answer &answer) {
  const PlanResult &result = answer.result;
  llvm::json::Object offsets;
  for (size_t i = 0; i < problem.buffers.size(); ++i)
    offsets[problem.buffers[i].id] = result.plan.offsets[i];
  llvm::json::Object out{
      {"planner", answer.planner},
      {"height", result.plan.height},
      {"bound", result.bound},
      {"proven", result.proven},
      {"ratio", ratioOf(result)},
      {"capacity", options.capacity ? llvm::json::Value(*options.capacity) : nullptr},
      {"status", statusName(result.status)},
      {"seconds", result.seconds},
      {"nodes", static_cast<int64_t>(result.nodes)},
      {"budget_hit", result.budgetHit},
      {"buffers", static_cast<int64_t>(problem.buffers.size())},
      {"no_reuse", upperBound(problem)},
      {"offsets", std::move(offsets)},
  };
  if (result.status == PlanStatus::Infeasible)
    out["infeasible_proved"] = provedInfeasible(options, result);
  if (!result.slotSizes.empty()) {
    out["slots"] = llvm::json::Array(result.slotSizes);
    llvm::json::Object slotOf;
    for (size_t i = 0; i < problem.buffers.size(); ++i)
      slotOf[problem.buffers[i].id] = result.slotOf[i];
    out["slot_of"] = std::move(slotOf);
  }
  return out;
}

/// The status with what it leaves open.
static std::string verdictOf(const PlanOptions &options, const PlanResult &result) {
  switch (result.status) {
  case PlanStatus::Optimal:
    return "optimal: no plan is lower";
  case PlanStatus::Feasible:
    return options.capacity
               ? "feasible: fits the capacity"
               : "feasible: at most " + std::to_string(result.plan.height - result.proven) +
                     " bytes above the optimum";
  case PlanStatus::Infeasible:
    return provedInfeasible(options, result)
               ? "infeasible: no plan fits the capacity, at least " +
                     std::to_string(result.proven) + " bytes are needed"
               : "infeasible: no plan that fits the capacity was found (none is ruled out)";
  }
  return "";
}

void printSummary(llvm::raw_ostream &os, const Problem &problem, const PlanOptions &options,
                  const Answer &answer) {
  const PlanResult &result = answer.result;
  os << "planner   " << answer.planner << '\n';
  os << "buffers   " << problem.buffers.size();
  if (!result.slotSizes.empty())
    os << " in " << result.slotSizes.size() << " slots";
  os << "\nheight    " << result.plan.height << " bytes\n";
  os << "bound     " << result.bound << " bytes (ratio " << llvm::format("%.4f", ratioOf(result))
     << ")\n";
  if (result.proven > result.bound)
    os << "proven    " << result.proven << " bytes\n";
  if (int64_t none = upperBound(problem))
    os << "no reuse  " << none << " bytes ("
       << llvm::format("%.1f", 100 * (1 - double(result.plan.height) / double(none)))
       << " % fewer)\n";
  if (options.capacity)
    os << "capacity  " << *options.capacity << " bytes\n";
  os << "status    " << verdictOf(options, result) << '\n';
  os << "seconds   " << llvm::format("%.4f", result.seconds);
  if (result.budgetHit)
    os << " (stopped at its budget)";
  os << '\n';
}

void printTable(llvm::raw_ostream &os, const Problem &problem, const PlanOptions &options,
                llvm::ArrayRef<Answer> answers) {
  os << problem.buffers.size() << " buffers, bound " << lowerBound(problem) << " bytes, no reuse "
     << upperBound(problem) << " bytes";
  if (options.capacity)
    os << ", capacity " << *options.capacity << " bytes";
  os << "\n\n";
  os << "planner                        height    ratio  slots  status       seconds\n";
  for (const Answer &answer : answers) {
    const PlanResult &result = answer.result;
    os << llvm::left_justify(answer.planner, 17)
       << llvm::format("%20lld %8.4f ", static_cast<long long>(result.plan.height),
                       ratioOf(result));
    if (result.slotSizes.empty())
      os << "     -";
    else
      os << llvm::format("%6zu", result.slotSizes.size());
    os << "  " << llvm::left_justify(statusName(result.status), 10)
       << llvm::format("%10.4f", result.seconds) << (result.budgetHit ? " (budget)" : "") << '\n';
  }
}

} // namespace ignis::plantool
