//===- Parts.cpp - code generation in parts, on several threads -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// An LLVM context belongs to one thread, so the parts travel as bitcode. What a part is depends on
// the module alone. Functions of a part that others call become external and hidden; nothing is
// ever inlined into a caller, so that changes no code.

#include "CodeGen.h"

#include "ignis/Kernels/StartThread.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/Support/raw_ostream.h"

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

struct Part {
  bool drivers = false;
  size_t instructions = 0;
  llvm::StringSet<> functions;
};

/// The drivers, then the op functions, the longest first, each to the part with the least so far.
std::vector<Part> divide(const llvm::Module &module) {
  std::vector<const llvm::Function *> ops;
  Part drivers;
  drivers.drivers = true;
  for (const llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    if (isDriver(function) && !kOnePart)
      drivers.functions.insert(function.getName());
    else
      ops.push_back(&function);
  }
  llvm::sort(ops, [](const llvm::Function *a, const llvm::Function *b) {
    unsigned ofA = a->getInstructionCount(), ofB = b->getInstructionCount();
    return ofA != ofB ? ofA > ofB : a->getName() < b->getName();
  });
  std::vector<Part> parts;
  if (!drivers.functions.empty())
    parts.push_back(std::move(drivers));
  auto first = static_cast<ptrdiff_t>(parts.size());
  parts.resize(parts.size() + std::min(kOnePart ? 1 : kOpParts, ops.size()));
  for (const llvm::Function *function : ops) {
    auto least =
        std::min_element(parts.begin() + first, parts.end(), [](const Part &a, const Part &b) {
          return a.instructions < b.instructions;
        });
    least->functions.insert(function->getName());
    least->instructions += function->getInstructionCount();
  }
  return parts;
}

class PartGenerator {
public:
  PartGenerator(const llvm::Module &module, const Target &target, llvm::CodeGenFileType type)
      : parts(divide(module)), code(parts.size()), errors(parts.size()), target(target),
        type(type) {
    llvm::raw_svector_ostream stream(bitcode);
    llvm::WriteBitcodeToFile(module, stream);
  }

  llvm::Expected<std::vector<Bytes>> run(int threads) {
    std::vector<pthread_t> started;
    while (started.size() + 1 < std::min(static_cast<size_t>(std::max(threads, 1)), parts.size())) {
      pthread_t thread;
      if (!startThread(thread, &PartGenerator::work, this, kCompilerStackBytes))
        break; // The others do it.
      started.push_back(thread);
    }
    work(this);
    for (pthread_t thread : started)
      pthread_join(thread, nullptr);
    for (std::string &error : errors)
      if (!error.empty())
        return llvm::createStringError(error);
    return std::move(code);
  }

private:
  static void *work(void *self) {
    auto &generator = *static_cast<PartGenerator *>(self);
    // From the end: the drivers, the shortest work, last.
    for (size_t done; (done = generator.next++) < generator.parts.size();) {
      size_t i = generator.parts.size() - 1 - done;
      if (llvm::Error error = generator.generatePart(generator.parts[i], generator.code[i]))
        generator.errors[i] = llvm::toString(std::move(error));
    }
    return nullptr;
  }

  llvm::Error generatePart(const Part &part, Bytes &out) const {
    // Drivers are long, and run once a call: compile time counts. Their values live from the first
    // op to the last, which costs the greedy register allocator more than all ops together.
    std::unique_ptr<llvm::TargetMachine> machine = target.createMachine(
        part.drivers ? llvm::CodeGenOptLevel::None : llvm::CodeGenOptLevel::Default);
    llvm::LLVMContext context;
    auto module = llvm::getLazyBitcodeModule(
        llvm::MemoryBufferRef(llvm::StringRef(bitcode.data(), bitcode.size()), "ignis"), context);
    if (!module)
      return module.takeError();
    for (llvm::Function &function : **module) {
      if (!part.functions.contains(function.getName())) {
        bool local = function.hasLocalLinkage();
        if (!function.isDeclaration())
          function.deleteBody();
        if (local)
          function.setVisibility(llvm::GlobalValue::HiddenVisibility);
      } else if (function.hasLocalLinkage()) {
        function.setLinkage(llvm::GlobalValue::ExternalLinkage);
        function.setVisibility(llvm::GlobalValue::HiddenVisibility);
      }
    }
    if (llvm::Error error = (*module)->materializeAll())
      return error;
    if (!part.drivers) // They are as they should be.
      optimize(**module, *machine);
    return generate(**module, *machine, type, out);
  }

  std::vector<Part> parts;
  std::vector<Bytes> code;
  std::vector<std::string> errors;
  const Target &target;
  llvm::CodeGenFileType type;
  Bytes bitcode;
  std::atomic<size_t> next{0};
};
} // namespace

llvm::Expected<std::vector<Bytes>> ignis::generateParts(const llvm::Module &module,
                                                        const Target &target,
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
