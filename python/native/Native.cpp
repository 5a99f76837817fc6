//===- Native.cpp - the module ignis._native --------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Puts the parts together; the Python side of the API is python/ignis/_native.pyi.

#include "Native.h"

using namespace ignis::python;

py::object ignis::python::parseJSON(const std::string &text) {
  return py::module_::import("json").attr("loads")(text);
}

PYBIND11_MODULE(_native, module) {
  module.doc() =
      "The compiler, the planners and the runtime of ignis. Shapes are (rows, columns), sizes are "
      "bytes, times are seconds.";
  module.attr("__version__") = IGNIS_VERSION;
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer)
        std::rethrow_exception(pointer);
    } catch (const InputError &error) {
      py::object type = py::module_::import("ignis.errors").attr("InputError");
      PyErr_SetString(type.ptr(), error.what());
    }
  });
  bindModel(module);
  bindModule(module);
  bindExtract(module);
  bindPasses(module);
  bindPlanner(module);
  bindCompiled(module);
  bindSession(module);
}
