//===- Passes.cpp - pipelines for Python ------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Runs a textual pipeline on a copy of a module; lists passes; loads plugins.

#include "Native.h"

#include "ignis/Pipelines/Contracts.h"
#include "ignis/Pipelines/Report.h"
#include "ignis/Runtime/CompilerLibrary.h"

#include "mlir/IR/Action.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

#include "llvm/Config/llvm-config.h"

#include <chrono>

#include <pybind11/stl.h>

using namespace mlir;
using namespace ignis;
using namespace ignis::python;

namespace {
/// Parses with or without the anchor that ignis-opt's --pass-pipeline has.
LogicalResult parseInto(StringRef text, PassManager &manager, std::string &message) {
  text = text.trim();
  llvm::raw_string_ostream stream(message);
  if (text.consume_front("builtin.module(") && !text.consume_back(")")) {
    stream << "expected ')' at its end";
    return failure();
  }
  return parsePassPipeline(text, manager, stream);
}

/// What parseInto() had to say, on one line. LLVM's option parser prints some of it on stderr
/// instead.
std::string parseFailure(StringRef message) {
  StringRef line = message.trim().split('\n').first;
  return "pass pipeline: " + (line.empty() ? "the value of an option cannot be read" : line.str());
}

struct RunResult {
  std::shared_ptr<ignis::python::Module> module;
  std::string report;
  double seconds = 0;
  std::vector<std::string> notes; ///< warnings and remarks
};

RunResult runPipeline(const ignis::python::Module &input, const std::string &pipeline, bool verify,
                      bool reported) {
  Interrupt interrupt;
  RunResult result;
  std::string message;
  bool ok = false;
  {
    py::gil_scoped_release release;
    std::lock_guard<std::mutex> lock(irLock());
    MLIRContext &context = irContext();
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() != DiagnosticSeverity::Error) {
        result.notes.push_back(diagnostic.str());
        return;
      }
      if (!message.empty())
        return;
      message = diagnostic.str();
    });
    PassManager manager(&context, ModuleOp::getOperationName());
    manager.enableVerifier(verify);
    std::string parseMessage;
    if (failed(parseInto(pipeline, manager, parseMessage))) {
      message = parseFailure(parseMessage);
    } else {
      Report report;
      if (reported)
        report.attach(manager);
      OwningOpRef<ModuleOp> copy = cast<ModuleOp>((*input.op)->clone());
      // Once Ctrl-C was pressed, the passes that are left are skipped.
      context.registerActionHandler(
          [&](llvm::function_ref<void()> transform, const tracing::Action &action) {
            if (isa<PassExecutionAction>(action) && interrupt.pending())
              return;
            transform();
          });
      // What passes say of their work comes to the handler above; nothing is written to a stream.
      remark::RemarkCategories categories;
      categories.passed = "ignis";
      (void)remark::enableOptimizationRemarks(
          context, nullptr, std::make_unique<remark::RemarkEmittingPolicyAll>(), categories,
          /*printAsEmitRemarks=*/true);
      auto begin = std::chrono::steady_clock::now();
      ok = succeeded(manager.run(*copy));
      result.seconds =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      context.registerActionHandler(nullptr);
      context.setRemarkEngine(nullptr);
      if (ok && !interrupt.stop()) {
        result.module = wrap(std::move(copy));
        if (reported)
          result.report = report.json();
      }
    }
  }
  interrupt.rethrow();
  if (!ok)
    throw InputError(message.empty() ? "a pass failed without a diagnostic" : message);
  return result;
}

void loadPlugin(const std::string &path) {
  irContext(); // passes of ignis first: a plugin's contracts name them
  auto plugin = PassPlugin::load(path);
  if (!plugin)
    throw InputError(llvm::toString(plugin.takeError()));
  plugin->registerPassRegistryCallbacks();
}
} // namespace

void ignis::python::bindPasses(py::module_ &module) {
  module.def(
      "run_pipeline",
      [](const ignis::python::Module &input, const std::string &pipeline, bool verify,
         bool report) {
        RunResult result = runPipeline(input, pipeline, verify, report);
        return py::make_tuple(result.module,
                              report ? parseJSON(result.report) : py::object(py::none()),
                              result.seconds, result.notes);
      },
      py::arg("module"), py::arg("pipeline"), py::arg("verify") = true, py::arg("report") = false,
      "(new module, report as ignis-opt --ignis-report writes it or None, seconds, remarks). "
      "InputError with the diagnostic if a pass fails; Ctrl-C skips the passes that are left.");
  module.def(
      "check_pipeline",
      [](const std::string &pipeline) {
        std::string message, text;
        bool ok;
        {
          py::gil_scoped_release release;
          std::lock_guard<std::mutex> lock(irLock());
          PassManager manager(&irContext(), ModuleOp::getOperationName());
          ok = succeeded(parseInto(pipeline, manager, message));
          llvm::raw_string_ostream stream(text);
          if (ok)
            manager.printAsTextualPipeline(stream);
        }
        if (!ok)
          throw InputError(parseFailure(message));
        return text;
      },
      py::arg("pipeline"),
      "The pipeline in full, with every option's value; InputError if it is none.");
  module.def(
      "contracts",
      [] {
        irContext(); // registers passes and contracts
        return parseJSON(contractsJSON());
      },
      "Facts, passes (name, summary, options, requires, establishes, invalidates) and pipelines, "
      "as "
      "`ignis-opt --ignis-list-passes=json` prints them.");
  module.def(
      "facts",
      [](const ignis::python::Module &input) {
        std::vector<std::string> names;
        py::gil_scoped_release release;
        std::lock_guard<std::mutex> lock(irLock());
        for (const Fact &fact : registeredFacts())
          if (!fact.findViolation(const_cast<ignis::python::Module &>(input).op->getOperation()))
            names.push_back(fact.name);
        return names;
      },
      py::arg("module"), "Names of the facts that hold of a module.");
  module.attr("llvm_version") = LLVM_VERSION_STRING;
  module.def(
      "compiler_library", [] { return runtime::compilerLibraryPath(); },
      "Path of the libIgnisCompiler.so that this process uses.");
  module.def("load_plugin", &loadPlugin, py::arg("path"),
             "Loads a pass plugin, as --load-pass-plugin of ignis-opt does.");
}
