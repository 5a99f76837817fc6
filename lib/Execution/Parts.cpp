//===- Parts.cpp - code generation in parts, on several threads -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// An LLVM context belongs to one thread: the drivers, which grow with the layers, stay in the
// module's and with the thread that calls; the parts of the ops travel as bitcode. What a part is
// depends on the module alone. Functions of a part that others call become external and hidden;
// nothing is ever inlined into a caller, so that changes no code.

#include "CodeGen.h"

#include "ignis/Kernels/StartThread.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/Utils/Cloning.h"

#include <atomic>

using namespace ignis;

namespace {
/// More would share out the work better and repeat each part's fixed costs more often.
constexpr size_t kOpParts = 2;

/// What LLVM's recursive passes may need, as on a main thread.
constexpr size_t kCompilerStackBytes = 8 << 20;

#ifdef __APPLE__
constexpr bool kOnePart = true; // Nothing joins objects there.
#else
constexpr bool kOnePart = false;
#endif

/// Some of a module's op functions.
struct Part {
  size_t instructions = 0;
  llvm::StringSet<> functions;
};

/// The op functions, the longest first, each to the part with the least so far.
std::vector<Part> divide(const llvm::Module &module) {
  std::vector<const llvm::Function *> ops;
  for (const llvm::Function &function : module)
    if (!function.isDeclaration())
      ops.push_back(&function);
  llvm::sort(ops, [](const llvm::Function *a, const llvm::Function *b) {
    unsigned ofA = a->getInstructionCount(), ofB = b->getInstructionCount();
    return ofA != ofB ? ofA > ofB : a->getName() < b->getName();
  });
  std::vector<Part> parts(std::min(kOnePart ? 1 : kOpParts, ops.size()));
  for (const llvm::Function *function : ops) {
    auto least = std::min_element(parts.begin(), parts.end(), [](const Part &a, const Part &b) {
      return a.instructions < b.instructions;
    });
    least->functions.insert(function->getName());
    least->instructions += function->getInstructionCount();
  }
  return parts;
}

/// Lets functions of one part call those of another.
void makeGlobal(llvm::Module &module) {
  for (llvm::Function &function : module)
    if (function.hasLocalLinkage()) {
      function.setLinkage(llvm::GlobalValue::ExternalLinkage);
      function.setVisibility(llvm::GlobalValue::HiddenVisibility);
    }
}

/// Makes the definitions that are not kept declarations.
void drop(llvm::Module &module, llvm::function_ref<bool(const llvm::Function &)> isKept) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration() && !isKept(function))
      function.deleteBody();
}

/// Moves the drivers into a module of their own, of the same context; `module` declares them.
std::unique_ptr<llvm::Module> takeDrivers(llvm::Module &module) {
  llvm::ValueToValueMapTy map;
  std::unique_ptr<llvm::Module> drivers =
      llvm::CloneModule(module, map, [](const llvm::GlobalValue *value) {
        auto *function = llvm::dyn_cast<llvm::Function>(value);
        return !function || isDriver(*function);
      });
  drop(module, [](const llvm::Function &function) { return !isDriver(function); });
  return drivers;
}

/// At each call the fast register allocator looks at all values that its block has had.
constexpr size_t kDriverBlock = 64;

/// Splits long blocks, so that the time to compile a driver grows with its length alone.
void shortenBlocks(llvm::Function &driver) {
  llvm::SmallVector<llvm::Instruction *> starts;
  for (llvm::BasicBlock &block : driver)
    for (auto [i, instruction] : llvm::enumerate(block))
      if (i != 0 && i % kDriverBlock == 0)
        starts.push_back(&instruction);
  // From the end: a split goes through what comes after it in the block.
  for (llvm::Instruction *start : llvm::reverse(starts))
    start->getParent()->splitBasicBlock(start);
}

