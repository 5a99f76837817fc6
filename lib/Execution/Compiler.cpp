//===- Compiler.cpp - the phases in order -----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Implements CompilerAPI.h: import (or parse), the pipelines up to the phase asked for, then code.

#include "CodeGen.h"
#include "JIT.h"
#include "SharedObject.h"
#include "Target.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Execution/CompilerAPI.h"
#include "ignis/GGUF/File.h"
#include "ignis/GGUF/ModelConfig.h"
#include "ignis/Import/ImportQwen2.h"
#include "ignis/Import/VerifyModel.h"
#include "ignis/InitAll.h"
#include "ignis/Kernels/CPUFeatures.h"
#include "ignis/Pipelines/Contracts.h"
#include "ignis/Pipelines/IRDump.h"
#include "ignis/Pipelines/Phase.h"
#include "ignis/Pipelines/Pipelines.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Verifier.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

#include <new>

using namespace mlir;
using namespace ignis;

namespace {

/// One compilation: its context, its options and the module on its way.
class Compilation {
public:
  Compilation(const CompileOptions &options)
      : options(options), context(makeRegistry(), MLIRContext::Threading::DISABLED),
        handler(&context, [this](Diagnostic &diagnostic) { note(diagnostic); }) {}

  /// Runs all MLIR phases up to `last`. False: see message().
  bool run(Phase last) {
    if (!loadPlugins())
      return false;
    llvm::Expected<Target> chosen = createTarget(options.cpu);
    if (!chosen)
      return fail(llvm::toString(chosen.takeError()));
    target = std::move(*chosen);
    if (options.lowering != "kernels" && options.lowering != "reference")
      return fail("unknown lowering '" + options.lowering + "', expected kernels or reference");
    Phase first = Phase::Import;
    if (!load(first) || !agrees())
      return false;
    if (!options.pipeline.empty()) {
      if (last == Phase::Import)
        return true;
      PassManager manager(&context, ModuleOp::getOperationName());
      std::string messages;
      llvm::raw_string_ostream stream(messages);
      // The text may name its anchor, as ignis-opt's --pass-pipeline does.
      llvm::StringRef text = llvm::StringRef(options.pipeline).trim();
      if (text.consume_front("builtin.module(") && !text.consume_back(")"))
        return fail("pass pipeline: expected ')' at its end");
      if (failed(parsePassPipeline(text, manager, stream)))
        return fail("pass pipeline: " + llvm::StringRef(messages).rtrim().split('\n').first.str());
      if (failed(checkContracts(*module, flattenPipeline(manager))) || !runPasses(manager))
        return false;
      first = Phase::Plan;
    }
    bool reference = options.lowering == "reference";
    auto wanted = [&](Phase phase) { return first < phase && phase <= last; };
    auto runPhase = [&](Phase phase, llvm::function_ref<void(PassManager &)> build) {
      if (!wanted(phase))
        return true;
      PassManager manager(&context, ModuleOp::getOperationName());
      build(manager);
      return runPasses(manager);
    };
    return runPhase(Phase::Fuse, [](PassManager &manager) { buildFusePipeline(manager); }) &&
           runPhase(Phase::Bufferize,
                    [&](PassManager &manager) {
                      // A module that comes with its fusions keeps them.
                      if (first == Phase::Import && !reference)
                        buildOptimizePipeline(manager);
                      BufferizePipelineOptions bufferize;
                      bufferize.canonicalize = isWatched();
                      buildBufferizePipeline(manager, bufferize);
                    }) &&
           runPhase(Phase::Plan,
                    [&](PassManager &manager) {
                      PlanPipelineOptions plan;
                      plan.reference = reference;
                      plan.fuseRounding = true;
                      buildPlanPipeline(manager, plan);
                    }) &&
           runPhase(Phase::Lower, [&](PassManager &manager) {
             LowerPipelineOptions lower;
             lower.reference = reference;
             lower.isa = target.isa;
             lower.interleaved = options.interleaved;
             lower.kernels = options.kernels;
             lower.cpu = target.cpu;
             lower.profile = options.profile;
             lower.perFunction = options.dumpDir.empty();
             buildLowerPipeline(manager, lower);
           });
  }

