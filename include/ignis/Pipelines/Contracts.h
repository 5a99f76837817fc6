//===- Contracts.h - what passes require, establish and invalidate ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A fact is a property of IR that can be checked. A contract says of a pass which facts it
// requires, establishes and invalidates; what it does not mention it leaves as it is, and a pass
// without a contract changes no fact. A pipeline is checked against the module before its first
// pass runs. The contracts of this project stand beside each Passes.td, in Contracts.def; a plugin
// calls registerFact and registerContract where it registers its passes (docs/Contracts.md).

#ifndef IGNIS_PIPELINES_CONTRACTS_H
#define IGNIS_PIPELINES_CONTRACTS_H

#include "mlir/IR/Operation.h"
#include "mlir/Pass/PassManager.h"

#include <functional>
#include <string>
#include <vector>

namespace ignis {

struct Fact {
  std::string name;
  std::string summary; ///< completes "requires NAME: ..."
  /// An op in or under `root` (a module or a function) that contradicts the fact, or null.
  std::function<mlir::Operation *(mlir::Operation *root)> findViolation;
};

struct Contract {
  std::string pass;                                            ///< the pass's flag without dashes
  std::vector<std::string> required, established, invalidated; ///< names of facts
};

/// A later registration of the same name replaces the earlier one.
void registerFact(Fact fact);
void registerContract(Contract contract);
/// The same with names separated by spaces, as Contracts.def has them.
void registerContract(llvm::StringRef pass, llvm::StringRef required, llvm::StringRef established,
                      llvm::StringRef invalidated);

/// All of them, in order of registration.
const std::vector<Fact> &registeredFacts();
const std::vector<Contract> &registeredContracts();
/// Null if there is none of that name.
const Fact *lookupFact(llvm::StringRef name);
const Contract *lookupContract(llvm::StringRef pass);

/// Takes a fact from what a pass establishes, so that tests can show that the declaration matters.
/// False if it does not stand there.
bool forgetEstablished(llvm::StringRef pass, llvm::StringRef fact);

/// The flags of all passes in execution order, those of nested pass managers in their place.
std::vector<std::string> flattenPipeline(const mlir::OpPassManager &manager);

/// Fails, with one diagnostic that names the pass that would establish what is missing, if running
/// `passes` in this order on `module` breaks a contract.
mlir::LogicalResult checkContracts(mlir::Operation *module, llvm::ArrayRef<std::string> passes);

/// After every pass: what it establishes must hold, and what held before and is not invalidated
/// must hold still. Each breach is an error diagnostic and sets `*broken`.
void verifyContractsWhileRunning(mlir::PassManager &manager, bool *broken);

/// {"facts": [...], "passes": [{"name", "summary", "options", "requires", "establishes",
/// "invalidates"}, ...], "pipelines": [...]} of all passes with a contract.
std::string contractsJSON();
/// The same as a table for people.
std::string contractsText();

/// Registers the facts and contracts of this project and of the upstream passes that it uses.
void registerContracts();

} // namespace ignis

#endif
