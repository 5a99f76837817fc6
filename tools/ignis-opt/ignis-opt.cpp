//===- ignis-opt.cpp - runs passes on modules ----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every dialect, pass and pipeline of ignis and of upstream, on text or bytecode: `ignis-opt --help`.

#include "ignis/InitAll.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  ignis::registerAll(registry);
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "ignis optimizer and pass driver\n", registry));
}
