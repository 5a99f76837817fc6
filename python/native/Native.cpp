//===- Native.cpp - the module ignis._native --------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Puts the parts together; the Python side of the API is python/ignis/_native.pyi.

#include "Native.h"

#include <cstdlib>

using namespace ignis::python;

py::object ignis::python::parseJSON(const std::string &text) {
  return py::module_::import("json").attr("loads")(text);
}

/// Before 2.12, pybind11 knows arrays as NumPy 1 lays them out; with NumPy 2 it would read and make
/// wrong ones.
static void checkNumPy() {
#if PYBIND11_VERSION_HEX < 0x020C0000
  std::string version = py::str(py::module_::import("numpy").attr("__version__"));
  if (std::atoi(version.c_str()) >= 2)
    throw py::import_error("ignis._native was built with pybind11 " +
                           std::to_string(PYBIND11_VERSION_MAJOR) + "." +
                           std::to_string(PYBIND11_VERSION_MINOR) +
                           ", which needs NumPy 1; expected numpy<2, got " + version);
#endif
}

PYBIND11_MODULE(_native, module) {
  checkNumPy();
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
