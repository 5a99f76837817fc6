//===- JIT.cpp - compiled objects in this process ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See JIT.h.

#include "JIT.h"

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"

using namespace ignis;

namespace {
class JITModel final : public CompiledModel {
public:
  JITModel(std::unique_ptr<llvm::orc::LLJIT> jit, std::string manifest)
      : jit(std::move(jit)), json(std::move(manifest)) {}

  IgnisEntry entry(const std::string &name) const override {
    auto symbol = jit->lookup("ignis_entry_" + name);
    if (!symbol) {
      llvm::consumeError(symbol.takeError());
      return nullptr;
    }
    return symbol->toPtr<IgnisEntry>();
  }
  const std::string &manifest() const override { return json; }

private:
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::string json;
};
} // namespace

llvm::Expected<std::unique_ptr<CompiledModel>>
ignis::linkObjects(llvm::ArrayRef<llvm::StringRef> objects, std::string manifest,
                   const SymbolBindings &bindings) {
  llvm::orc::LLJITBuilder builder;
  builder.setJITTargetMachineBuilder(
      llvm::orc::JITTargetMachineBuilder(llvm::Triple(llvm::sys::getProcessTriple())));
  builder.setLinkProcessSymbolsByDefault(false);
  builder.setPlatformSetUp(llvm::orc::setUpInactivePlatform);
  // Errors come back as values; nothing is printed behind the caller's back.
  auto jit = builder.create();
  if (!jit)
    return jit.takeError();
  llvm::orc::JITDylib &library = (*jit)->getMainJITDylib();
  llvm::orc::SymbolMap symbols;
  for (auto &[name, address] : bindings)
    symbols[(*jit)->mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(address),
                                              llvm::JITSymbolFlags::Exported |
                                                  llvm::JITSymbolFlags::Callable};
  if (llvm::Error error = library.define(llvm::orc::absoluteSymbols(std::move(symbols))))
    return error;
  for (auto [i, object] : llvm::enumerate(objects))
    if (llvm::Error error = (*jit)->addObjectFile(
            llvm::MemoryBuffer::getMemBufferCopy(object, "ignis." + llvm::Twine(i))))
      return error;
  return std::make_unique<JITModel>(std::move(*jit), std::move(manifest));
}