  /// Whether this machine has what the code asks of a processor that was named.
  bool runsHere() {
    bool host = options.cpu == "host" || options.cpu.empty();
    std::string missing = host ? std::string() : kernels::missingOf(target.needs);
    return missing.empty() || fail("CPU '" + options.cpu + "': this machine lacks " + missing);
  }

  /// LLVM IR of the lowered module, not optimised.
  std::unique_ptr<llvm::Module> code(llvm::LLVMContext &llvmContext) {
    std::unique_ptr<llvm::Module> result = translate(*module, llvmContext, *target.machine);
    if (!result)
      fail("cannot translate the module to LLVM IR");
    return result;
  }

  void optimize(llvm::Module &code) { ignis::optimize(code, *target.machine); }

  /// Machine code of a module that is not optimised yet; see generateParts.
  bool generate(llvm::Module &code, llvm::CodeGenFileType type, std::vector<Bytes> &out) {
    auto parts = generateParts(code, target, type, options.threads);
    if (!parts)
      return fail(llvm::toString(parts.takeError()));
    out = std::move(*parts);
    return true;
  }

  /// The shared object of the code whose objects are `parts`.
  bool linkShared(const llvm::Module &code, const std::vector<Bytes> &parts, std::string &out) {
    llvm::SmallVector<llvm::StringRef> objects = textsOf(parts);
    std::unique_ptr<llvm::Module> imports = makeImports(code, objects, manifest(), target.needs);
    Bytes bytes;
    if (llvm::Error error =
            ignis::generate(*imports, *target.machine, llvm::CodeGenFileType::ObjectFile, bytes))
      return fail(llvm::toString(std::move(error)));
    objects.push_back(llvm::StringRef(bytes.data(), bytes.size()));
    return take(linkSharedObject(objects), out);
  }

  /// One relocatable object of several.
  bool join(const std::vector<Bytes> &parts, std::string &out) {
    if (parts.size() > 1)
      return take(joinObjects(textsOf(parts)), out);
    out.assign(parts.front().data(), parts.front().size());
    return true;
  }

  static llvm::SmallVector<llvm::StringRef> textsOf(const std::vector<Bytes> &parts) {
    llvm::SmallVector<llvm::StringRef> texts;
    for (const Bytes &part : parts)
      texts.push_back(llvm::StringRef(part.data(), part.size()));
    return texts;
  }

  std::string manifest() {
    auto attribute = (*module)->getAttrOfType<StringAttr>("ignis.manifest");
    return attribute ? attribute.getValue().str() : std::string();
  }
  void print(std::string &out) {
    llvm::raw_string_ostream stream(out);
    (*module)->print(stream);
    stream << '\n';
  }
  bool fail(std::string text) {
    if (error.empty())
      error = std::move(text);
    return false;
  }
  const std::string &message() {
    fail("the compilation failed without a diagnostic");
    return error;
  }

private:
  bool take(llvm::Expected<std::string> text, std::string &out) {
    if (!text)
      return fail(llvm::toString(text.takeError()));
    out = std::move(*text);
    return true;
  }

  static DialectRegistry makeRegistry() {
    static const bool registered = [] {
      mlir::registerAllPasses();
      DialectRegistry unused;
      registerAll(unused);
      return true;
    }();
    (void)registered;
    DialectRegistry registry;
    registerDialects(registry);
    return registry;
  }

  /// Their passes and contracts stay registered as long as the process lives.
  bool loadPlugins() {
    for (const std::string &path : options.plugins) {
      llvm::Expected<PassPlugin> plugin = PassPlugin::load(path);
      if (!plugin)
        return fail(llvm::toString(plugin.takeError()));
      plugin->registerPassRegistryCallbacks();
    }
    return true;
  }

  void note(Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error || !error.empty())
      return;
    llvm::raw_string_ostream stream(error);
    if (auto file = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
      stream << file.getFilename().getValue() << ':' << file.getLine() << ':' << file.getColumn()
             << ": ";
    stream << diagnostic;
  }

