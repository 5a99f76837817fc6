//===- Reader.cpp - checks a GGUF file from front to back -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Reader.h. Layout, little-endian throughout:
//   header    "GGUF", u32 version, u64 tensors, u64 key-values
//   key-value u64 length and bytes of the key, u32 type, value
//   tensor    u64 length and bytes of the name, u32 rank, u64 ne[rank], u32 type, u64 offset
//   padding to the alignment, then tensor data; a tensor's offset counts from there.

#include "Reader.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <numeric>

using namespace ignis::gguf;
using llvm::Error;
using llvm::StringRef;
using llvm::Twine;

static constexpr uint64_t maxKeyBytes = 65535;       // the format's own limit
static constexpr uint64_t maxStringBytes = 16 << 20; // of a value; real ones stay below 1 MiB
static constexpr uint64_t maxNameBytes = 63;         // what other readers hold, without the NUL
static constexpr uint64_t minAlignment = 8, maxAlignment = 65536;
// The smallest records that are possible: they turn a count into a lower bound of bytes.
static constexpr uint64_t minEntryBytes = 8 + 1 + 4 + 1;
static constexpr uint64_t minTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;
static constexpr size_t shownBytes = 64; // of a name in a message

static std::string quoted(StringRef text) { return "'" + escape(text, shownBytes) + "'"; }

Error Reader::read() {
  if (Error error = identify())
    return error;
  if (Error error = readHeader())
    return error;
  if (Error error = readMetadata())
    return error;
  if (Error error = readTensors())
    return error;
  return placeData();
}

//===----------------------------------------------------------------------===//
// Cursor
//===----------------------------------------------------------------------===//

Error Reader::truncated(uint64_t wanted, const Twine &what) const {
  return file.errorAt(position, what + ": expected " + Twine(wanted) + " bytes, got " +
                                    Twine(remaining()) + " before the end of the file");
}

template <typename T> Error Reader::take(T &value, const Twine &what) {
  if (remaining() < sizeof(T))
    return truncated(sizeof(T), what);
  value = loadLE<T>(here());
  position += sizeof(T);
  return Error::success();
}

Error Reader::takeString(StringRef &string, uint64_t limit, const Twine &what) {
  uint64_t start = position, length = 0;
  if (Error error = take(length, what + " length"))
    return error;
  if (length > limit)
    return file.errorAt(start, what + " length: expected at most " + Twine(limit) + ", got " +
                                   Twine(length));
  if (length > remaining())
    return truncated(length, what);
  string = {reinterpret_cast<const char *>(here()), static_cast<size_t>(length)};
  position += length;
  return Error::success();
}

