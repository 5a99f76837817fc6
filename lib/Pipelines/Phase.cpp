//===- Phase.cpp - the stages of a compilation ------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Names and nothing else.

#include "ignis/Pipelines/Phase.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

std::optional<ignis::Phase> ignis::parsePhase(llvm::StringRef name) {
  for (auto [i, known] : llvm::enumerate(kPhaseNames))
    if (name == known)
      return static_cast<Phase>(i);
  return std::nullopt;
}

std::string ignis::phaseNames() {
  return llvm::join(std::begin(kPhaseNames), std::end(kPhaseNames), ", ");
}
