//===- CheckContracts.cpp - contracts before and while a pipeline runs ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The pass refuses an illegal order; the instrumentation compares contracts with what passes do.

#include "ignis/Pipelines/Contracts.h"
#include "ignis/Pipelines/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/ADT/StringSet.h"

namespace ignis {
#define GEN_PASS_DEF_CHECKCONTRACTS
#include "ignis/Pipelines/Passes.h.inc"
} // namespace ignis

using namespace mlir;
using namespace ignis;

namespace {
struct CheckContractsPass : ignis::impl::CheckContractsBase<CheckContractsPass> {
  using CheckContractsBase::CheckContractsBase;

  void runOnOperation() override {
    if (failed(checkContracts(getOperation(), std::vector<std::string>(passes))))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

class ContractVerifier : public PassInstrumentation {
public:
  explicit ContractVerifier(bool *broken) : broken(broken) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    held.clear();
    if (lookupContract(pass->getArgument()))
      for (const Fact &fact : registeredFacts())
        if (!fact.findViolation(op))
          held.insert(fact.name);
  }

  void runAfterPass(Pass *pass, Operation *op) override {
    const Contract *contract = lookupContract(pass->getArgument());
    if (!contract)
      return;
    for (const Fact &fact : registeredFacts()) {
      bool establishes = llvm::is_contained(contract->established, fact.name);
      bool keeps =
          held.contains(fact.name) && !llvm::is_contained(contract->invalidated, fact.name);
      if (!establishes && !keeps)
        continue;
      if (Operation *violation = fact.findViolation(op)) {
        violation->emitError("broken contract: after '")
            << contract->pass << "' the fact '" << fact.name << "' (" << fact.summary
            << ") does not hold, though the pass "
            << (establishes ? "establishes it" : "does not invalidate it");
        *broken = true;
      }
    }
  }

private:
  bool *broken;
  llvm::StringSet<> held;
};
} // namespace

void ignis::verifyContractsWhileRunning(PassManager &manager, bool *broken) {
  manager.getContext()->disableMultithreading();
  manager.addInstrumentation(std::make_unique<ContractVerifier>(broken));
}
