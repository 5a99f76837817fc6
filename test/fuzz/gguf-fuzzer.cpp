//===- gguf-fuzzer.cpp - libFuzzer target of the GGUF reader ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Opens arbitrary bytes as a file and does all that the library offers with it. Needs no seed
// corpus: an input that is no GGUF file becomes a small model before it is mutated.

#include "../Unit/GGUF/Exercise.h"
#include "../Unit/GGUF/GGUFBuilder.h"

#include <algorithm>

using namespace ignis::gguf::test;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  exercise({data, size}, /*requireData=*/true, /*list=*/true);
  exercise({data, size}, /*requireData=*/false, /*list=*/true);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize,
                                          unsigned seed) {
  // Now and then an input without magic may pass, so that identification is fuzzed too.
  if ((size < 24 || std::memcmp(data, "GGUF", 4) != 0) && seed % 16 != 0) {
    Shape shape;
    shape.layers = 1;
    shape.vocabulary = 5;
    Builder model = qwen2(shape);
    model.withData = seed % 2;
    Bytes bytes = model.build();
    size = std::min(bytes.size(), maxSize);
    std::copy_n(bytes.begin(), size, data);
  }
  return LLVMFuzzerMutate(data, size, maxSize);
}
