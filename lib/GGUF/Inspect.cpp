//===- Inspect.cpp - listing of a GGUF file for people and machines ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two renderings of the same walk over a File's metadata and directory.

#include "ignis/GGUF/Inspect.h"

#include "ignis/GGUF/ModelConfig.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

using namespace ignis::gguf;
using llvm::StringRef;

static constexpr uint64_t shownElements = 16; // of an array
static constexpr uint64_t shownInText = 6;    // the same, for people
static constexpr size_t shownBytes = 72;      // of a string, for people

/// The shortest text that reads back as the same number; "nan", "inf" and "-inf" for the others.
template <typename T> static std::string floatText(T value) {
  char text[64];
  auto result = std::to_chars(text, text + sizeof(text), value);
  return std::string(text, result.ptr);
}

/// Calls one of the functions with the scalar of type `type` at p.
template <typename Text, typename Float, typename Int, typename Uint, typename Bool>
static void visitScalar(const uint8_t *p, ValueType type, Text onText, Float onFloat, Int onInt,
                        Uint onUint, Bool onBool) {
  switch (type) {
  case ValueType::String:
    return onText(*StringArray::iterator(p));
  case ValueType::F32:
    return onFloat(loadLE<float>(p));
  case ValueType::F64:
    return onFloat(loadLE<double>(p));
  case ValueType::Bool:
    return onBool(*p != 0);
  case ValueType::U64:
    return onUint(loadLE<uint64_t>(p));
  default:
    return onInt(loadInteger(p, type));
  }
}

/// Calls `element` with a pointer to each of the first `most` elements of the value.
template <typename Fn>
static void forElements(const MetadataEntry &entry, uint64_t most, Fn element) {
  const uint8_t *p = entry.payload;
  for (uint64_t i = 0; i != std::min(entry.count, most); ++i) {
    element(p);
    p += entry.elementType == ValueType::String ? 8 + loadLE<uint64_t>(p)
                                                : valueTypeSize(entry.elementType);
  }
}

