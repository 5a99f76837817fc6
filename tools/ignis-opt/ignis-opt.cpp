//===- ignis-opt.cpp - runs passes on modules -------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every dialect, pass and pipeline of ignis and of upstream, on text or bytecode: `ignis-opt
// --help`.

#include "ignis/InitAll.h"
#include "ignis/Pipelines/Report.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"

static llvm::cl::opt<std::string>
    reportFile("ignis-report", llvm::cl::value_desc("FILE.json"),
               llvm::cl::desc("Facts after every pass (docs/Reports.md)"));

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  mlir::DialectRegistry registry;
  ignis::registerAll(registry);
  auto [input, output] =
      mlir::registerAndParseCLIOptions(argc, argv, "ignis optimizer and pass driver\n", registry);
  mlir::MlirOptMainConfig config = mlir::MlirOptMainConfig::createFromCLOptions();
  ignis::Report report;
  if (!reportFile.empty()) {
    mlir::MlirOptMainConfig parsed = config;
    config.setPassPipelineSetupFn([parsed, &report](mlir::PassManager &manager) {
      if (mlir::failed(parsed.setupPassPipeline(manager)))
        return mlir::failure();
      report.attach(manager);
      return mlir::success();
    });
  }
  auto fail = [](const llvm::Twine &message) {
    llvm::errs() << "ignis-opt: " << message << '\n';
    return 1;
  };
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(input, /*IsText=*/true);
  if (!buffer)
    return fail(input + ": " + buffer.getError().message());
  std::error_code error;
  llvm::ToolOutputFile file(output, error, llvm::sys::fs::OF_None);
  if (error)
    return fail(output + ": " + error.message());
  mlir::LogicalResult result = mlir::MlirOptMain(file.os(), std::move(*buffer), registry, config);
  if (!reportFile.empty()) {
    llvm::ToolOutputFile out(reportFile, error, llvm::sys::fs::OF_Text);
    if (error)
      return fail(reportFile + ": " + error.message());
    out.os() << report.json();
    out.keep();
  }
  if (mlir::failed(result))
    return 1;
  file.keep();
  return 0;
}
