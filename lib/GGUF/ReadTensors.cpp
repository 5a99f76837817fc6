//===- ReadTensors.cpp - tensor directory and the place of tensor data ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The second half of Reader: shapes and types to bytes, names that differ, offsets that are
// aligned, inside the file and apart from each other.

#include "Reader.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace ignis::gguf;
using llvm::Error;
using llvm::Twine;

static constexpr uint64_t maxNameBytes = 63; // what other readers hold, without the NUL

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

Error Reader::readTensors() {
  for (uint64_t i = 0; i != tensorCount; ++i) {
    TensorInfo tensor{};
    if (Error error = readTensor(tensor))
      return error;
    file.directory.push_back(tensor);
  }
  return indexTensors();
}

Error Reader::readTensor(TensorInfo &tensor) {
  tensor.recordOffset = position;
  if (Error error = takeString(tensor.name, maxNameBytes, "tensor name"))
    return error;
  if (tensor.name.empty())
    return file.errorAt(tensor.recordOffset, "tensor name: expected a name, got an empty one");
  if (tensor.name.contains('\0'))
    return file.errorAt(tensor.recordOffset,
                        "tensor name: expected a name without NUL, got " + quoted(tensor.name));
  std::string what = "tensor " + quoted(tensor.name);

  uint64_t start = position;
  uint32_t rank = 0;
  if (Error error = take(rank, what + ": number of dimensions"))
    return error;
  if (rank < 1 || rank > 4)
    return file.errorAt(start,
                        what + ": number of dimensions: expected 1 to 4, got " + Twine(rank));
  tensor.rank = rank;
  tensor.ne.fill(1);
  tensor.elements = 1;
  uint64_t shapeStart = position;
  for (uint32_t d = 0; d != rank; ++d) {
    start = position;
    if (Error error = take(tensor.ne[d], what + ": dimension " + Twine(d)))
      return error;
    if (tensor.ne[d] < 0)
      return file.errorAt(start, what + ": dimension " + Twine(d) + ": expected below 2^63, got " +
                                     Twine(static_cast<uint64_t>(tensor.ne[d])));
    if (__builtin_mul_overflow(tensor.elements, tensor.ne[d], &tensor.elements))
      return file.errorAt(shapeStart, what + ": shape: expected below 2^63 elements, got more");
  }

  start = position;
  uint32_t id = 0;
  if (Error error = take(id, what + ": type"))
    return error;
  const TypeTraits *traits = typeTraits(id);
  if (!traits)
    return file.errorAt(start, what + ": type: expected a type from 0 to 42, got " + Twine(id));
  if (traits->removed())
    return file.errorAt(start, what + ": type: expected a type of the format, got " + Twine(id) +
                                   " (" + traits->name +
                                   ", which was removed from it; convert the model again)");
  tensor.type = static_cast<TensorType>(id);
  if (tensor.ne[0] % traits->blockElements)
    return file.errorAt(shapeStart, what + ": dimension 0: expected a multiple of " +
                                        Twine(traits->blockElements) + ", the block of " +
                                        traits->name + ", got " + Twine(tensor.ne[0]));
  int64_t size = 0;
  if (__builtin_mul_overflow(tensor.elements / traits->blockElements,
                             static_cast<int64_t>(traits->blockBytes), &size))
    return file.errorAt(shapeStart, what + ": shape: expected below 2^63 bytes, got more");
  tensor.bytes = size;
  return take(tensor.offset, what + ": offset");
}

Error Reader::indexTensors() {
  std::vector<uint32_t> &order = file.tensorsByName;
  const std::vector<TensorInfo> &tensors = file.directory;
  if (tensors.size() > UINT32_MAX)
    return file.errorAt(8, "tensor count: expected below 2^32");
  order.resize(tensors.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](uint32_t a, uint32_t b) {
    int c = tensors[a].name.compare(tensors[b].name);
    return c ? c < 0 : a < b;
  });
  for (size_t i = 1; i < order.size(); ++i)
    if (tensors[order[i]].name == tensors[order[i - 1]].name)
      return file.errorAt(tensors[order[i]].recordOffset, "tensor " +
                                                              quoted(tensors[order[i]].name) +
                                                              ": expected once, got a second time");
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Tensor data
//===----------------------------------------------------------------------===//

Error Reader::placeData() {
  // position <= file size and alignment <= 65536: the sum cannot wrap.
  file.dataStart = llvm::alignTo(position, file.dataAlignment);
  uint64_t fileSize = file.bytes.size();
  for (TensorInfo &tensor : file.directory) {
    if (tensor.offset % file.dataAlignment)
      return file.errorAt(tensor.recordOffset,
                          "tensor " + quoted(tensor.name) + ": offset: expected a multiple of " +
                              Twine(file.dataAlignment) + ", got " + Twine(tensor.offset));
    uint64_t begin = 0, end = 0;
    if (__builtin_add_overflow(file.dataStart, tensor.offset, &begin) ||
        __builtin_add_overflow(begin, tensor.bytes, &end))
      return file.errorAt(tensor.recordOffset, "tensor " + quoted(tensor.name) +
                                                   ": offset: expected its end below 2^64, got "
                                                   "offset " +
                                                   Twine(tensor.offset) + " and " +
                                                   Twine(tensor.bytes) + " bytes");
    tensor.offset = begin;
    if (end <= fileSize)
      continue;
    file.dataComplete = false;
    if (options.requireData)
      return file.errorAt(begin, "tensor " + quoted(tensor.name) + ": data: expected " +
                                     Twine(tensor.bytes) + " bytes, got " +
                                     Twine(begin < fileSize ? fileSize - begin : 0) +
                                     " before the end of the file (an incomplete download?)");
  }
  return checkOverlap();
}

Error Reader::checkOverlap() const {
  std::vector<const TensorInfo *> order;
  for (const TensorInfo &tensor : file.directory)
    if (tensor.bytes)
      order.push_back(&tensor);
  // Ties by position in the directory, so that the message does not depend on the sort.
  llvm::sort(order, [](const TensorInfo *a, const TensorInfo *b) {
    return a->offset != b->offset ? a->offset < b->offset : a < b;
  });
  for (size_t i = 1; i < order.size(); ++i) {
    const TensorInfo &before = *order[i - 1], &tensor = *order[i];
    if (before.offset + before.bytes > tensor.offset)
      return file.errorAt(tensor.recordOffset,
                          "tensor " + quoted(tensor.name) + ": offset: expected data from 0x" +
                              Twine::utohexstr(before.offset + before.bytes) + ", the end of " +
                              quoted(before.name) + ", got 0x" + Twine::utohexstr(tensor.offset));
  }
  return Error::success();
}
