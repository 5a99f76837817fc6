//===- ignis-lsp-server.cpp - the dialect in editors ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// MLIR's language server with every dialect that ignis uses.

#include "ignis/InitAll.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  ignis::registerDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
