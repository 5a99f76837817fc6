//===- IRDump.cpp - one file per pass ---------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See IRDump.h.

#include "ignis/Pipelines/IRDump.h"

#include "LineDiff.h"

#include "ignis/Pipelines/Passes.h"

#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"

using namespace mlir;

namespace {
std::string textOf(Operation *op) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  op->print(stream, OpPrintingFlags().useLocalScope());
  stream << '\n';
  return text;
}

class Dumper : public PassInstrumentation {
public:
  Dumper(std::string directory, int &number) : directory(std::move(directory)), number(number) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    if (!isLeftOut(pass))
      before = textOf(op);
  }
  void runAfterPass(Pass *pass, Operation *op) override {
    if (!isLeftOut(pass))
      write(pass, op);
  }
  void runAfterPassFailed(Pass *pass, Operation *op) override { runAfterPass(pass, op); }

private:
  /// Adaptors that run other passes, and checks.
  static bool isLeftOut(Pass *pass) {
    return pass->getArgument().empty() || ignis::isCheck(pass->getArgument());
  }

  void write(Pass *pass, Operation *op) {
    std::string stem = llvm::formatv("{0,0+3}-{1}", number++, pass->getArgument());
    if (auto symbol = op->getAttrOfType<StringAttr>(SymbolTable::getSymbolAttrName()))
      stem += "-" + symbol.getValue().str();
    std::string after = textOf(op);
    save(op, stem + ".mlir", after);
    if (after != before)
      save(op, stem + ".diff", ignis::unifiedDiff(before, after, "before", stem + ".mlir"));
  }

  void save(Operation *op, const std::string &name, const std::string &text) {
    llvm::SmallString<128> path(directory);
    llvm::sys::path::append(path, name);
    std::error_code error;
    llvm::raw_fd_ostream stream(path, error);
    if (error) {
      op->emitWarning() << "cannot write " << path << ": " << error.message();
      return;
    }
    stream << text;
  }

  std::string directory, before;
  int &number;
};
} // namespace

std::error_code ignis::dumpAfterEachPass(PassManager &manager, const std::string &directory,
                                         int &number) {
  if (std::error_code error = llvm::sys::fs::create_directories(directory))
    return error;
  if (!llvm::sys::fs::is_directory(directory))
    return std::make_error_code(std::errc::not_a_directory);
  // Says before the first pass that nothing can be written.
  llvm::SmallString<128> probe(directory), made;
  llvm::sys::path::append(probe, "%%%%%%.tmp");
  int descriptor;
  if (std::error_code error = llvm::sys::fs::createUniqueFile(probe, descriptor, made))
    return error;
  llvm::sys::Process::SafelyCloseFileDescriptor(descriptor);
  llvm::sys::fs::remove(made);
  manager.getContext()->disableMultithreading(); // Files are numbered, reproducers are of one pass.
  llvm::SmallString<128> reproducer(directory);
  llvm::sys::path::append(reproducer, "reproducer.mlir");
  llvm::sys::fs::remove(reproducer);
  manager.enableCrashReproducerGeneration(reproducer, /*genLocalReproducer=*/true);
  manager.addInstrumentation(std::make_unique<Dumper>(directory, number));
  return {};
}
