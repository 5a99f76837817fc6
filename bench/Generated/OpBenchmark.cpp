//===- OpBenchmark.cpp - every generated op against its bound ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each op is compiled alone, from text, at the sizes of the 0.5B shape, and called as the runtime
// would call it, on one thread. Bytes and floating-point operations are those that the compiler
// states for profiles. `of_bound` is the share of the sharper limit (Bounds.h): multiply-adds, or
// moving the op's bytes through the cache that holds them. Names read op/rows; choose with
// --benchmark_filter=. Rounding and Q8_0 products are kernels: ignis-kernel-benchmark has them.

#include "Bounds.h"

#include "ignis/Kernels/Dispatch.h"
#include "ignis/Runtime/CompilerLibrary.h"
#include "ignis/Runtime/Manifest.h"
#include "ignis/Runtime/Mapping.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstring>

using namespace ignis;
using namespace ignis::runtime;

namespace {

[[noreturn]] void stop(const std::string &text) {
  std::fprintf(stderr, "ignis-op-benchmark: %s\n", text.c_str());
  std::exit(1);
}

/// One op as a function `op` of a module.
struct Op {
  std::string name;
  int64_t rows;
  std::string arguments; ///< of the function, with roles
  std::string weights;   ///< ignis.weight ops
  std::string text;      ///< the op
  int64_t position = 0;
};

std::string replaceAll(std::string text, const std::string &from, const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// The ops, with R for the rows and S, K and V for types that occur often.
std::vector<Op> makeOps() {
  const std::string unary = "%x: S {ignis.role = \"input\"}, %o: S {ignis.role = \"embedded\"}";
  const std::string binary = "%x: S {ignis.role = \"input\"}, %y: S {ignis.role = \"logits\"}, "
                             "%o: S {ignis.role = \"embedded\"}";
  const std::string caches = "%k: K {ignis.role = \"k_cache\"}, %v: V {ignis.role = \"v_cache\"}, "
                             "%p: index {ignis.role = \"position\"}";
  const std::string keyRows = "%a: memref<Rx128xf32> {ignis.role = \"input\"}, "
                              "%b: memref<Rx128xf32> {ignis.role = \"logits\"}, ";
  const std::string table = "%t: memref<4096x64xf32> {ignis.role = \"rope_table\", "
                            "ignis.rope_base = 1.0e+06 : f32}, ";
  std::vector<Op> ops;
  auto add = [&](std::string name, int64_t width, std::string arguments, std::string weights,
                 std::string text, std::vector<int64_t> rows = {1, 16, 512}, int64_t position = 0) {
    for (int64_t r : rows) {
      auto fill = [&](std::string s) {
        s = replaceAll(s, "memref<4096x64xf32>", "TABLE");
        s = replaceAll(s, "K", "memref<1x2x256x64x16xf16>");
        s = replaceAll(s, "V", "memref<1x2x4096x64xf16>");
        s = replaceAll(s, "S", "memref<Rx" + std::to_string(width) + "xf32>");
        s = replaceAll(s, "memref<Rx", "memref<" + std::to_string(r) + "x");
        return replaceAll(s, "TABLE", "memref<4096x64xf32>");
      };
      ops.push_back({name, r, fill(arguments), weights, fill(text), position});
    }
  };
  const std::string norm = "%w = ignis.weight \"w\" : memref<896xf32>\n";
  add("rms_normalize", 896, unary, "",
      "ignis.rms_normalize ins(%x : S) outs(%o : S) {eps = 1.0e-06 : f32}");
  add("rms_norm", 896, unary, norm,
      "ignis.rms_norm ins(%x, %w : S, memref<896xf32>) outs(%o : S) {eps = 1.0e-06 : f32}");
  add("add_rms_norm", 896, binary, norm,
      "%s = memref.alloc() : S\nignis.add_rms_norm ins(%x, %y, %w : S, S, memref<896xf32>) "
      "outs(%s, %o : S, S) "
      "{eps = 1.0e-06 : f32}");
  add("scale", 896, unary, norm, "ignis.scale ins(%x, %w : S, memref<896xf32>) outs(%o : S)");
  for (const char *name : {"add", "mul", "swiglu"})
    add(name, 4864, binary, "", std::string("ignis.") + name + " ins(%x, %y : S, S) outs(%o : S)");
  add("silu", 4864, unary, "", "ignis.silu ins(%x : S) outs(%o : S)");
  add("rope", 896, unary + ", " + table + "%p: index {ignis.role = \"position\"}", "",
      "ignis.rope ins(%x, %t : S, memref<4096x64xf32>) position(%p) outs(%o : S)");
  add("cache_write", 128, keyRows + caches, "",
      "ignis.cache_write ins(%a, %b : memref<Rx128xf32>, memref<Rx128xf32>) position(%p) "
      "outs(%k, %v : K, V) {layer = 0 : i64}");
  add("rope_cache", 128, keyRows + table + caches, "",
      "ignis.rope_cache ins(%a, %b, %t : memref<Rx128xf32>, memref<Rx128xf32>, "
      "memref<4096x64xf32>) position(%p) outs(%k, %v : K, V) {layer = 0 : i64}");
  const std::string attend =
      "ignis.attend ins(%x, %k, %v : S, K, V) position(%p) outs(%o : S) {layer = 0 : i64}";
  add("attend", 896, unary + ", " + caches, "", attend, {128, 512});
  add("attend_at_1023", 896, unary + ", " + caches, "", attend, {1}, 1023);
  add("attend_at_4095", 896, unary + ", " + caches, "", attend, {1}, 4095);
  for (const char *type : {"!ignis.q8_0", "f16"}) {
    std::string matrix = std::string("memref<1000x896x") + type + ">";
    add(std::string("embed_") + (type[0] == '!' ? "q8_0" : type), 896,
        "%x: memref<Rxi32> {ignis.role = \"tokens\"}, %o: S {ignis.role = \"embedded\"}",
        "%w = ignis.weight \"w\" : " + matrix + "\n",
        "ignis.embed ins(%x, %w : memref<Rxi32>, " + matrix + ") outs(%o : S)");
  }
  for (const char *type : {"f16", "bf16", "f32"}) {
    std::string matrix = std::string("memref<896x896x") + type + ">";
    add(std::string("linear_") + type, 896, unary, "%w = ignis.weight \"w\" : " + matrix + "\n",
        "ignis.linear ins(%x, %w : S, " + matrix + ") outs(%o : S)", {1, 16, 128});
  }
  return ops;
}

/// A compiled op with memory for everything it touches.
class Compiled {
public:
  Compiled(const Op &op, const kernels::Variant &variant) {
    std::string text =
        "func.func @op(" + op.arguments + ") {\n" + op.weights + op.text + "\nreturn\n}\n";
    llvm::SmallString<128> path;
    int descriptor;
    if (llvm::sys::fs::createTemporaryFile("ignis", "mlir", descriptor, path))
      stop("cannot create a temporary file");
    llvm::raw_fd_ostream(descriptor, /*shouldClose=*/true) << text;
    CompileOptions options;
    options.modulePath = path.str().str();
    options.kernels = variant.name;
    llvm::Expected<Compiler *> compiler = openCompiler();
    if (!compiler)
      stop(llvm::toString(compiler.takeError()));
    std::string error;
    SymbolBindings bindings = bindKernels(variant);
    options.profile = true; // Once for what the compiler says about bytes and operations,
    std::unique_ptr<CompiledModel> described =
        (*compiler)->compile(options, bindings, nullptr, error);
    options.profile = false; // once to be measured.
    model = (*compiler)->compile(options, bindings, nullptr, error);
    llvm::sys::fs::remove(path);
    if (!described || !model)
      stop(op.name + ": " + error);
    Manifest costs = parsed(*described);
    manifest = parsed(*model);
    for (const ProfiledOp &part : costs.entries[0].profile)
      addCost(part, op);
    prepare(op);
  }

  void call() {
    ++frame.epoch;
    entry(&frame);
  }
  double bytes = 0, flops = 0;

private:
  static Manifest parsed(const CompiledModel &model) {
    llvm::Expected<Manifest> manifest = parseManifest(model.manifest());
    if (!manifest)
      stop(llvm::toString(manifest.takeError()));
    return std::move(*manifest);
  }

  void addCost(const ProfiledOp &part, const Op &op) {
    auto rows = static_cast<double>(op.rows);
    double attended = rows * static_cast<double>(op.position) + rows * (rows + 1) / 2;
    bytes += part.bytes.fixed + part.bytes.perRow * rows + part.bytes.perPosition * attended;
    flops += part.flops.fixed + part.flops.perRow * rows + part.flops.perPosition * attended;
  }

  uint8_t *allocate(int64_t size) {
    auto mapping = Mapping::create(size, Mapping::HugePages::Now, "a buffer");
    if (!mapping)
      stop(llvm::toString(mapping.takeError()));
    memory.push_back(std::move(*mapping));
    // Small numbers of every type: 2^-8 in float32, and halves of about that size.
    auto *words = reinterpret_cast<uint32_t *>(memory.back().data());
    for (int64_t i = 0; i < size / 4; ++i)
      words[i] = 0x3b803b80u;
    return memory.back().data();
  }

  void prepare(const Op &op) {
    const Entry &description = manifest.entries[0];
    entry = model->entry(description.name);
    for (const WeightRequest &weight : manifest.weights)
      weights.push_back(allocate(weight.rows * weight.columns * 4));
    uint8_t *arena = allocate(std::max<int64_t>(manifest.arenaBytes, 64));
    for (const Argument &argument : description.arguments) {
      if (argument.role == Role::Position)
        arguments.push_back(static_cast<uint64_t>(op.position));
      else if (argument.arenaOffset >= 0)
        arguments.push_back(reinterpret_cast<uint64_t>(arena + argument.arenaOffset));
      else
        arguments.push_back(reinterpret_cast<uint64_t>(allocate(argument.bytes)));
      if (argument.role == Role::Tokens) // Ids within the table.
        std::memset(reinterpret_cast<void *>(arguments.back()), 0,
                    static_cast<size_t>(argument.bytes));
    }
    slots.resize(static_cast<size_t>(description.slots) + 1);
    frame = {weights.data(), slots.data(),     0, 0, 1, arena, allocate(manifest.scratchBytes + 64),
             nullptr,        arguments.data(), 0};
  }

  std::unique_ptr<CompiledModel> model;
  Manifest manifest;
  IgnisEntry entry = nullptr;
  std::vector<Mapping> memory;
  std::vector<const void *> weights;
  std::vector<uint64_t> arguments;
  std::vector<IgnisSlot> slots;
  IgnisFrame frame{};
};

double flopsBound = 0;

void run(benchmark::State &state, const Op &op, const kernels::Variant &variant) {
  Compiled compiled(op, variant);
  double moveBound = bench::measureMove(static_cast<int64_t>(compiled.bytes));
  for (auto _ : state)
    compiled.call();
  double seconds = std::max(compiled.flops / flopsBound, compiled.bytes / moveBound);
  auto calls = static_cast<double>(state.iterations());
  auto rate = [&](double perCall) {
    return benchmark::Counter(perCall * calls, benchmark::Counter::kIsRate);
  };
  state.counters["GB/s"] = rate(compiled.bytes * 1e-9);
  state.counters["GFLOP/s"] = rate(compiled.flops * 1e-9);
  state.counters["of_bound"] = rate(seconds);
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  kernels::Selection selection = kernels::selectKernels(kernels::detectCPUFeatures());
  flopsBound = bench::measureFlops();
  std::printf("multiply-adds: %.1f GFLOP/s; kernels %s\n", flopsBound * 1e-9,
              selection.variant->name);
  std::fflush(stdout);
  for (const Op &op : makeOps())
    benchmark::RegisterBenchmark(
        (op.name + "/" + std::to_string(op.rows)).c_str(),
        [op, &selection](benchmark::State &state) { run(state, op, *selection.variant); });
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
