//===- Report.cpp - facts after every pass ----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Report.h. Keys that do not apply yet are null: buffers before bufferization, barriers before
// they are inserted, kernel calls before lowering.

#include "ignis/Pipelines/Report.h"

#include "ignis/Analysis/BufferLifetimes.h"
#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/MemoryPlan/LowerBound.h"
#include "ignis/Pipelines/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/xxhash.h"

#include <chrono>
#include <map>
#include <set>

using namespace mlir;
using namespace ignis;
namespace json = llvm::json;

struct Report::Data {
  std::map<std::string, json::Array> functions;
};

namespace {
constexpr llvm::StringLiteral kDriverPrefix = "ignis_entry_";

std::string hashOf(Operation *op) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  op->print(stream, OpPrintingFlags().useLocalScope());
  return llvm::utohexstr(llvm::xxh3_64bits(text), true, 16);
}

/// Symbols that the function calls, with how often.
std::map<std::string, int64_t> callsOf(Operation *function) {
  std::map<std::string, int64_t> calls;
  function->walk([&](Operation *op) {
    if (auto call = dyn_cast<func::CallOp>(op))
      ++calls[call.getCallee().str()];
    else if (auto call = dyn_cast<LLVM::CallOp>(op); call && call.getCallee())
      ++calls[call.getCallee()->str()];
  });
  return calls;
}

bool isKernel(StringRef callee) {
  return callee.starts_with("ignis_") && callee != "ignis_barrier";
}

/// Kernel call sites of a driver: those in the functions of its ops, once for each call of such a
/// function.
int64_t kernelCalls(const std::map<std::string, int64_t> &calls, ModuleOp module) {
  int64_t count = 0;
  for (auto &[callee, times] : calls) {
    if (isKernel(callee)) {
      count += times;
      continue;
    }
    if (Operation *target = module.lookupSymbol(callee))
      for (auto &[inner, innerTimes] : callsOf(target))
        if (isKernel(inner))
          count += times * innerTimes;
  }
  return count;
}

/// Whether the buffer is one that the caller reads afterwards.
bool isResult(func::FuncOp function, Value buffer) {
  auto argument = dyn_cast<BlockArgument>(buffer);
  auto role = argument ? function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kRoleAttr)
                       : StringAttr();
  return role && (role.getValue() == "logits" || role.getValue() == "embedded");
}

/// Facts about buffers, before or after planning.
void addMemory(func::FuncOp function, json::Object &entry) {
  for (const char *key :
       {"buffers", "bytes", "bound", "body_bound", "arena", "activations_q8", "scratch", "places"})
    entry[key] = nullptr;
  bool buffers =
      llvm::none_of(function.getArgumentTypes(), [](Type type) { return isa<TensorType>(type); });
  FailureOr<SmallVector<LiveBuffer>> all = failure();
  if (buffers)
    all = collectBuffers(function, /*quiet=*/true);
  if (failed(all) || all->empty())
    return;
  SmallVector<LiveBuffer> floats, body;
  int64_t bytes = 0, rounded = 0, scratch = 0;
  std::set<int64_t> places; // distinct offsets in the arena
  for (const LiveBuffer &buffer : *all) {
    (buffer.isRounded() ? rounded : bytes) += buffer.bytes;
    if (buffer.isRounded())
      continue;
    floats.push_back(buffer);
    if (!isResult(function, buffer.value))
      body.push_back(buffer);
    if (std::optional<int64_t> offset = arenaOffset(function, buffer.value))
      places.insert(*offset);
  }
  function.walk([&](ComputeOpInterface op) { scratch = std::max(scratch, op.getScratchBytes()); });
  entry["buffers"] = static_cast<int64_t>(floats.size());
  entry["bytes"] = bytes;
  entry["bound"] = memplan::lowerBound(toProblem(floats, 1));
  entry["body_bound"] = memplan::lowerBound(toProblem(body, 1));
  entry["activations_q8"] = rounded;
  entry["scratch"] = scratch;
  if (!places.empty())
    entry["places"] = static_cast<int64_t>(places.size());
  for (BlockArgument argument : function.getArguments()) {
    auto role = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kRoleAttr);
    if (role && role.getValue() == "arena")
      entry["arena"] = cast<MemRefType>(argument.getType()).getDimSize(0);
  }
}