/// Empty if ignis runs the model, else why not.
static std::string whyUnsupported(const File &file) {
  llvm::Expected<ModelConfig> config = readModelConfig(file);
  return config ? std::string() : llvm::toString(config.takeError());
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static void printValue(llvm::raw_ostream &os, const MetadataEntry &entry) {
  auto scalar = [&](const uint8_t *p) {
    visitScalar(
        p, entry.elementType, [&](StringRef s) { os << "'" << escape(s, shownBytes) << "'"; },
        [&](auto x) { os << floatText(x); }, [&](int64_t x) { os << x; },
        [&](uint64_t x) { os << x; }, [&](bool x) { os << (x ? "true" : "false"); });
  };
  if (!entry.isArray())
    return scalar(entry.payload);
  os << "[";
  bool first = true;
  forElements(entry, shownInText, [&](const uint8_t *p) {
    os << (first ? "" : ", ");
    first = false;
    scalar(p);
  });
  os << (entry.count > shownInText ? ", ...]" : "]");
}

static std::string typeAndLength(const MetadataEntry &entry) {
  if (!entry.isArray())
    return entry.typeText();
  return std::string(valueTypeName(entry.elementType)) + "[" + std::to_string(entry.count) + "]";
}

static std::string shapeText(const TensorInfo &tensor) {
  std::string text = "[";
  for (unsigned d = 0; d != tensor.rank; ++d)
    text += (d ? ", " : "") + std::to_string(tensor.ne[d]);
  return text + "]";
}

/// One line of padded columns for each tensor, then totals by type.
static void printTensors(llvm::raw_ostream &os, const File &file) {
  size_t nameWidth = 0, shapeWidth = 0;
  std::map<std::string, std::pair<uint64_t, uint64_t>> totals; // type: tensors, bytes
  uint64_t elements = 0;
  for (const TensorInfo &tensor : file.tensors()) {
    nameWidth = std::max(nameWidth, escape(tensor.name).size());
    shapeWidth = std::max(shapeWidth, shapeText(tensor).size());
    auto &[count, bytes] = totals[typeName(tensor.type).str()];
    ++count;
    bytes += tensor.bytes;
    elements += tensor.elements;
  }
  os << "\ntensors (" << file.tensors().size() << ")\n";
  for (const TensorInfo &tensor : file.tensors())
    os << "  " << llvm::left_justify(escape(tensor.name), nameWidth) << "  "
       << llvm::left_justify(typeName(tensor.type), 7) << "  "
       << llvm::left_justify(shapeText(tensor), shapeWidth) << "  " << tensor.bytes << " bytes at "
       << llvm::format_hex(tensor.offset, 0) << "\n";
  os << "\ntotal: " << elements << " elements\n";
  for (const auto &[type, sums] : totals)
    os << "  " << llvm::left_justify(type, 7) << "  " << sums.first << " tensors, " << sums.second
       << " bytes\n";
}

std::string ignis::gguf::inspectText(const File &file) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << escape(file.path()) << "\n"
     << "GGUF version " << file.version() << ", " << file.size() << " bytes, alignment "
     << file.alignment() << ", tensor data at " << llvm::format_hex(file.dataOffset(), 0)
     << (file.hasData() ? "" : " (not all in the file)") << "\n";
  std::string reason = whyUnsupported(file);
  os << "supported: " << (reason.empty() ? "yes" : "no: " + reason) << "\n";

  os << "\nmetadata (" << file.metadata().size() << ")\n";
  size_t keyWidth = 0, typeWidth = 0;
  for (const MetadataEntry &entry : file.metadata()) {
    // A key of 64 KiB must not push every other value off the screen.
    keyWidth = std::max(keyWidth, std::min<size_t>(escape(entry.key).size(), 56));
    typeWidth = std::max(typeWidth, typeAndLength(entry).size());
  }
  for (const MetadataEntry &entry : file.metadata()) {
    os << "  " << llvm::left_justify(escape(entry.key), keyWidth) << "  "
       << llvm::left_justify(typeAndLength(entry), typeWidth) << "  ";
    printValue(os, entry);
    os << "\n";
  }
  printTensors(os, file);
  return text;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static void writeValue(llvm::json::OStream &json, const MetadataEntry &entry) {
  auto scalar = [&](const uint8_t *p) {
    visitScalar(
        p, entry.elementType, [&](StringRef s) { json.value(llvm::json::fixUTF8(s)); },
        [&](auto x) {
          // JSON has no NaN; and OStream would print a float widened to double.
          if (std::isfinite(x))
            json.rawValue(floatText(x));
          else
            json.value(floatText(x));
        },
        [&](int64_t x) { json.value(x); }, [&](uint64_t x) { json.value(x); },
        [&](bool x) { json.value(x); });
  };
  json.attribute("type", valueTypeName(entry.type));
  if (!entry.isArray()) {
    json.attributeBegin("value");
    scalar(entry.payload);
    json.attributeEnd();
    return;
  }
  json.attribute("element_type", valueTypeName(entry.elementType));
  json.attribute("length", entry.count);
  json.attributeArray("value", [&] { forElements(entry, shownElements, scalar); });
}

static void writeTensor(llvm::json::OStream &json, const TensorInfo &tensor) {
  json.attribute("name", escape(tensor.name));
  json.attribute("type", typeName(tensor.type));
  json.attributeArray("shape", [&] {
    for (unsigned d = 0; d != tensor.rank; ++d)
      json.value(tensor.ne[d]);
  });
  json.attribute("elements", tensor.elements);
  json.attribute("bytes", tensor.bytes);
  json.attribute("offset", tensor.offset);
}

std::string ignis::gguf::inspectJSON(const File &file) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::json::OStream json(os, /*IndentSize=*/1);
  json.object([&] {
    json.attribute("file", escape(file.path()));
    json.attribute("bytes", file.size());
    json.attribute("version", file.version());
    json.attribute("alignment", file.alignment());
    json.attribute("data_offset", file.dataOffset());
    json.attribute("has_data", file.hasData());
    std::string reason = whyUnsupported(file);
    json.attribute("supported", reason.empty());
    json.attribute("reason", reason.empty() ? llvm::json::Value(nullptr) : reason);
    // Keys differ in the file, and escape() maps different keys to different text.
    json.attributeObject("metadata", [&] {
      for (const MetadataEntry &entry : file.metadata())
        json.attributeObject(escape(entry.key), [&] { writeValue(json, entry); });
    });
    json.attributeArray("tensors", [&] {
      for (const TensorInfo &tensor : file.tensors())
        json.object([&] { writeTensor(json, tensor); });
    });
  });
  os << "\n";
  return text;
}