  /// Imports or parses the module and says which phase it is at.
  bool load(Phase &phase) {
    if (!options.moduleText.empty()) {
      module = parseSourceString<ModuleOp>(options.moduleText, ParserConfig(&context), "module");
      if (!module)
        return fail("cannot read the module");
      phase = phaseOf(*module);
      return true;
    }
    if (!options.modulePath.empty()) {
      auto buffer = llvm::MemoryBuffer::getFile(options.modulePath);
      if (!buffer)
        return fail(options.modulePath + ": " + buffer.getError().message());
      if ((*buffer)->getBuffer().starts_with("\x7f"
                                             "ELF"))
        return fail(options.modulePath + ": the name of a shared object must end in .so");
      if (!isShallow((*buffer)->getBuffer()))
        return fail(options.modulePath + ": expected regions nested at most " +
                    std::to_string(kMostNesting) + " deep, got more");
      llvm::SourceMgr source;
      source.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
      module = parseSourceFile<ModuleOp>(source, ParserConfig(&context));
      if (!module)
        return fail("cannot read " + options.modulePath);
      if ((*module)->hasAttr("ignis.manifest"))
        return fail(options.modulePath +
                    ": expected a module of import, fuse, bufferize or plan, got a lowered one");
      phase = phaseOf(*module);
      return true;
    }
    llvm::Expected<gguf::File> file = openModel();
    if (!file)
      return fail(llvm::toString(file.takeError()));
    ImportOptions import;
    import.context = options.context;
    import.chunk = options.chunk;
    import.kvF32 = options.kvType == "f32";
    import.sequences = options.sequences;
    import.entries = options.entries;
    module = importQwen2(*file, &context, import);
    if (!module)
      return fail("cannot import " + options.modelPath);
    if (failed(verify(*module)))
      return fail("the imported module is invalid");
    return true;
  }

  /// The model's metadata; its tensors may be missing.
  llvm::Expected<gguf::File> openModel() {
    gguf::OpenOptions open;
    open.requireData = false;
    return gguf::File::open(options.modelPath, open);
  }

  /// Whether a module that was given fits the file that it is to run on, if one is known.
  bool agrees() {
    bool given = !options.moduleText.empty() || !options.modulePath.empty();
    if (!given || options.modelPath.empty())
      return true;
    llvm::Expected<gguf::File> file = openModel();
    if (!file)
      return fail(llvm::toString(file.takeError()));
    llvm::Expected<gguf::ModelConfig> config = gguf::readModelConfig(*file);
    if (!config)
      return fail(llvm::toString(config.takeError()));
    return succeeded(verifyModel(*module, *file, *config)) ||
           fail("the module is for another file");
  }

  /// Whether brackets nest so little that recursive parsers keep within their stacks. Counts those
  /// in strings and comments too, where real modules have next to none.
  static bool isShallow(llvm::StringRef text) {
    int depth = 0;
    char before = 0;
    for (char c : text) {
      bool closes = c == '}' || c == ')' || c == ']' || (c == '>' && before != '-');
      depth += c == '{' || c == '(' || c == '[' || c == '<';
      depth -= closes && depth > 0;
      before = c;
      if (depth > kMostNesting)
        return false;
    }
    return true;
  }
  static constexpr int kMostNesting = 256;

  /// A module on tensors has its fusions behind it: they are its author's business.
  static Phase phaseOf(ModuleOp module) {
    bool tensors = false, allocations = false, arena = false;
    module.walk([&](Operation *op) {
      allocations |= isa<memref::AllocOp>(op);
      for (Type type : op->getOperandTypes())
        tensors |= isa<TensorType>(type);
      if (auto function = dyn_cast<func::FuncOp>(op))
        for (unsigned i = 0; i < function.getNumArguments(); ++i) {
          auto role = function.getArgAttrOfType<StringAttr>(i, kRoleAttr);
          arena |= role && role.getValue() == "arena";
        }
    });
    if (tensors)
      return Phase::Fuse;
    return allocations || !arena ? Phase::Bufferize : Phase::Plan;
  }