Error Reader::takeValueType(ValueType &type, const Twine &what) {
  uint64_t start = position;
  uint32_t id = 0;
  if (Error error = take(id, what))
    return error;
  if (id > static_cast<uint32_t>(ValueType::F64))
    return file.errorAt(start, what + ": expected 0 to 12, got " + Twine(id));
  type = static_cast<ValueType>(id);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Header
//===----------------------------------------------------------------------===//

/// What a file that is not GGUF seems to be, or null. `text` is its beginning.
static const char *guessFormat(StringRef text) {
  StringRef trimmed = text.ltrim();
  if (text.starts_with("version https://git-lfs"))
    return "a Git LFS pointer, not the file itself (git lfs pull fetches it)";
  if (trimmed.starts_with_insensitive("<!doctype") || trimmed.starts_with_insensitive("<html") ||
      trimmed.starts_with_insensitive("<?xml"))
    return "an HTML page (a failed download?)";
  if (text.starts_with("FUGG"))
    return "a big-endian GGUF file, and only little-endian ones are supported";
  for (StringRef old : {"lmgg", "fmgg", "tjgg", "algg", "GGML"})
    if (text.starts_with(old))
      return "a GGML file of the time before GGUF; convert the model again";
  if (text.starts_with("PK\x03\x04"))
    return "a ZIP archive (a PyTorch checkpoint?)";
  if (text.starts_with("\x1f\x8b"))
    return "a gzip archive";
  if (text.size() > 8 && text[8] == '{')
    return "a safetensors file; convert the model to GGUF";
  if (text.size() >= 16 && llvm::all_of(text, [](char c) { return c == 0; }))
    return "all zeros (an unfinished download?)";
  return nullptr;
}

Error Reader::identify() const {
  StringRef text(reinterpret_cast<const char *>(file.bytes.data()),
                 std::min<size_t>(file.bytes.size(), 512));
  if (text.empty())
    return file.error("expected a GGUF file, got an empty one");
  if (text.starts_with("GGUF"))
    return Error::success();
  if (const char *format = guessFormat(text))
    return file.error(Twine("expected a GGUF file, got ") + format);
  if (StringRef("GGUF").starts_with(text))
    return file.errorAt(0, "magic: expected 4 bytes, got " + Twine(text.size()) +
                               " before the end of the file");
  return file.errorAt(0, "magic: expected 'GGUF', got " + quoted(text.take_front(4)));
}

Error Reader::readHeader() {
  position = 4;
  if (Error error = take(file.formatVersion, "version"))
    return error;
  uint32_t version = file.formatVersion, swapped = llvm::byteswap(version);
  if (swapped >= 1 && swapped <= 255)
    return file.errorAt(4, "version: expected 2 or 3, got " + Twine(swapped) +
                               " in big-endian order: only little-endian GGUF is supported");
  if (version != 2 && version != 3)
    return file.errorAt(4, "version: expected 2 or 3, got " + Twine(version));
  if (Error error = take(tensorCount, "tensor count"))
    return error;
  if (Error error = take(entryCount, "key-value count"))
    return error;
  // A count that the rest of the file cannot hold is nonsense: say so before looping.
  uint64_t rest = remaining();
  if (tensorCount > rest / minTensorBytes)
    return file.errorAt(8, "tensor count: expected at most " + Twine(rest / minTensorBytes) +
                               " in the " + Twine(rest) + " bytes that follow, got " +
                               Twine(tensorCount));
  rest -= tensorCount * minTensorBytes;
  if (entryCount > rest / minEntryBytes)
    return file.errorAt(16, "key-value count: expected at most " + Twine(rest / minEntryBytes) +
                                " in the " + Twine(rest) + " bytes left for them, got " +
                                Twine(entryCount));
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Key-values
//===----------------------------------------------------------------------===//

Error Reader::readMetadata() {
  for (uint64_t i = 0; i != entryCount; ++i) {
    MetadataEntry entry{};
    if (Error error = readEntry(entry))
      return error;
    file.entries.push_back(entry);
  }
  if (Error error = indexMetadata())
    return error;
  return readAlignment();
}

Error Reader::readEntry(MetadataEntry &entry) {
  entry.offset = position;
  if (Error error = takeString(entry.key, maxKeyBytes, "key"))
    return error;
  if (entry.key.empty())
    return file.errorAt(entry.offset, "key: expected a name, got an empty one");
  if (entry.key.contains('\0'))
    return file.errorAt(entry.offset, "key: expected a name without NUL, got " + quoted(entry.key));

  std::string what = "key " + quoted(entry.key);
  if (Error error = takeValueType(entry.type, what + ": value type"))
    return error;
  entry.elementType = entry.type;
  entry.count = 1;
  if (entry.type == ValueType::Array)
    return readArray(entry, what);

  entry.payload = here();
  if (entry.type == ValueType::String) {
    StringRef value;
    if (Error error = takeString(value, maxStringBytes, what + ": string"))
      return error;
  } else {
    unsigned size = valueTypeSize(entry.type);
    if (remaining() < size)
      return truncated(size, what + ": " + valueTypeName(entry.type) + " value");
    if (entry.type == ValueType::Bool && *here() > 1)
      return file.errorAt(position,
                          what + ": bool value: expected 0 or 1, got " + Twine(unsigned(*here())));
    position += size;
  }
  entry.payloadEnd = here();
  return Error::success();
}

Error Reader::readArray(MetadataEntry &entry, const Twine &what) {
  uint64_t start = position;
  if (Error error = takeValueType(entry.elementType, what + ": element type"))
    return error;
  if (entry.elementType == ValueType::Array)
    return file.errorAt(start, what + ": element type: expected a scalar or a string, got an array"
                                      " (nested arrays are not supported)");
  start = position;
  if (Error error = take(entry.count, what + ": array length"))
    return error;
  bool strings = entry.elementType == ValueType::String;
  // A string takes at least its length field.
  uint64_t size = strings ? 8 : valueTypeSize(entry.elementType);
  if (entry.count > remaining() / size)
    return file.errorAt(start, what + ": array length: expected at most " +
                                   Twine(remaining() / size) + " in the " + Twine(remaining()) +
                                   " bytes that follow, got " + Twine(entry.count));
  entry.payload = here();
  if (strings) {
    // Vocabularies come by here: walk the lengths without building messages or strings.
    for (uint64_t i = 0; i != entry.count; ++i) {
      uint64_t left = remaining();
      uint64_t length = left >= 8 ? loadLE<uint64_t>(here()) : 0;
      if (left < 8 || length > maxStringBytes || length > left - 8) {
        StringRef string;
        return takeString(string, maxStringBytes, what + ": string " + Twine(i));
      }
      position += 8 + length;
    }
  } else {
    position += entry.count * size;
  }
  entry.payloadEnd = here();
  if (entry.elementType == ValueType::Bool)
    for (const uint8_t *p = entry.payload; p != entry.payloadEnd; ++p)
      if (*p > 1)
        return file.errorAt(p - file.bytes.data(), what + ": element " + Twine(p - entry.payload) +
                                                       ": expected 0 or 1, got " +
                                                       Twine(unsigned(*p)));
  return Error::success();
}

Error Reader::indexMetadata() {
  std::vector<uint32_t> &order = file.entriesByKey;
  const std::vector<MetadataEntry> &entries = file.entries;
  if (entries.size() > UINT32_MAX)
    return file.errorAt(16, "key-value count: expected below 2^32");
  order.resize(entries.size());
  std::iota(order.begin(), order.end(), 0);
  // Ties by position, so that of two equal keys the later one is reported.
  llvm::sort(order, [&](uint32_t a, uint32_t b) {
    int c = entries[a].key.compare(entries[b].key);
    return c ? c < 0 : a < b;
  });
  for (size_t i = 1; i < order.size(); ++i)
    if (entries[order[i]].key == entries[order[i - 1]].key)
      return file.errorAt(entries[order[i]].offset, "key " + quoted(entries[order[i]].key) +
                                                        ": expected once, got a second time");
  return Error::success();
}

Error Reader::readAlignment() {
  const MetadataEntry *entry = file.find("general.alignment");
  if (!entry)
    return Error::success();
  if (entry->type != ValueType::U32)
    return file.errorAt(entry->offset,
                        "key 'general.alignment': expected u32, got " + entry->typeText());
  uint64_t value = loadLE<uint32_t>(entry->payload);
  if (value < minAlignment || value > maxAlignment || !llvm::isPowerOf2_64(value))
    return file.errorAt(entry->offset, "key 'general.alignment': expected a power of two from " +
                                           Twine(minAlignment) + " to " + Twine(maxAlignment) +
                                           ", got " + Twine(value));
  file.dataAlignment = value;
  return Error::success();
}

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
