//===- Native.h - what the parts of ignis._native share ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Rules of this border. Every call that may last releases the interpreter's lock and is
// interruptible: a flag is raised by Ctrl-C and asked for between passes, chunks, tokens and search
// steps. Exceptions never cross code of LLVM, MLIR or ignis, which is compiled without them:
// callbacks only note what happened, and the binding throws once the call has returned. Bad input
// is `ignis.errors.InputError`.

#ifndef IGNIS_PYTHON_NATIVE_H
#define IGNIS_PYTHON_NATIVE_H

#include "ignis/GGUF/File.h"
#include "ignis/Runtime/Session.h"
#include "ignis/Tokenizer/Tokenizer.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>

namespace ignis::python {
namespace py = pybind11;

/// Becomes ignis.errors.InputError.
struct InputError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void check(llvm::Error error) {
  if (error)
    throw InputError(llvm::toString(std::move(error)));
}
template <typename T> T check(llvm::Expected<T> value) {
  if (!value)
    throw InputError(llvm::toString(value.takeError()));
  return std::move(*value);
}

/// Watches for Ctrl-C during one long call, which runs without the interpreter's lock.
class Interrupt {
public:
  /// Takes the interpreter's lock for a moment (at most every 20 ms) and asks for signals. Callable
  /// from the thread that made the call, without the lock.
  bool pending();
  /// Runs `work` on another thread while this one asks; for work that only looks at `stop()`.
  void runAside(const std::function<void()> &work);
  const std::atomic<bool> &stop() const { return raised; }
  /// With the lock held: raises what the signal's handler raised, if it did.
  void rethrow();

private:
  std::atomic<bool> raised{false};
  double last = 0;
  std::unique_ptr<py::error_already_set> error;
};

/// The one MLIR context of the process. Its lock is held by whoever changes IR; code that takes it
/// must not hold the interpreter's.
mlir::MLIRContext &irContext();
std::mutex &irLock();

/// A module of IR, immutable as Python sees it.
struct Module {
  mlir::OwningOpRef<mlir::ModuleOp> op;
  std::string hash; ///< 128 bits of the text, in hexadecimal
};
/// With the IR lock held: fills in the hash.
std::shared_ptr<Module> wrap(mlir::OwningOpRef<mlir::ModuleOp> op);

/// An open GGUF file.
struct Model {
  gguf::File file;
  std::unique_ptr<tokenizer::Tokenizer> tokenizer; ///< made when first needed
  const tokenizer::Tokenizer &getTokenizer();
};

void bindModel(py::module_ &module);
void bindModule(py::module_ &module);
void bindExtract(py::module_ &module);
void bindPasses(py::module_ &module);
void bindPlanner(py::module_ &module);
void bindCompiled(py::module_ &module);
void bindSession(py::module_ &module);

/// json.loads.
py::object parseJSON(const std::string &text);

} // namespace ignis::python

#endif
