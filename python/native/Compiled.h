//===- Compiled.h - compiled code that sessions share -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Between Compiled.cpp, which makes it, and Session.cpp, which runs it.

#ifndef IGNIS_PYTHON_COMPILED_H
#define IGNIS_PYTHON_COMPILED_H

#include "Native.h"

#include "../../tools/Common/LoadedModel.h"

namespace ignis::python {

struct Compiled {
  std::shared_ptr<Model> model;
  std::shared_ptr<CompiledModel> code;
  const kernels::Variant *variant = nullptr;
  tools::ModelOptions options;
  double seconds = 0;
  bool cached = false;
};

} // namespace ignis::python

#endif
