//===- Target.h - the CPU that code is generated for ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Turns the name given to --cpu into what LLVM and the lowering want to know.

#ifndef IGNIS_LIB_EXECUTION_TARGET_H
#define IGNIS_LIB_EXECUTION_TARGET_H

#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

#include <memory>
#include <string>

namespace ignis {

struct Target {
  /// Another machine like `machine`. Threads need one each.
  std::unique_ptr<llvm::TargetMachine> createMachine(llvm::CodeGenOptLevel level) const;

  std::string cpu;      ///< LLVM's name
  std::string features; ///< LLVM's feature string, only for the host
  std::string isa;      ///< tile shapes of ignis-lower-ops: avx512, avx2 or neon
  std::string needs;    ///< names of CPUFeatures.def that code may use, separated by commas
  std::unique_ptr<llvm::TargetMachine> machine;
};

/// host, generic, x86-64-v2 ... or any CPU that LLVM knows for this architecture.
llvm::Expected<Target> createTarget(const std::string &name);

} // namespace ignis

#endif
