//===- Reader.cpp - header and key-values -----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The first half of Reader; ReadTensors.cpp has the second. Layout, little-endian throughout:
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
static constexpr uint64_t minAlignment = 8, maxAlignment = 65536;
// The smallest records that are possible: they turn a count into a lower bound of bytes.
static constexpr uint64_t minEntryBytes = 8 + 1 + 4 + 1;
static constexpr uint64_t minTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;

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