  bool runPasses(PassManager &manager) {
    if (!options.dumpDir.empty())
      if (std::error_code error = dumpAfterEachPass(manager, options.dumpDir, dumped))
        return fail("cannot write to " + options.dumpDir + ": " + error.message());
    // Between the default passes nothing is verified: their own checks and LLVM's stay. Whoever
    // brings passes or modules, or looks at each step, gets the verifier's word after each.
    manager.enableVerifier(isWatched());
    return succeeded(manager.run(*module)) || fail("a pass failed without a diagnostic");
  }

  /// Whether somebody brings passes or modules, or looks at each step.
  bool isWatched() const {
    return !options.dumpDir.empty() || !options.pipeline.empty() || !options.plugins.empty() ||
           !options.modulePath.empty() || !options.moduleText.empty();
  }

  const CompileOptions &options;
  MLIRContext context;
  std::string error;
  ScopedDiagnosticHandler handler;
  OwningOpRef<ModuleOp> module;
  Target target;
  int dumped = 0;
};

class CompilerImpl final : public Compiler {
public:
  bool emit(const CompileOptions &options, const std::string &phaseName, std::string &out,
            std::string &error) override {
    std::optional<Phase> phase = parsePhase(phaseName);
    if (!phase) {
      error = "unknown phase '" + phaseName + "', expected " + phaseNames();
      return false;
    }
    Compilation compilation(options);
    if (emit(compilation, *phase, out))
      return true;
    error = compilation.message();
    return false;
  }

  std::unique_ptr<CompiledModel> compile(const CompileOptions &options,
                                         const SymbolBindings &bindings, std::string *sharedObject,
                                         std::string &error) override {
    Compilation compilation(options);
    llvm::LLVMContext llvmContext;
    std::vector<Bytes> code;
    std::unique_ptr<llvm::Module> llvmModule;
    if (!compilation.run(Phase::Lower) || !compilation.runsHere() ||
        !(llvmModule = compilation.code(llvmContext)) ||
        !compilation.generate(*llvmModule, llvm::CodeGenFileType::ObjectFile, code)) {
      error = compilation.message();
      return nullptr;
    }
    if (sharedObject && !compilation.linkShared(*llvmModule, code, *sharedObject))
      sharedObject->clear(); // No cache then, but a model all the same.
    auto model = linkObjects(Compilation::textsOf(code), compilation.manifest(), bindings);
    if (!model) {
      error = llvm::toString(model.takeError());
      return nullptr;
    }
    return std::move(*model);
  }

private:
  bool emit(Compilation &compilation, Phase phase, std::string &out) {
    if (!compilation.run(std::min(phase, Phase::Lower)))
      return false;
    if (phase <= Phase::Lower) {
      compilation.print(out);
      return true;
    }
    llvm::LLVMContext llvmContext;
    std::unique_ptr<llvm::Module> code = compilation.code(llvmContext);
    if (!code)
      return false;
    if (phase == Phase::LLVM) {
      compilation.optimize(*code);
      llvm::raw_string_ostream(out) << *code;
      return true;
    }
    std::vector<Bytes> parts;
    if (!compilation.generate(*code,
                              phase == Phase::Asm ? llvm::CodeGenFileType::AssemblyFile
                                                  : llvm::CodeGenFileType::ObjectFile,
                              parts))
      return false;
    if (phase == Phase::So)
      return compilation.linkShared(*code, parts, out);
    if (phase == Phase::Obj)
      return compilation.join(parts, out);
    out = joinAssembly(parts);
    return true;
  }
};
} // namespace

extern "C" __attribute__((visibility("default"))) Compiler *ignis_compiler_create(int interface) {
  // LLVM's own allocations end as the program's do.
  static const bool handled = [] {
    static const std::new_handler handler = std::get_new_handler();
    if (handler)
      llvm::install_bad_alloc_error_handler([](void *, const char *, bool) {
        handler();
        std::abort();
      });
    return true;
  }();
  (void)handled;
  return interface == kCompilerInterface ? new CompilerImpl : nullptr;
}
