//===- CompilerLibrary.cpp - the compiler, opened on demand -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See CompilerLibrary.h.

#include "ignis/Runtime/CompilerLibrary.h"

#include "ignis/Execution/ModuleSeal.h"
#include "ignis/Kernels/CPUFeatures.h"

#include "llvm/Support/MemoryBuffer.h"

#include <cstring>
#include <dlfcn.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

using namespace ignis;
using namespace ignis::runtime;

std::string ignis::runtime::compilerLibraryPath() {
  if (const char *path = std::getenv("IGNIS_COMPILER_LIBRARY"); path && *path)
    return path;
#ifdef __APPLE__
  const char *name = "libIgnisCompiler.dylib";
#else
  const char *name = "libIgnisCompiler.so";
#endif
  Dl_info info;
  // A program that is linked with the compiler (the Python module) has it already.
  if (void *loaded = dlsym(RTLD_DEFAULT, "ignis_compiler_create"))
    if (dladdr(loaded, &info) && info.dli_fname)
      return info.dli_fname;
  std::string program;
  if (dladdr(reinterpret_cast<void *>(&compilerLibraryPath), &info) && info.dli_fname)
    program = info.dli_fname;
#ifdef __linux__
  char buffer[4096];
  ssize_t length = readlink("/proc/self/exe", buffer, sizeof(buffer));
  if (length > 0)
    program.assign(buffer, static_cast<size_t>(length));
#endif
  size_t slash = program.rfind('/');
  std::string directory = slash == std::string::npos ? "." : program.substr(0, slash);
  return directory + "/../lib/" + name;
}

/// A compilation allocates and frees tens of megabytes many times over. Without room at the heap's
/// top each time goes to the system and back, page by page.
static void keepHeap() {
#ifdef __GLIBC__
  mallopt(M_TOP_PAD, 16 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
#endif
}

llvm::Expected<Compiler *> ignis::runtime::openCompiler() {
  static Compiler *compiler = nullptr;
  if (compiler)
    return compiler;
  std::string path = compilerLibraryPath();
  keepHeap();
  // Lazily: MLIR calls LLVM by thousands of symbols, of which one compilation needs few.
  void *library = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (!library)
    return llvm::createStringError(std::string("cannot load the compiler: ") + dlerror());
  auto create = reinterpret_cast<CompilerCreate>(dlsym(library, "ignis_compiler_create"));
  compiler = create ? create(kCompilerInterface) : nullptr;
  if (!compiler)
    return llvm::createStringError(path + " is no ignis compiler of this version");
  return compiler;
}

namespace {
struct Import {
  const char *name;
  void *address;
};

class LoadedModel final : public CompiledModel {
public:
  LoadedModel(void *library, std::string manifest) : library(library), json(std::move(manifest)) {}
  ~LoadedModel() override { dlclose(library); }
  IgnisEntry entry(const std::string &name) const override {
    return reinterpret_cast<IgnisEntry>(dlsym(library, ("ignis_entry_" + name).c_str()));
  }
  const std::string &manifest() const override { return json; }

private:
  void *library;
  std::string json;
};
} // namespace

llvm::Expected<std::shared_ptr<CompiledModel>>
ignis::runtime::loadModule(const std::string &path, const SymbolBindings &bindings) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, false);
  if (!buffer)
    return llvm::createStringError("cannot load module " + path + ": " +
                                   buffer.getError().message());
  if (!isSealed((*buffer)->getBuffer()))
    return llvm::createStringError("cannot load module " + path + ": damaged, or not made by " +
                                   "ignis-run --emit=so");
  std::string name = path.find('/') == std::string::npos ? "./" + path : path;
  void *library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return llvm::createStringError(std::string("cannot load module: ") + dlerror());
  auto *manifest = static_cast<const char *>(dlsym(library, "ignis_manifest"));
  auto *imports = static_cast<Import *>(dlsym(library, "ignis_imports"));
  auto *features = static_cast<const char *>(dlsym(library, "ignis_cpu_features"));
  if (!manifest || !imports || !features) {
    dlclose(library);
    return llvm::createStringError("cannot load module " + path +
                                   ": made by another version of ignis");
  }
  if (std::string missing = kernels::missingOf(features); !missing.empty()) {
    dlclose(library);
    return llvm::createStringError("cannot load module " + path + ": it needs " + missing +
                                   ", which this machine lacks (compile it with another --cpu)");
  }
  for (Import *import = imports; import->name; ++import) {
    for (auto &[symbol, address] : bindings)
      if (symbol == import->name)
        import->address = address;
    if (!import->address) {
      std::string missing = import->name;
      dlclose(library);
      return llvm::createStringError(path + ": wants '" + missing +
                                     "', which this version does not have");
    }
  }
  return std::make_shared<LoadedModel>(library, manifest);
}
