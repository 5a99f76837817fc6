//===- WeightStore.cpp - weights where compiled code expects them -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See WeightStore.h.

#include "ignis/Runtime/WeightStore.h"

#include "UnpackedWeights.h"

#include "llvm/ADT/StringSwitch.h"

#include <cmath>

using namespace ignis;
using namespace ignis::runtime;

WeightStore::WeightStore() = default;
WeightStore::WeightStore(WeightStore &&) noexcept = default;
WeightStore::~WeightStore() = default;

namespace {
/// Biases and the weights of norms are few: all of them are looked at.
llvm::Error checkVector(const gguf::File &file, const gguf::TensorInfo &tensor) {
  const uint8_t *data = file.data(tensor);
  for (int64_t i = 0; i < tensor.elements; ++i)
    if (tensor.type == gguf::TensorType::F32
            ? !std::isfinite(gguf::loadLE<float>(data + 4 * i))
            : tensor.type == gguf::TensorType::F16 && isBadHalf(data + 2 * i))
      return file.errorAt(tensor.offset +
                              static_cast<uint64_t>(i) *
                                  (tensor.bytes / static_cast<uint64_t>(tensor.elements)),
                          "tensor '" + gguf::escape(tensor.name) + "': value " + llvm::Twine(i) +
                              ": expected a finite number, got NaN or infinity");
  return llvm::Error::success();
}

llvm::Expected<const gguf::TensorInfo *>
findTensor(const gguf::File &file, const WeightRequest &request, const std::string &name) {
  const gguf::TensorInfo *tensor = file.findTensor(name);
  if (!tensor)
    return file.error("the module wants tensor '" + gguf::escape(name) +
                      "', which is not in the file");
  auto type = llvm::StringSwitch<int>(request.type)
                  .Case("q8_0", static_cast<int>(gguf::TensorType::Q8_0))
                  .Case("f16", static_cast<int>(gguf::TensorType::F16))
                  .Case("bf16", static_cast<int>(gguf::TensorType::BF16))
                  .Case("f32", static_cast<int>(gguf::TensorType::F32))
                  .Default(-1);
  if (static_cast<int>(tensor->type) != type)
    return file.error("tensor '" + gguf::escape(name) +
                      "' has another type than the module expects, " + request.type);
  if (tensor->ne[0] != request.columns)
    return file.error("tensor '" + gguf::escape(name) + "' has rows of " +
                      llvm::Twine(tensor->ne[0]) + " values, the module expects " +
                      llvm::Twine(request.columns));
  if (!file.data(*tensor))
    return file.error("tensor '" + gguf::escape(name) + "' has no data in the file");
  return tensor;
}
} // namespace

llvm::Expected<WeightStore> WeightStore::create(const gguf::File &file, const Manifest &manifest,
                                                const kernels::Variant *variant, int threads,
                                                bool hugePages) {
  WeightStore store;
  int64_t total = 0;
  std::vector<int64_t> offsets;
  for (const WeightRequest &request : manifest.weights) {
    offsets.push_back(total);
    if (request.interleaved)
      // Without gaps: what a kernel prefetches past its end is what comes next.
      total += (kernels::packedBytes(request.rows, request.columns) + 63) / 64 * 64;
  }
  if (total && !variant)
    return llvm::createStringError("the module wants packed weights but no kernels were chosen");
  llvm::Expected<Mapping> mapping = Mapping::create(
      total, hugePages ? Mapping::HugePages::Now : Mapping::HugePages::None, "weights");
  if (!mapping)
    return mapping.takeError();
  store.packed = std::move(*mapping);

  std::vector<UnpackedTensor> tensors;
  for (auto [i, request] : llvm::enumerate(manifest.weights)) {
    int64_t rows = 0;
    for (const std::string &name : request.tensors) {
      auto tensor = findTensor(file, request, name);
      if (!tensor)
        return tensor.takeError();
      int64_t count = (*tensor)->elements / request.columns;
      const uint8_t *data = file.data(**tensor);
      if (request.rows == 1)
        if (llvm::Error error = checkVector(file, **tensor))
          return error;
      if (!request.interleaved) {
        if (request.tensors.size() != 1)
          return file.error("the module wants several tensors as one in the file's layout");
        store.addresses.push_back(data);
      } else {
        if ((*tensor)->type != gguf::TensorType::Q8_0)
          return file.error("the module wants tensor '" + gguf::escape(name) +
                            "' packed, which only Q8_0 is, got " + gguf::typeName((*tensor)->type));
        if (rows % kernels::kGroupRows)
          return file.error("tensor '" + gguf::escape(name) + "' cannot follow " +
                            llvm::Twine(rows) + " rows, expected a multiple of 16");
        uint8_t *base = store.packed.data() + offsets[i];
        if (rows == 0)
          store.addresses.push_back(base);
        tensors.push_back({*tensor, data, count, request.columns,
                           base + kernels::packedBytes(rows, request.columns)});
      }
      rows += count;
    }
    if (rows != request.rows)
      return file.error("tensor '" + gguf::escape(request.tensors.front()) + "' has " +
                        llvm::Twine(rows) + " rows, the module expects " +
                        llvm::Twine(request.rows));
  }
  if (!tensors.empty()) {
    store.unpacked = std::make_unique<UnpackedWeights>(file, *variant, std::move(tensors));
    if (llvm::Error error = store.unpacked->check(threads))
      return error;
    if (!store.unpacked->deferred())
      store.pack(threads);
  }
  return store;
}

void WeightStore::pack(int threads) {
  if (unpacked)
    unpacked->pack(threads);
  unpacked.reset();
}
