//===- Report.h - facts after every pass ------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Behind `ignis-opt --ignis-report=FILE.json`; the format is a contract with other programs
// (docs/Reports.md).

#ifndef IGNIS_PIPELINES_REPORT_H
#define IGNIS_PIPELINES_REPORT_H

#include "mlir/Pass/PassManager.h"

#include <memory>
#include <string>

namespace ignis {

/// Collects facts while passes run. Lives longer than the pass managers it is attached to.
class Report {
public:
  Report();
  ~Report();
  /// Records the state "input" before the first pass and one entry per function after each.
  void attach(mlir::PassManager &manager);
  /// {"functions": {NAME: {"passes": [...]}}}
  std::string json() const;

private:
  struct Data;
  std::shared_ptr<Data> data;
  friend class ReportInstrumentation;
};

} // namespace ignis

#endif
