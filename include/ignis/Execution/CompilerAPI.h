//===- CompilerAPI.h - the door between the MLIR-free runtime and the compiler ----------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The compiler lives in libIgnisCompiler.so, which is opened on demand: a start that finds its
// module in the cache loads neither MLIR nor LLVM. Only plain C++ types cross this border (no
// llvm::Error: each side has its own copy of LLVM's Support).

#ifndef IGNIS_EXECUTION_COMPILERAPI_H
#define IGNIS_EXECUTION_COMPILERAPI_H

#include "ignis/Execution/ModuleABI.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ignis {

/// What is to be compiled. Everything in here but `threads`, and nothing else, decides the code
/// that comes out.
struct CompileOptions {
  std::string modelPath;  ///< GGUF file; may be cut after its tensor directory
  std::string modulePath; ///< MLIR file to run instead of the import ("" = import modelPath)
  std::string moduleText; ///< MLIR text or bytecode to run instead of either ("" = none)
  std::string pipeline;   ///< textual pass pipeline from import to plan ("" = the default one)
  std::vector<std::string> plugins; ///< shared objects with passes that `pipeline` may name
  std::string dumpDir;              ///< one numbered file per pass ("" = none)
  std::string cpu = "host"; ///< host, generic, x86-64-v2, x86-64-v3, x86-64-v4 or an LLVM CPU name
  std::string kernels;      ///< name of the kernel variant whose layouts and symbols are bound
  bool interleaved = true;  ///< whether that variant repacks weights
  std::string lowering = "kernels"; ///< kernels or reference (the oracle)
  std::string kvType = "f16";       ///< f16 or f32
  int64_t context = 2048;           ///< positions the caches hold; a multiple of 16
  int64_t chunk = 512;              ///< most rows that one prefill or score call takes
  int64_t sequences = 0;            ///< caches and most rows of the entry batch; 0: no such entry
  bool profile = false;             ///< ops and waits report to ignis_profile
  std::vector<std::string> entries; ///< entry points wanted; empty = all that the module has
  int threads = 1;                  ///< how many may compile
};

/// Compiled code in memory. Destroying it frees the code.
class CompiledModel {
public:
  virtual ~CompiledModel() = default;
  /// The entry point `name` ("embed", "decode", "prefill", "score", ...) or null.
  virtual IgnisEntry entry(const std::string &name) const = 0;
  /// JSON, see docs/Execution.md.
  virtual const std::string &manifest() const = 0;
};

/// Symbol and address of everything that a module may call: the kernel table's rows and
/// ignis_barrier.
using SymbolBindings = std::vector<std::pair<std::string, void *>>;

/// The compiler's functions. Each returns false (or null) with one line in `error` when it fails;
/// diagnostics that belong to a place in a file are part of that line.
class Compiler {
public:
  virtual ~Compiler() = default;
  /// Text (or bytes, for obj and so) of phase import, fuse, bufferize, plan, lower, llvm, asm, obj
  /// or so.
  virtual bool emit(const CompileOptions &options, const std::string &phase, std::string &out,
                    std::string &error) = 0;
  /// Compiles and binds for this process. If `sharedObject` is not null it receives the module as a
  /// shared object (phase so), for the cache; empty if that failed.
  virtual std::unique_ptr<CompiledModel> compile(const CompileOptions &options,
                                                 const SymbolBindings &bindings,
                                                 std::string *sharedObject, std::string &error) = 0;
};

/// What a program and the library must agree on. The size tells builds of different days apart
/// whose options differ.
constexpr int kCompilerInterface =
    kModuleABIVersion << 16 | static_cast<int>(sizeof(CompileOptions));

/// `ignis_compiler_create`, the one symbol that is looked up in libIgnisCompiler.so. Null if
/// `interface` is not kCompilerInterface.
using CompilerCreate = Compiler *(*)(int interface);

} // namespace ignis

#endif
