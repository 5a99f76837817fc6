//===- ModuleCache.h - compiled modules on disk -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shared objects keyed by everything that decides their code. A cache that cannot be read or
// written costs a compilation and nothing else.

#ifndef IGNIS_RUNTIME_MODULECACHE_H
#define IGNIS_RUNTIME_MODULECACHE_H

#include "ignis/Execution/CompilerAPI.h"
#include "ignis/GGUF/File.h"

#include <memory>
#include <string>

namespace ignis::runtime {

class ModuleCache {
public:
  /// "" for $IGNIS_CACHE_DIR, else $XDG_CACHE_HOME/ignis, else ~/.cache/ignis
  /// (~/Library/Caches/ignis on macOS); "off" for no cache.
  explicit ModuleCache(const std::string &directory);

  /// Hex key of options, model header, CPU, compiler and kernel ABI; "" if there is no cache, or if
  /// the options read modules or write dumps.
  std::string key(const CompileOptions &options, const gguf::File &file) const;
  /// The module, or null: not there, damaged (then it is removed), or not loadable.
  std::shared_ptr<CompiledModel> load(const std::string &key, const SymbolBindings &bindings) const;
  /// Writes beside and renames, so that readers see all or nothing. Failure is silent.
  void store(const std::string &key, const std::string &sharedObject) const;

private:
  std::string directory;
};

} // namespace ignis::runtime

#endif
