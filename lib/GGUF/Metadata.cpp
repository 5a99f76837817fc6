//===- Metadata.cpp - value types and array views ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Decoding of values whose bounds the reader has checked already.

#include "ignis/GGUF/Metadata.h"

#include "llvm/Support/ErrorHandling.h"

using namespace ignis::gguf;

const char *ignis::gguf::valueTypeName(ValueType type) {
  switch (type) {
  case ValueType::U8:
    return "u8";
  case ValueType::I8:
    return "i8";
  case ValueType::U16:
    return "u16";
  case ValueType::I16:
    return "i16";
  case ValueType::U32:
    return "u32";
  case ValueType::I32:
    return "i32";
  case ValueType::F32:
    return "f32";
  case ValueType::Bool:
    return "bool";
  case ValueType::String:
    return "str";
  case ValueType::Array:
    return "array";
  case ValueType::U64:
    return "u64";
  case ValueType::I64:
    return "i64";
  case ValueType::F64:
    return "f64";
  }
  return "?";
}

unsigned ignis::gguf::valueTypeSize(ValueType type) {
  switch (type) {
  case ValueType::U8:
  case ValueType::I8:
  case ValueType::Bool:
    return 1;
  case ValueType::U16:
  case ValueType::I16:
    return 2;
  case ValueType::U32:
  case ValueType::I32:
  case ValueType::F32:
    return 4;
  case ValueType::U64:
  case ValueType::I64:
  case ValueType::F64:
    return 8;
  case ValueType::String:
  case ValueType::Array:
    return 0;
  }
  return 0;
}

bool ignis::gguf::isInteger(ValueType type) {
  switch (type) {
  case ValueType::U8:
  case ValueType::I8:
  case ValueType::U16:
  case ValueType::I16:
  case ValueType::U32:
  case ValueType::I32:
  case ValueType::U64:
  case ValueType::I64:
    return true;
  default:
    return false;
  }
}

int64_t ignis::gguf::loadInteger(const uint8_t *p, ValueType type) {
  switch (type) {
  case ValueType::U8:
    return *p;
  case ValueType::I8:
    return loadLE<int8_t>(p);
  case ValueType::U16:
    return loadLE<uint16_t>(p);
  case ValueType::I16:
    return loadLE<int16_t>(p);
  case ValueType::U32:
    return loadLE<uint32_t>(p);
  case ValueType::I32:
    return loadLE<int32_t>(p);
  case ValueType::U64:
  case ValueType::I64:
    return loadLE<int64_t>(p);
  default:
    llvm_unreachable("not an integer type");
  }
}

std::vector<llvm::StringRef> StringArray::index() const {
  std::vector<llvm::StringRef> strings;
  strings.reserve(count);
  for (llvm::StringRef string : *this)
    strings.push_back(string);
  return strings;
}

std::string MetadataEntry::typeText() const {
  if (!isArray())
    return valueTypeName(type);
  return std::string("array of ") + valueTypeName(elementType);
}
