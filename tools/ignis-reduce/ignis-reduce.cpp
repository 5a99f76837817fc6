//===- ignis-reduce.cpp - the smallest module that a command finds interesting ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// mlir-reduce with the dialects of ignis and a pattern that can take its graphs apart:
// `ignis-reduce FILE.mlir -o SMALL.mlir -- COMMAND ...`. The command gets a file after its
// arguments and ends with a status other than 0 if the module in it is interesting, as mlir-reduce
// has it; `python3 -m ignis check --interesting=meaning` is such a command.

#include "ReduceFunction.h"

#include "ignis/InitAll.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Reducer/Passes.h"
#include "mlir/Reducer/Tester.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/ToolOutputFile.h"

namespace cl = llvm::cl;
using namespace mlir;

static cl::OptionCategory category("Reduction");
static cl::opt<std::string> input(cl::Positional, cl::desc("FILE.mlir -- COMMAND ..."),
                                  cl::init("-"), cl::cat(category));
static cl::opt<std::string> output("o", cl::desc("Where the reduced module goes (stdout)"),
                                   cl::value_desc("FILE"), cl::init("-"), cl::cat(category));

static int fail(const llvm::Twine &message, int code = 1) {
  llvm::errs() << "ignis-reduce: " << message << '\n';
  return code;
}

/// Variants of a module need not be valid: only what is said about the input is of interest.
static void keepFirstError(MLIRContext &context, std::string &first) {
  context.getDiagEngine().registerHandler([&first](Diagnostic &diagnostic) {
    if (!first.empty() || diagnostic.getSeverity() != DiagnosticSeverity::Error)
      return success();
    if (auto place = dyn_cast<FileLineColLoc>(diagnostic.getLocation()))
      first = (place.getFilename().getValue() + ":" + llvm::Twine(place.getLine()) + ":" +
               llvm::Twine(place.getColumn()) + ": ")
                  .str();
    first += diagnostic.str();
    return success();
  });
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  int own = 0;
  while (own < argc && llvm::StringRef(argv[own]) != "--")
    ++own;
  std::vector<std::string> command(argv + std::min(own + 1, argc), argv + argc);
  cl::SetVersionPrinter([](llvm::raw_ostream &os) {
    os << "ignis " IGNIS_VERSION ", LLVM " LLVM_VERSION_STRING "\n";
  });
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(own, argv, "ignis-reduce: mlir-reduce for ignis\n",
                                   &llvm::errs()))
    return 2;
  if (command.empty())
    return fail("expected '-- COMMAND ...' behind the options, got no command", 2);
  if (!llvm::sys::findProgramByName(command.front()))
    return fail("no program '" + command.front() + "'");
  llvm::ErrorOr<std::string> env = llvm::sys::findProgramByName("env");
  if (!env)
    return fail("no program 'env'");

  DialectRegistry registry;
  ignis::registerAll(registry);
  ignis::registerReductionPatterns(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  std::string error;
  keepFirstError(context, error);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(input, ParserConfig(&context));
  if (!module)
    return fail(error.empty() ? input + ": cannot be read" : error);

  // env: the tester gives its program the file's name for its own.
  ReductionTreePassOptions options;
  options.testerName = *env;
  options.testerArgs.assign(command.begin(), command.end());
  Tester tester(options.testerName, options.testerArgs);
  OwningOpRef<ModuleOp> nothing = ModuleOp::create(UnknownLoc::get(&context));
  if (tester.isInteresting(*nothing).first != Tester::Interestingness::False)
    return fail("the command finds even an empty module interesting: expected status 0 of it");
  if (tester.isInteresting(*module).first != Tester::Interestingness::True)
    return fail(input + ": not interesting to the command, which ends with status 0");

  PassManager manager(&context);
  manager.enableVerifier(false);
  manager.addPass(createReductionTreePass(options));
  if (failed(manager.run(*module)))
    return fail(input + ": the reduction failed" + (error.empty() ? "" : ": " + error));

  std::error_code code;
  llvm::ToolOutputFile file(output, code, llvm::sys::fs::OF_None);
  if (code)
    return fail(output + ": " + code.message());
  module->print(file.os());
  file.os().flush();
  if (file.os().has_error()) {
    std::string reason = file.os().error().message();
    file.os().clear_error();
    return fail(output + ": " + reason);
  }
  file.keep();
  return 0;
}
