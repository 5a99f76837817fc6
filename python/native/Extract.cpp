//===- Extract.cpp - a few ops of a function as a module of their own -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See include/ignis/Transforms/ExtractOps.h.

#include "Native.h"

#include "ignis/Transforms/ExtractOps.h"

#include "mlir/IR/Verifier.h"

#include <pybind11/stl.h>

using namespace mlir;
using namespace ignis::python;

static std::shared_ptr<ignis::python::Module> extract(const ignis::python::Module &input,
                                                      const std::string &name,
                                                      const std::vector<int64_t> &indices) {
  py::gil_scoped_release release;
  std::lock_guard<std::mutex> lock(irLock());
  auto function = const_cast<ignis::python::Module &>(input).op->lookupSymbol<func::FuncOp>(name);
  if (!function || !function.getBody().hasOneBlock())
    throw InputError("no function '" + name + "' of one block in the module");
  std::string message;
  ScopedDiagnosticHandler handler(&irContext(), [&](Diagnostic &diagnostic) {
    if (message.empty())
      message = diagnostic.str();
  });
  OwningOpRef<ModuleOp> module = ignis::extractOps(function, indices);
  if (failed(verify(*module)))
    throw InputError(message);
  return wrap(std::move(module));
}

void ignis::python::bindExtract(py::module_ &module) {
  module.def("extract", &extract, py::arg("module"), py::arg("function"), py::arg("ops"),
             "A module with one function that holds the ops of these numbers (as describe() counts "
             "them): what they read becomes arguments, tensors that they make become results.");
}
