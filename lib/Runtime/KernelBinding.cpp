//===- KernelBinding.cpp - the symbols that compiled modules call -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See bindKernels in CompilerLibrary.h.

#include "UnpackedWeights.h"

#include "ignis/Kernels/Soft.h"
#include "ignis/Runtime/CompilerLibrary.h"
#include "ignis/Runtime/Profile.h"
#include "ignis/Runtime/ThreadTeam.h"

#include <cstring>

using namespace ignis;
using namespace ignis::runtime;

#ifdef __x86_64__
/// With the calling convention of _Float16.
static float extendHalf(_Float16 value) {
  uint16_t bits;
  std::memcpy(&bits, &value, 2);
  return kernels::softHalfToFloat(bits);
}
static _Float16 truncateToHalf(float value) {
  uint16_t bits = kernels::softFloatToHalf(value);
  _Float16 half;
  std::memcpy(&half, &bits, 2);
  return half;
}
#endif

SymbolBindings ignis::runtime::bindKernels(const kernels::Variant &variant) {
  SymbolBindings bindings;
  kernels::KernelTable table = deferringKernels(variant);
#define IGNIS_KERNEL(NAME, RESULT, PARAMETERS, MEANING)                                            \
  bindings.emplace_back("ignis_" #NAME, reinterpret_cast<void *>(table.NAME));
#include "ignis/Kernels/Kernels.def"
  bindings.emplace_back("ignis_barrier", reinterpret_cast<void *>(&barrier));
  bindings.emplace_back("ignis_profile", reinterpret_cast<void *>(&profileEvent));
  // What the code generator calls where the processor (or --cpu) has no FMA or no half conversion.
  bindings.emplace_back("fmaf", reinterpret_cast<void *>(&kernels::softFma));
#ifdef __x86_64__
  bindings.emplace_back("__extendhfsf2", reinterpret_cast<void *>(&extendHalf));
  bindings.emplace_back("__truncsfhf2", reinterpret_cast<void *>(&truncateToHalf));
#endif
  return bindings;
}
