//===- Exercise.h - does with a file's bytes all that the library offers ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shared by the random tests and the libFuzzer target: nothing here may crash, whatever the bytes.

#ifndef IGNIS_TEST_UNIT_GGUF_EXERCISE_H
#define IGNIS_TEST_UNIT_GGUF_EXERCISE_H

#include "ignis/GGUF/Inspect.h"
#include "ignis/GGUF/ModelConfig.h"

#include "llvm/Support/JSON.h"

#include <cstdlib>

namespace ignis::gguf::test {

/// A message is one printable line that begins with the file's name. Aborts if it is not.
inline void checkMessage(llvm::Error error) {
  std::string text = llvm::toString(std::move(error));
  if (text.compare(0, 8, "m.gguf: ") != 0 || !llvm::json::isUTF8(text))
    std::abort();
  for (unsigned char c : text)
    if (c < 0x20 || c == 0x7f)
      std::abort();
}

/// Reads every value and the ends of every tensor. Returns something that depends on all.
inline uint64_t touchAll(const File &file) {
  uint64_t sum = 0;
  for (const MetadataEntry &entry : file.metadata()) {
    if (file.find(entry.key) != &entry)
      std::abort();
    if (auto array = file.getStringArray(entry.key)) {
      for (llvm::StringRef text : *array)
        sum += text.size() + (text.empty() ? 0 : text.front() + text.back());
    } else {
      llvm::consumeError(array.takeError());
    }
    if (auto array = file.getIntegerArray(entry.key)) {
      for (uint64_t i = 0; i != array->size(); ++i)
        sum += (*array)[i];
    } else {
      llvm::consumeError(array.takeError());
    }
  }
  for (const TensorInfo &tensor : file.tensors()) {
    if (file.findTensor(tensor.name) != &tensor)
      std::abort();
    if (const uint8_t *data = file.data(tensor))
      sum += data[0] + data[tensor.bytes - 1];
  }
  return sum;
}

/// Returns true if the bytes are a well-formed file. `list` also renders its listings.
inline bool exercise(llvm::ArrayRef<uint8_t> bytes, bool requireData, bool list) {
  OpenOptions options;
  options.requireData = requireData;
  llvm::Expected<File> file = File::fromMemory(bytes, "m.gguf", options);
  if (!file) {
    checkMessage(file.takeError());
    return false;
  }
  volatile uint64_t sink = touchAll(*file);
  (void)sink;
  if (llvm::Expected<ModelConfig> config = readModelConfig(*file); !config)
    checkMessage(config.takeError());
  if (!list)
    return true;
  if (!llvm::json::isUTF8(inspectText(*file)))
    std::abort();
  if (auto json = llvm::json::parse(inspectJSON(*file)); !json)
    std::abort();
  return true;
}

} // namespace ignis::gguf::test

#endif // IGNIS_TEST_UNIT_GGUF_EXERCISE_H
