//===- Target.cpp - the CPU that code is generated for ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Target.h.

#include "Target.h"

#include "ignis/Kernels/CPUFeatures.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

using namespace ignis;

std::unique_ptr<llvm::TargetMachine> Target::createMachine(llvm::CodeGenOptLevel level) const {
  return std::unique_ptr<llvm::TargetMachine>(machine->getTarget().createTargetMachine(
      machine->getTargetTriple(), cpu, features, machine->Options, llvm::Reloc::PIC_, std::nullopt,
      level, /*JIT=*/false));
}

/// On x86 loop strength reduction takes a quarter of the time of code generation and gains nothing:
/// the loops of ops are written as they are to run, and an access adds base, index and offset by
/// itself. The pass has no other switch than the command line's.
static void leaveOutLoopStrengthReduction() {
  auto &options = llvm::cl::getRegisteredOptions();
  auto found = options.find("disable-lsr");
  if (found != options.end() && found->second->getNumOccurrences() == 0)
    static_cast<llvm::cl::opt<bool> *>(found->second)->setValue(true);
}

llvm::Expected<Target> ignis::createTarget(const std::string &name) {
  llvm::Triple triple(llvm::sys::getProcessTriple());
  static const bool initialised = [&] {
    if (triple.isX86())
      leaveOutLoopStrengthReduction();
    return !llvm::InitializeNativeTarget() && !llvm::InitializeNativeTargetAsmPrinter() &&
           !llvm::InitializeNativeTargetAsmParser();
  }();
  if (!initialised)
    return llvm::createStringError("LLVM was built without a code generator for this machine");
  Target target;
  target.cpu = name;
  if (name == "host" || name.empty()) {
    target.cpu = llvm::sys::getHostCPUName().str();
    llvm::SubtargetFeatures features;
    for (auto &feature : llvm::sys::getHostCPUFeatures())
      features.AddFeature(feature.getKey(), feature.getValue());
    if (triple.isAArch64()) {
      // LLVM reads /proc/cpuinfo, which under user-mode emulation is another processor's.
      kernels::CPUFeatures found = kernels::detectCPUFeatures();
      features.AddFeature("neon");
      features.AddFeature("dotprod", found.dotprod);
      features.AddFeature("i8mm", found.i8mm);
    }
    target.features = features.getString();
  } else if (name == "generic" && triple.isX86()) {
    target.cpu = "x86-64";
  }
  std::string error;
  const llvm::Target *backend = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend)
    return llvm::createStringError(error);
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(backend->createMCSubtargetInfo(triple, "", ""));
  if (!subtarget->isCPUStringValid(target.cpu))
    return llvm::createStringError("unknown CPU '" + name + "' for " + triple.getArchName().str() +
                                   ", expected host, generic or a name that LLVM knows");
  llvm::TargetOptions options;
  options.AllowFPOpFusion =
      llvm::FPOpFusion::Strict; // Fused operations are explicit (docs/Numerics.md).
  target.machine.reset(backend->createTargetMachine(triple, target.cpu, target.features, options,
                                                    llvm::Reloc::PIC_, std::nullopt,
                                                    llvm::CodeGenOptLevel::Default, /*JIT=*/false));
  if (!target.machine)
    return llvm::createStringError("LLVM has no code generator for " + triple.str());
  for (const llvm::SubtargetFeatureKV &feature :
       target.machine->getMCSubtargetInfo()->getEnabledProcessorFeatures()) {
    llvm::StringRef name = feature.Key;
    if (name.starts_with("amx")) // Kernels ask for tiles, generated code does not.
      continue;
#define IGNIS_CPU_FEATURE(NAME, SPELLING)                                                          \
  if (name == SPELLING)                                                                            \
    target.needs += (target.needs.empty() ? "" : ",") + std::string(SPELLING);
#include "ignis/Kernels/CPUFeatures.def"
  }
  if (triple.isAArch64())
    target.isa = "neon";
  else if (target.machine->getMCSubtargetInfo()->checkFeatures(
               "+avx512f,+avx512vl,+avx512bw,+avx512dq"))
    target.isa = "avx512";
  else
    target.isa = "avx2";
  return target;
}
