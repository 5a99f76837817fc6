//===- LoadedModel.cpp - from flags to a session ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See LoadedModel.h.

#include "LoadedModel.h"

#include "ignis/GGUF/ModelConfig.h"
#include "ignis/Runtime/ModuleCache.h"
#include "ignis/Runtime/ThreadTeam.h"

#include <chrono>

using namespace ignis;
using namespace ignis::tools;

double ignis::tools::now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

llvm::Expected<const kernels::Variant *>
ignis::tools::completeOptions(ModelOptions &options, const gguf::File &file, bool runsHere) {
  kernels::CPUFeatures here = kernels::detectCPUFeatures(), features = here;
  bool elsewhere = !runsHere && !options.kernelsName.empty();
  if (elsewhere) // Code for another machine may name any kernels.
    features = kernels::allFeatures();
  if (auto named = kernels::featuresOfCPU(options.compile.cpu); named && !elsewhere) {
    std::string missing = kernels::missingFeatures(*named, here);
    if (!missing.empty() && runsHere)
      return llvm::createStringError("--cpu=" + options.compile.cpu + ": this machine lacks " +
                                     missing);
    features = runsHere ? kernels::intersect(*named, here) : *named;
  }
  kernels::Selection selection = kernels::selectKernels(features, options.kernelsName);
  if (!selection.variant)
    return llvm::createStringError("--kernels: " + selection.error);
  options.compile.kernels = selection.variant->name;
  options.compile.threads = options.threads > 0 ? options.threads : runtime::defaultThreadCount();
  llvm::Expected<gguf::ModelConfig> config = gguf::readModelConfig(file);
  if (!config)
    return config.takeError();
  int64_t &context = options.compile.context;
  if (context <= 0)
    context = std::max<int64_t>(16, std::min<int64_t>(config->contextLength, 4096) / 16 * 16);
  context = (context + 15) / 16 * 16;
  options.compile.chunk =
      std::min(options.compile.chunk <= 0 ? 512 : options.compile.chunk, context);
  return selection.variant;
}

llvm::Expected<std::shared_ptr<CompiledModel>>
ignis::tools::compileModel(const ModelOptions &options, const gguf::File &file,
                           const kernels::Variant &variant, LoadTimes &times) {
  double begin = now();
  SymbolBindings bindings = runtime::bindKernels(variant);
  const std::string &path = options.compile.modulePath;
  if (path.size() > 3 && path.compare(path.size() - 3, 3, ".so") == 0) {
    auto model = runtime::loadModule(path, bindings);
    times.compile = now() - begin;
    return model;
  }
  runtime::ModuleCache cache(options.cacheDirectory);
  std::string key = cache.key(options.compile, file);
  if (auto model = cache.load(key, bindings)) {
    times.compile = now() - begin;
    times.cached = true;
    return model;
  }
  llvm::Expected<Compiler *> compiler = runtime::openCompiler();
  if (!compiler)
    return compiler.takeError();
  std::string sharedObject, error;
  std::shared_ptr<CompiledModel> model =
      (*compiler)->compile(options.compile, bindings, key.empty() ? nullptr : &sharedObject, error);
  if (!model)
    return llvm::createStringError(error);
  cache.store(key, sharedObject);
  times.compile = now() - begin;
  return model;
}

llvm::Expected<std::unique_ptr<runtime::Session>>
ignis::tools::openSession(ModelOptions options, const gguf::File &file, LoadTimes &times) {
  auto variant = completeOptions(options, file);
  if (!variant)
    return variant.takeError();
  auto model = compileModel(options, file, **variant, times);
  if (!model)
    return model.takeError();
  double begin = now();
  runtime::SessionOptions session;
  session.threads = options.threads;
  session.kernels = *variant;
  auto result = runtime::Session::create(file, *model, session);
  times.load = now() - begin;
  if (!result && !options.compile.modulePath.empty())
    return llvm::createStringError(options.compile.modulePath + ": " +
                                   llvm::toString(result.takeError()));
  return result;
}
