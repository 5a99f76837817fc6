//===- IRDump.cpp - one file per pass ---------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See IRDump.h.

#include "IRDump.h"

#include "ignis/Pipelines/Passes.h"

#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace {
class Dumper : public PassInstrumentation {
public:
  Dumper(std::string directory, int &number) : directory(std::move(directory)), number(number) {}

  void runAfterPass(Pass *pass, Operation *op) override { write(pass, op); }
  void runAfterPassFailed(Pass *pass, Operation *op) override { write(pass, op); }

private:
  void write(Pass *pass, Operation *op) {
    StringRef name = pass->getArgument();
    if (name.empty() || ignis::isCheck(name))
      return; // Adaptors that run other passes, and checks.
    std::string file = llvm::formatv("{0,0+3}-{1}", number++, name);
    if (auto symbol = op->getAttrOfType<StringAttr>(SymbolTable::getSymbolAttrName()))
      file += "-" + symbol.getValue().str();
    llvm::SmallString<128> path(directory);
    llvm::sys::path::append(path, file + ".mlir");
    std::error_code error;
    llvm::raw_fd_ostream stream(path, error);
    if (error) {
      op->emitWarning() << "cannot write " << path << ": " << error.message();
      return;
    }
    op->print(stream);
    stream << '\n';
  }

  std::string directory;
  int &number;
};
} // namespace

void ignis::dumpAfterEachPass(PassManager &manager, const std::string &directory, int &number) {
  manager.addInstrumentation(std::make_unique<Dumper>(directory, number));
}
