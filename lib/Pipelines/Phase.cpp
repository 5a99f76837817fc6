//===- Phase.cpp - the stages of a compilation ------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Names and nothing else.

#include "ignis/Pipelines/Phase.h"

#include "llvm/ADT/StringSwitch.h"

std::optional<ignis::Phase> ignis::parsePhase(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<Phase>>(name)
      .Case("import", Phase::Import)
      .Case("fuse", Phase::Fuse)
      .Case("bufferize", Phase::Bufferize)
      .Case("plan", Phase::Plan)
      .Case("lower", Phase::Lower)
      .Case("llvm", Phase::LLVM)
      .Case("asm", Phase::Asm)
      .Case("obj", Phase::Obj)
      .Case("so", Phase::So)
      .Default(std::nullopt);
}

llvm::StringRef ignis::phaseNames() {
  return "import, fuse, bufferize, plan, lower, llvm, asm, obj, so";
}
