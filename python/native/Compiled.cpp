//===- Compiled.cpp - compilation for Python --------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The door of CompilerAPI.h, and what comes out of it.

#include "Compiled.h"

#include "../../tools/Common/LoadedModel.h"

#include "mlir/Bytecode/BytecodeWriter.h"

#include <optional>

#include <pybind11/stl.h>

using namespace ignis;
using namespace ignis::python;

/// Fills in what the machine and the model decide.
static const kernels::Variant *complete(tools::ModelOptions &options, const Model &model) {
  return check(tools::completeOptions(options, model.file));
}

static tools::ModelOptions makeOptions(const Model &model, const ignis::python::Module *module,
                                       const std::string &pipeline, const std::string &cpu,
                                       const std::string &kernels, const std::string &lowering,
                                       const std::string &kv, int64_t context, int64_t chunk,
                                       const std::vector<std::string> &entries,
                                       const std::string &cache) {
  if (kv != "f16" && kv != "f32")
    throw InputError("kv is '" + kv + "', expected f16 or f32");
  if (context < 0 || chunk < 0)
    throw InputError("context is " + std::to_string(context) + " and chunk " +
                     std::to_string(chunk) + ", expected 0 or more");
  tools::ModelOptions options;
  options.compile.modelPath = model.file.path();
  options.compile.pipeline = pipeline;
  options.compile.cpu = cpu;
  options.compile.lowering = lowering;
  options.compile.kvType = kv;
  options.compile.context = context;
  options.compile.chunk = chunk;
  options.compile.entries = entries;
  options.kernelsName = kernels;
  options.cacheDirectory = cache;
  if (module) {
    py::gil_scoped_release release;
    std::lock_guard<std::mutex> lock(irLock());
    llvm::raw_string_ostream stream(options.compile.moduleText);
    (void)mlir::writeBytecodeToFile(*const_cast<ignis::python::Module *>(module)->op, stream);
  }
  return options;
}

/// Compiles aside, so that Ctrl-C is noticed; what was begun is finished first.
static std::shared_ptr<Compiled> compile(std::shared_ptr<Model> model,
                                         tools::ModelOptions options) {
  auto compiled = std::make_shared<Compiled>();
  compiled->model = model;
  compiled->variant = complete(options, *model);
  compiled->options = options;
  std::optional<llvm::Expected<std::shared_ptr<CompiledModel>>> result;
  Interrupt interrupt;
  tools::LoadTimes times;
  {
    py::gil_scoped_release release;
    interrupt.runAside([&] {
      result.emplace(tools::compileModel(options, model->file, *compiled->variant, times));
    });
  }
  if (*result)
    compiled->code = std::move(**result);
  else if (!interrupt.stop())
    throw InputError(llvm::toString(result->takeError()));
  else
    llvm::consumeError(result->takeError());
  interrupt.rethrow();
  compiled->seconds = times.compile;
  compiled->cached = times.cached;
  return compiled;
}

static std::string emit(const Model &model, tools::ModelOptions options, const std::string &phase) {
  complete(options, model);
  std::string text, error;
  bool ok = false;
  llvm::Expected<Compiler *> compiler = runtime::openCompiler();
  Compiler *opened = check(std::move(compiler));
  Interrupt interrupt;
  {
    py::gil_scoped_release release;
    interrupt.runAside([&] { ok = opened->emit(options.compile, phase, text, error); });
  }
  interrupt.rethrow();
  if (!ok)
    throw InputError(error);
  return text;
}

void ignis::python::bindCompiled(py::module_ &module) {
  py::class_<Compiled, std::shared_ptr<Compiled>>(module, "Compiled",
                                                  "Code in memory, ready for sessions.")
      .def_property_readonly(
          "manifest", [](const Compiled &self) { return parseJSON(self.code->manifest()); },
          "What the code wants from the runtime (docs/Execution.md).")
      .def_readonly("seconds", &Compiled::seconds, "Of the compilation.")
      .def_readonly("cached", &Compiled::cached, "Whether it came from the module cache.");
  module.def(
      "compile",
      [](std::shared_ptr<Model> model, const ignis::python::Module *ir, const std::string &pipeline,
         const std::string &cpu, const std::string &kernels, const std::string &lowering,
         const std::string &kv, int64_t context, int64_t chunk,
         const std::vector<std::string> &entries, const std::string &cache) {
        return compile(model, makeOptions(*model, ir, pipeline, cpu, kernels, lowering, kv, context,
                                          chunk, entries, cache));
      },
      py::arg("model"), py::arg("module") = nullptr, py::kw_only(), py::arg("pipeline") = "",
      py::arg("cpu") = "host", py::arg("kernels") = "", py::arg("lowering") = "kernels",
      py::arg("kv") = "f16", py::arg("context") = 0, py::arg("chunk") = 0,
      py::arg("entries") = std::vector<std::string>(), py::arg("cache") = "off",
      "Compiles a module (or the model's import) for this machine. A module goes on from the phase "
      "that it is at. `context` and `chunk` of 0 are the model's; they count for the import "
      "alone.");
  module.def(
      "emit",
      [](std::shared_ptr<Model> model, const std::string &phase, const ignis::python::Module *ir,
         const std::string &pipeline, const std::string &cpu, const std::string &kernels,
         const std::string &lowering, const std::string &kv, int64_t context, int64_t chunk,
         const std::vector<std::string> &entries) {
        return py::bytes(emit(*model,
                              makeOptions(*model, ir, pipeline, cpu, kernels, lowering, kv, context,
                                          chunk, entries, "off"),
                              phase));
      },
      py::arg("model"), py::arg("phase"), py::arg("module") = nullptr, py::kw_only(),
      py::arg("pipeline") = "", py::arg("cpu") = "host", py::arg("kernels") = "",
      py::arg("lowering") = "kernels", py::arg("kv") = "f16", py::arg("context") = 0,
      py::arg("chunk") = 0, py::arg("entries") = std::vector<std::string>(),
      "Text or bytes of a phase, as `ignis-run --emit` prints them.");
}
