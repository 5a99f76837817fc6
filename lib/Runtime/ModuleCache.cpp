//===- ModuleCache.cpp - compiled modules on disk ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A file is a shared object with its seal (ModuleSeal.h).

#include "ignis/Runtime/ModuleCache.h"

#include "ignis/Kernels/CPUFeatures.h"
#include "ignis/Kernels/KernelABI.h"
#include "ignis/Runtime/CompilerLibrary.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

#include <algorithm>
#include <cstring>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

using namespace ignis;
using namespace ignis::runtime;

#ifdef __APPLE__
static constexpr const char *kCacheInHome = "/Library/Caches/ignis";
#else
static constexpr const char *kCacheInHome = "/.cache/ignis";
#endif
static constexpr uint64_t kMostBytes = uint64_t(1) << 30; // of the whole cache

static llvm::ArrayRef<uint8_t> bytesOf(llvm::StringRef text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

/// The processor's make and model: code is tuned for it, not just for its features.
static std::string processor() {
  std::string text = kernels::toString(kernels::detectCPUFeatures());
#if defined(__x86_64__)
  unsigned a, b, c, d;
  for (unsigned leaf : {0u, 1u, 7u})
    if (__get_cpuid_count(leaf, 0, &a, &b, &c, &d))
      text += " " + llvm::utohexstr(a) + "," + (leaf == 1 ? "" : llvm::utohexstr(b)) + "," +
              llvm::utohexstr(c) + "," + llvm::utohexstr(d);
#elif defined(__linux__)
  if (auto info = llvm::MemoryBuffer::getFileAsStream("/proc/cpuinfo"))
    text += (*info)->getBuffer().take_front(512).str();
#endif
  return text;
}

ModuleCache::ModuleCache(const std::string &wanted) {
  if (wanted == "off")
    return;
  auto environment = [](const char *name) {
    const char *value = std::getenv(name);
    return std::string(value ? value : "");
  };
  directory = wanted.empty() ? environment("IGNIS_CACHE_DIR") : wanted;
  if (directory == "off")
    directory.clear();
  else if (directory.empty() && !environment("XDG_CACHE_HOME").empty())
    directory = environment("XDG_CACHE_HOME") + "/ignis";
  else if (directory.empty() && !environment("HOME").empty())
    directory = environment("HOME") + kCacheInHome;
}

std::string ModuleCache::key(const CompileOptions &options, const gguf::File &file) const {
  if (directory.empty() || !options.modulePath.empty() || !options.moduleText.empty() ||
      !options.dumpDir.empty())
    return "";
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << kModuleABIVersion << ' ' << kernels::kKernelABIVersion << '\n'
         << options.pipeline << '\n'
         << options.cpu << '\n'
         << options.kernels << ' ' << options.interleaved << ' ' << options.lowering << ' '
         << options.kvType << ' ' << options.context << ' ' << options.chunk << ' '
         << options.sequences << ' ' << options.profile << '\n';
  for (const std::string &entry : options.entries)
    stream << entry << ' ';
  stream << '\n' << processor() << '\n';
  std::vector<std::string> libraries = options.plugins;
  libraries.push_back(compilerLibraryPath());
  for (const std::string &path : libraries) {
    llvm::sys::fs::file_status status;
    if (llvm::sys::fs::status(path, status))
      return "";
    stream << path << ' ' << status.getSize() << ' '
           << status.getLastModificationTime().time_since_epoch().count() << '\n';
  }
  // The header decides the graph: hyper-parameters, names, types and shapes.
  for (const gguf::MetadataEntry &entry : file.metadata())
    if (!entry.key.starts_with("tokenizer.") && !entry.isArray())
      stream << entry.key << '='
             << llvm::StringRef(reinterpret_cast<const char *>(entry.payload),
                                static_cast<size_t>(entry.payloadEnd - entry.payload))
             << '\n';
  for (const gguf::TensorInfo &tensor : file.tensors())
    stream << tensor.name << ' ' << static_cast<int>(tensor.type) << ' ' << tensor.ne[0] << ' '
           << tensor.ne[1] << '\n';
  llvm::XXH128_hash_t hash = llvm::xxh3_128bits(bytesOf(text));
  return llvm::utohexstr(hash.high64, true, 16) + llvm::utohexstr(hash.low64, true, 16);
}

std::shared_ptr<CompiledModel> ModuleCache::load(const std::string &key,
                                                 const SymbolBindings &bindings) const {
  if (key.empty())
    return nullptr;
  std::string path = directory + "/" + key + ".so";
  if (!llvm::sys::fs::exists(path))
    return nullptr;
  auto model = loadModule(path, bindings);
  if (model)
    return *model;
  llvm::consumeError(model.takeError());
  llvm::sys::fs::remove(path);
  return nullptr;
}

/// Whether a file is one of the cache's: the directory may be anybody's (--cache-dir).
static bool isModule(llvm::StringRef path) {
  llvm::StringRef name = llvm::sys::path::filename(path);
  return name.consume_back(".so") && name.size() == 32 &&
         llvm::all_of(name, [](char c) { return llvm::isDigit(c) || (c >= 'a' && c <= 'f'); });
}

/// Removes the oldest modules until the rest fits.
static void evict(const std::string &directory) {
  struct File {
    llvm::sys::TimePoint<> time;
    uint64_t size;
    std::string path;
  };
  std::vector<File> files;
  uint64_t total = 0;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    auto status = it->status();
    if (!status || !isModule(it->path()))
      continue;
    files.push_back({status->getLastModificationTime(), status->getSize(), it->path()});
    total += status->getSize();
  }
  std::sort(files.begin(), files.end(),
            [](const File &a, const File &b) { return a.time < b.time; });
  for (const File &file : files) {
    if (total <= kMostBytes)
      return;
    llvm::sys::fs::remove(file.path);
    total -= file.size;
  }
}

void ModuleCache::store(const std::string &key, const std::string &sharedObject) const {
  if (key.empty() || sharedObject.empty() || llvm::sys::fs::create_directories(directory))
    return;
  auto file = llvm::sys::fs::TempFile::create(directory + "/" + key + ".%%%%%%.tmp");
  if (!file)
    return llvm::consumeError(file.takeError());
  llvm::raw_fd_ostream stream(file->FD, /*shouldClose=*/false);
  stream << sharedObject;
  stream.flush();
  bool failed = stream.has_error();
  stream.clear_error();
  llvm::consumeError(failed ? file->discard() : file->keep(directory + "/" + key + ".so"));
  evict(directory);
}
