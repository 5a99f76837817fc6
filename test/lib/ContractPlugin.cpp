//===- ContractPlugin.cpp - a plugin with passes, a fact and contracts ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// For test/Pipelines/contract-plugin.mlir, and an example of --load-pass-plugin.

#include "ignis/Pipelines/Contracts.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

using namespace mlir;

namespace {
constexpr llvm::StringLiteral kMark = "test.mark";

struct MarkPass : PassWrapper<MarkPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(MarkPass)
  StringRef getArgument() const final { return "test-mark"; }
  StringRef getDescription() const final { return "set the mark"; }
  void runOnOperation() final { getOperation()->setAttr(kMark, UnitAttr::get(&getContext())); }
};

struct UnmarkPass : PassWrapper<UnmarkPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(UnmarkPass)
  StringRef getArgument() const final { return "test-unmark"; }
  StringRef getDescription() const final { return "take the mark away and not say so"; }
  void runOnOperation() final { getOperation()->removeAttr(kMark); }
};

struct NeedsMarkPass : PassWrapper<NeedsMarkPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(NeedsMarkPass)
  StringRef getArgument() const final { return "test-needs-mark"; }
  StringRef getDescription() const final { return "do nothing"; }
  void runOnOperation() final {}
};

void registerPlugin() {
  PassRegistration<MarkPass>();
  PassRegistration<UnmarkPass>();
  PassRegistration<NeedsMarkPass>();
  ignis::registerFact({"marked", "the module has the attribute test.mark",
                       [](Operation *root) { return root->hasAttr(kMark) ? nullptr : root; }});
  ignis::registerContract("test-mark", "", "marked", "");
  ignis::registerContract("test-unmark", "", "", "");
  ignis::registerContract("test-needs-mark", "marked", "", "");
}
} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "ignis-contract-test", "1", registerPlugin};
}
