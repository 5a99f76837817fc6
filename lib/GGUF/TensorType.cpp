//===- TensorType.cpp - the table of tensor types ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One row per id of the format. The geometry of types that ignis cannot compute with is here
// because a tensor's bytes must be known to check that it lies inside the file.

#include "ignis/GGUF/TensorType.h"

#include <iterator>

using namespace ignis::gguf;

// Indexed by id. Ids that the format gave up have no geometry.
static constexpr TypeTraits types[] = {
    {"F32", 1, 4, true},         {"F16", 1, 2, true},         {"Q4_0", 32, 18, false},
    {"Q4_1", 32, 20, false},     {"Q4_2", 0, 0, false},       {"Q4_3", 0, 0, false},
    {"Q5_0", 32, 22, false},     {"Q5_1", 32, 24, false},     {"Q8_0", 32, 34, true},
    {"Q8_1", 32, 36, false},     {"Q2_K", 256, 84, false},    {"Q3_K", 256, 110, false},
    {"Q4_K", 256, 144, false},   {"Q5_K", 256, 176, false},   {"Q6_K", 256, 210, false},
    {"Q8_K", 256, 292, false},   {"IQ2_XXS", 256, 66, false}, {"IQ2_XS", 256, 74, false},
    {"IQ3_XXS", 256, 98, false}, {"IQ1_S", 256, 50, false},   {"IQ4_NL", 32, 18, false},
    {"IQ3_S", 256, 110, false},  {"IQ2_S", 256, 82, false},   {"IQ4_XS", 256, 136, false},
    {"I8", 1, 1, false},         {"I16", 1, 2, false},        {"I32", 1, 4, false},
    {"I64", 1, 8, false},        {"F64", 1, 8, false},        {"IQ1_M", 256, 56, false},
    {"BF16", 1, 2, true},        {"Q4_0_4_4", 0, 0, false},   {"Q4_0_4_8", 0, 0, false},
    {"Q4_0_8_8", 0, 0, false},   {"TQ1_0", 256, 54, false},   {"TQ2_0", 256, 66, false},
    {"IQ4_NL_4_4", 0, 0, false}, {"IQ4_NL_4_8", 0, 0, false}, {"IQ4_NL_8_8", 0, 0, false},
    {"MXFP4", 32, 17, false},    {"NVFP4", 64, 36, false},    {"Q1_0", 128, 18, false},
    {"Q2_0", 64, 18, false},
};
static_assert(std::size(types) == 43, "one row per id, 0 to 42");

const TypeTraits *ignis::gguf::typeTraits(uint32_t id) {
  return id < std::size(types) ? &types[id] : nullptr;
}

llvm::StringRef ignis::gguf::typeName(TensorType type) {
  const TypeTraits *traits = typeTraits(type);
  return traits ? traits->name : "?";
}

bool ignis::gguf::isSupported(TensorType type) {
  const TypeTraits *traits = typeTraits(type);
  return traits && traits->supported;
}