json::Object factsOf(StringRef pass, Operation *function, double seconds) {
  json::Object ops;
  std::map<std::string, int64_t> counts;
  int64_t total = 0, barriers = 0;
  function->walk([&](Operation *op) {
    if (op == function)
      return;
    if (isa<IgnisDialect>(op->getDialect()))
      ++counts[op->getName().getStringRef().str()];
    total += isa<ComputeOpInterface>(op);
    barriers += isa<BarrierOp>(op);
  });
  for (auto &[name, count] : counts)
    ops[name] = count;
  json::Object entry{{"pass", pass},       {"ops", std::move(ops)},
                     {"total_ops", total}, {"ir_hash", hashOf(function)},
                     {"seconds", seconds}, {"kernel_calls", nullptr},
                     {"barriers", nullptr}};
  if (barriers)
    entry["barriers"] = barriers;
  if (auto func = dyn_cast<func::FuncOp>(function))
    addMemory(func, entry);
  auto symbol = function->getAttrOfType<StringAttr>(SymbolTable::getSymbolAttrName());
  if (symbol && symbol.getValue().starts_with(kDriverPrefix)) {
    std::map<std::string, int64_t> calls = callsOf(function);
    entry["barriers"] = calls.count("ignis_barrier") ? calls["ignis_barrier"] : 0;
    entry["kernel_calls"] = kernelCalls(calls, function->getParentOfType<ModuleOp>());
  }
  return entry;
}
} // namespace

namespace ignis {
class ReportInstrumentation : public PassInstrumentation {
public:
  explicit ReportInstrumentation(std::shared_ptr<Report::Data> data) : data(std::move(data)) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    if (isLeftOut(pass))
      return;
    if (!started) {
      started = true;
      Operation *module = op;
      while (module->getParentOp())
        module = module->getParentOp();
      record("input", module, 0);
    }
    begin = std::chrono::steady_clock::now();
  }

  void runAfterPass(Pass *pass, Operation *op) override {
    if (isLeftOut(pass))
      return;
    double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    record(pass->getArgument(), op, seconds);
  }

private:
  /// Adaptors that run other passes, and checks.
  static bool isLeftOut(Pass *pass) {
    return pass->getArgument().empty() || isCheck(pass->getArgument());
  }

  /// One entry for the function, or for every entry function of the module.
  void record(StringRef pass, Operation *op, double seconds) {
    auto add = [&](Operation *function) {
      auto symbol = function->getAttrOfType<StringAttr>(SymbolTable::getSymbolAttrName());
      if (!symbol || function->getNumRegions() == 0 || function->getRegion(0).empty())
        return;
      StringRef name = symbol.getValue();
      if (name.starts_with("ignis.") || function->hasAttr("ignis.outlined"))
        return; // Functions of single ops.
      name.consume_front(kDriverPrefix);
      json::Object facts = factsOf(pass, function, seconds);
      emitRemark(pass, name, function, facts);
      data->functions[name.str()].push_back(std::move(facts));
    };
    if (isa<FunctionOpInterface>(op))
      return add(op);
    for (Region &region : op->getRegions())
      for (Operation &nested : region.getOps())
        if (isa<FunctionOpInterface>(nested))
          add(&nested);
  }

  /// The numbers of an entry as an analysis remark.
  static void emitRemark(StringRef pass, StringRef name, Operation *function,
                         const json::Object &facts) {
    auto remark = remark::analysis(
        function->getLoc(),
        remark::RemarkOpts::name("report").category("ignis").subCategory(pass).function(name));
    remark << remark::metric("pass", pass);
    for (const char *key : {"total_ops", "buffers", "bytes", "bound", "body_bound", "arena",
                            "activations_q8", "scratch", "barriers", "kernel_calls"})
      if (std::optional<int64_t> value = facts.getInteger(key))
        remark << remark::metric(key, *value);
    if (std::optional<double> seconds = facts.getNumber("seconds"))
      remark << remark::metric("seconds", *seconds);
    remark << remark::metric("ir_hash", *facts.getString("ir_hash"));
  }

  std::shared_ptr<Report::Data> data;
  bool started = false;
  std::chrono::steady_clock::time_point begin;
};
} // namespace ignis

Report::Report() : data(std::make_shared<Data>()) {}
Report::~Report() = default;

void Report::attach(PassManager &manager) {
  manager.getContext()->disableMultithreading();
  manager.addInstrumentation(std::make_unique<ReportInstrumentation>(data));
}

std::string Report::json() const {
  json::Object functions;
  for (auto &[name, passes] : data->functions)
    functions[name] = json::Object{{"passes", json::Array(passes)}};
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << llvm::formatv("{0:2}", json::Value(json::Object{{"functions", std::move(functions)}}))
         << '\n';
  return text;
}