class PartGenerator {
public:
  PartGenerator(llvm::Module &module, const Target &target, llvm::CodeGenFileType type)
      : target(target), type(type) {
    makeGlobal(module);
    if (!kOnePart)
      drivers = takeDrivers(module);
    parts = divide(module); // of what is left
    code.resize(parts.size());
    errors.resize(parts.size());
    llvm::raw_svector_ostream stream(bitcode);
    llvm::WriteBitcodeToFile(module, stream);
  }

  llvm::Expected<std::vector<Bytes>> run(int threads) {
    size_t tasks = parts.size() + (drivers ? 1 : 0);
    std::vector<pthread_t> started;
    while (started.size() + 1 < std::min(static_cast<size_t>(std::max(threads, 1)), tasks)) {
      pthread_t thread;
      if (!startThread(thread, &PartGenerator::work, this, kCompilerStackBytes))
        break; // The others do it.
      started.push_back(thread);
    }
    llvm::Error error = drivers ? generateDrivers() : llvm::Error::success();
    work(this);
    for (pthread_t thread : started)
      pthread_join(thread, nullptr);
    if (error)
      return error;
    for (std::string &message : errors)
      if (!message.empty())
        return llvm::createStringError(message);
    if (drivers)
      code.insert(code.begin(), std::move(driverCode));
    return std::move(code);
  }

private:
  static void *work(void *self) {
    auto &generator = *static_cast<PartGenerator *>(self);
    for (size_t i; (i = generator.next++) < generator.parts.size();)
      if (llvm::Error error = generator.generatePart(generator.parts[i], generator.code[i]))
        generator.errors[i] = llvm::toString(std::move(error));
    return nullptr;
  }

  /// Drivers are long, and run once a call: compile time counts. Their values live from the first
  /// op to the last, which costs the greedy register allocator more than all ops together.
  llvm::Error generateDrivers() {
    std::unique_ptr<llvm::TargetMachine> machine =
        target.createMachine(llvm::CodeGenOptLevel::None);
    for (llvm::Function &driver : *drivers)
      shortenBlocks(driver);
    return generate(*drivers, *machine, type, driverCode);
  }

  llvm::Error generatePart(const Part &part, Bytes &out) const {
    std::unique_ptr<llvm::TargetMachine> machine =
        target.createMachine(llvm::CodeGenOptLevel::Default);
    llvm::LLVMContext context;
    auto module = llvm::getLazyBitcodeModule(
        llvm::MemoryBufferRef(llvm::StringRef(bitcode.data(), bitcode.size()), "ignis"), context);
    if (!module)
      return module.takeError();
    drop(**module, [&](const llvm::Function &function) {
      return part.functions.contains(function.getName());
    });
    if (llvm::Error error = (*module)->materializeAll())
      return error;
    optimize(**module, *machine);
    return generate(**module, *machine, type, out);
  }

  std::unique_ptr<llvm::Module> drivers;
  Bytes driverCode;
  std::vector<Part> parts;
  std::vector<Bytes> code;
  std::vector<std::string> errors; ///< of the parts
  const Target &target;
  llvm::CodeGenFileType type;
  Bytes bitcode;
  std::atomic<size_t> next{0};
};
} // namespace

llvm::Expected<std::vector<Bytes>> ignis::generateParts(llvm::Module &module, const Target &target,
                                                        llvm::CodeGenFileType type, int threads) {
  return PartGenerator(module, target, type).run(threads);
}

std::string ignis::joinAssembly(const std::vector<Bytes> &parts) {
  if (parts.size() == 1)
    return std::string(parts.front().data(), parts.front().size());
  // Labels that the assembler forgets are numbered anew in each part: `.L` becomes `.L0.` and so
  // on.
  std::string text;
  for (auto [i, part] : llvm::enumerate(parts)) {
    llvm::StringRef rest(part.data(), part.size());
    while (!rest.empty()) {
      size_t length = rest.find(".L");
      text += rest.take_front(length);
      if (length == llvm::StringRef::npos)
        break;
      char before = text.empty() ? '\n' : text.back();
      rest = rest.drop_front(length + 2);
      text += ".L";
      if (!llvm::isAlnum(before) && before != '_' && before != '.')
        text += std::to_string(i) + ".";
    }
  }
  return text;
}
