//===- ignis-opt.cpp - runs passes on modules -------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Every dialect, pass and pipeline of ignis and of upstream, on text or bytecode: `ignis-opt
// --help`.

#include "ignis/InitAll.h"
#include "ignis/Pipelines/Contracts.h"
#include "ignis/Pipelines/IRDump.h"
#include "ignis/Pipelines/Passes.h"
#include "ignis/Pipelines/Report.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"

namespace cl = llvm::cl;

static cl::opt<std::string> reportFile("ignis-report", cl::value_desc("FILE.json"),
                                       cl::desc("Facts after every pass (docs/Reports.md)"));
static cl::opt<std::string>
    dumpDir("ignis-dump-ir", cl::value_desc("DIR"),
            cl::desc("The IR after every pass and what it changed; a reproducer if one fails"));
static cl::opt<std::string>
    listPasses("ignis-list-passes", cl::ValueOptional, cl::value_desc("json|text"),
               cl::desc("Passes with their options and contracts (docs/Contracts.md)"));
static cl::opt<bool>
    verifyContracts("ignis-verify-contracts",
                    cl::desc("Compare each pass with its contract while the pipeline runs"));
static cl::list<std::string>
    forget("ignis-forget-established", cl::value_desc("PASS:FACT"), cl::Hidden,
           cl::desc("For tests: as if the contract of PASS did not establish FACT"));

static cl::opt<std::string> input(cl::Positional, cl::desc("<input file>"), cl::init("-"));
static cl::opt<std::string> output("o", cl::desc("Output filename"), cl::value_desc("filename"),
                                   cl::init("-"));

static int fail(const llvm::Twine &message) {
  llvm::errs() << "ignis-opt: " << message << '\n';
  return 1;
}

/// Fills `manager` with the pipeline of `config`, the check of its contracts first.
static mlir::LogicalResult setUp(const mlir::MlirOptMainConfig &config,
                                 mlir::PassManager &manager) {
  llvm::StringRef anchor = mlir::ModuleOp::getOperationName();
  ignis::CheckContractsOptions options;
  if (manager.getOpAnchorName() == anchor) {
    mlir::PassManager rehearsal(manager.getContext(), anchor, mlir::PassManager::Nesting::Implicit);
    if (mlir::failed(config.setupPassPipeline(rehearsal)))
      return mlir::failure();
    for (const std::string &pass : ignis::flattenPipeline(rehearsal))
      options.passes.push_back(pass);
  }
  bool check = llvm::any_of(options.passes,
                            [](const std::string &pass) { return ignis::lookupContract(pass); });
  if (check)
    manager.addPass(ignis::createCheckContracts(options));
  if (mlir::failed(config.setupPassPipeline(manager)))
    return mlir::failure();
  if (!check || ignis::flattenPipeline(manager).size() > options.passes.size())
    return mlir::success();
  // --pass-pipeline replaces what is there; its text takes the check well.
  std::string text;
  llvm::raw_string_ostream stream(text);
  manager.printAsTextualPipeline(stream);
  llvm::StringRef rest = text;
  if (!rest.consume_front(anchor) || !rest.consume_front("("))
    return mlir::failure();
  std::string whole =
      (anchor + "(ignis-check-contracts{passes=" + llvm::join(options.passes, ",") + "}," + rest)
          .str();
  mlir::FailureOr<mlir::OpPassManager> parsed = mlir::parsePassPipeline(whole);
  if (mlir::failed(parsed))
    return mlir::failure();
  static_cast<mlir::OpPassManager &>(manager) = std::move(*parsed);
  return mlir::success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  mlir::DialectRegistry registry;
  ignis::registerAll(registry);
  cl::SetVersionPrinter([](llvm::raw_ostream &os) {
    os << "ignis " IGNIS_VERSION ", LLVM " LLVM_VERSION_STRING "\n";
  });
  // Not parseCLIOptions, which ends the process with 1 for bad usage.
  std::string header = mlir::registerCLIOptions("ignis optimizer and pass driver\n", registry);
  if (!cl::ParseCommandLineOptions(argc, argv, header, &llvm::errs()))
    return 2;
  if (listPasses.getNumOccurrences()) {
    if (listPasses != "json" && listPasses != "text" && !listPasses.empty())
      return fail("--ignis-list-passes is '" + listPasses + "', expected json or text");
    llvm::outs() << (listPasses == "json" ? ignis::contractsJSON() : ignis::contractsText());
    return 0;
  }
  for (const std::string &entry : forget)
    if (auto [pass, fact] = llvm::StringRef(entry).split(':');
        !ignis::forgetEstablished(pass, fact))
      return fail("'" + pass + "' does not establish '" + fact + "'");

  mlir::MlirOptMainConfig parsed = mlir::MlirOptMainConfig::createFromCLOptions(), config = parsed;
  ignis::Report report;
  bool broken = false;
  int dumped = 0;
  config.setPassPipelineSetupFn([&](mlir::PassManager &manager) {
    if (mlir::failed(setUp(parsed, manager)))
      return mlir::failure();
    if (!reportFile.empty())
      report.attach(manager);
    if (!dumpDir.empty())
      if (std::error_code error = ignis::dumpAfterEachPass(manager, dumpDir, dumped))
        return mlir::LogicalResult(mlir::failure(fail(dumpDir + ": " + error.message())));
    if (verifyContracts)
      ignis::verifyContractsWhileRunning(manager, &broken);
    return mlir::success();
  });
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(input, /*IsText=*/true);
  if (!buffer)
    return fail(input + ": " + buffer.getError().message());
  std::error_code error;
  llvm::ToolOutputFile file(output, error, llvm::sys::fs::OF_None);
  if (error)
    return fail(output + ": " + error.message());
  std::unique_ptr<llvm::ToolOutputFile> facts; // Opened before anything is printed.
  if (!reportFile.empty())
    facts = std::make_unique<llvm::ToolOutputFile>(reportFile, error, llvm::sys::fs::OF_Text);
  if (error)
    return fail(reportFile + ": " + error.message());
  mlir::LogicalResult result = mlir::MlirOptMain(file.os(), std::move(*buffer), registry, config);
  if (facts) {
    facts->os() << report.json();
    facts->keep();
  }
  if (mlir::failed(result) || broken)
    return 1;
  file.keep();
  return 0;
}
