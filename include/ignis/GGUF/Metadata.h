//===- Metadata.h - typed key-value pairs of a GGUF file --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Values stay where they are in the file: a vocabulary of 150,000 strings costs nothing to open.
// An array is a view that decodes an element when it is asked for. Bounds were checked when the
// file was opened, so views cannot run past it. Views live as long as their File.

#ifndef IGNIS_GGUF_METADATA_H
#define IGNIS_GGUF_METADATA_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/iterator.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace ignis::gguf {

/// Value types, by their id in the file.
enum class ValueType : uint32_t {
  U8 = 0,
  I8 = 1,
  U16 = 2,
  I16 = 3,
  U32 = 4,
  I32 = 5,
  F32 = 6,
  Bool = 7,
  String = 8,
  Array = 9,
  U64 = 10,
  I64 = 11,
  F64 = 12,
};

/// "u32", "str", "array"; never null for a value of the enumeration.
const char *valueTypeName(ValueType type);
bool isInteger(ValueType type);
/// Bytes of one value; 0 for String and Array, whose size varies.
unsigned valueTypeSize(ValueType type);

/// Reads a T stored little-endian at p, which need not be aligned. (Every host of ignis is
/// little-endian; File.cpp asserts it at compile time.)
template <typename T> T loadLE(const uint8_t *p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

/// The integer of type `type` (isInteger) at p. A u64 beyond int64_t's range wraps: the typed
/// getters refuse it first.
int64_t loadInteger(const uint8_t *p, ValueType type);

/// Array of strings. Forward iteration is cheap; index() makes a table for random access.
class StringArray {
public:
  class iterator : public llvm::iterator_facade_base<iterator, std::forward_iterator_tag,
                                                     const llvm::StringRef, std::ptrdiff_t,
                                                     const llvm::StringRef *, llvm::StringRef> {
  public:
    iterator() = default;
    explicit iterator(const uint8_t *at) : at(at) {}
    bool operator==(const iterator &other) const { return at == other.at; }
    llvm::StringRef operator*() const {
      return {reinterpret_cast<const char *>(at + 8), static_cast<size_t>(loadLE<uint64_t>(at))};
    }
    iterator &operator++() {
      at += 8 + loadLE<uint64_t>(at);
      return *this;
    }

  private:
    const uint8_t *at = nullptr;
  };

  StringArray() = default;
  StringArray(const uint8_t *begin, const uint8_t *end, uint64_t count)
      : first(begin), last(end), count(count) {}

  uint64_t size() const { return count; }
  bool empty() const { return count == 0; }
  iterator begin() const { return iterator(first); }
  iterator end() const { return iterator(last); }
  /// One StringRef per element (16 bytes each), for random access.
  std::vector<llvm::StringRef> index() const;

private:
  const uint8_t *first = nullptr, *last = nullptr;
  uint64_t count = 0;
};

/// Array of integers of any width; elements widen to int64_t. A u64 element beyond int64_t's range
/// makes the typed getter fail, so none is ever seen here.
class IntegerArray {
public:
  IntegerArray() = default;
  IntegerArray(const uint8_t *data, uint64_t count, ValueType type)
      : data(data), count(count), type(type) {}
  uint64_t size() const { return count; }
  bool empty() const { return count == 0; }
  /// The element at i < size().
  int64_t operator[](uint64_t i) const { return loadInteger(data + i * valueTypeSize(type), type); }

private:
  const uint8_t *data = nullptr;
  uint64_t count = 0;
  ValueType type = ValueType::I32;
};

/// Array of float32.
class FloatArray {
public:
  FloatArray() = default;
  FloatArray(const uint8_t *data, uint64_t count) : data(data), count(count) {}
  uint64_t size() const { return count; }
  bool empty() const { return count == 0; }
  /// The element at i < size().
  float operator[](uint64_t i) const { return loadLE<float>(data + 4 * i); }

private:
  const uint8_t *data = nullptr;
  uint64_t count = 0;
};

/// One key and where its value lies. Use File's getters; the members serve listings.
struct MetadataEntry {
  llvm::StringRef key;    ///< any bytes: escape() before printing
  ValueType type;         ///< of the value
  ValueType elementType;  ///< of an array's elements; equals `type` for a scalar
  uint64_t count = 1;     ///< elements of an array; 1 for a scalar
  uint64_t offset = 0;    ///< of the key's record in the file, for messages
  const uint8_t *payload; ///< the scalar, the first element, or a string's length field
  const uint8_t *payloadEnd;

  bool isArray() const { return type == ValueType::Array; }
  /// "u32" or "array of u32".
  std::string typeText() const;

  // The value, for an entry of the matching type only.
  llvm::StringRef stringValue() const {
    return {reinterpret_cast<const char *>(payload + 8),
            static_cast<size_t>(payloadEnd - payload - 8)};
  }
  StringArray stringArray() const { return {payload, payloadEnd, count}; }
};

} // namespace ignis::gguf

#endif // IGNIS_GGUF_METADATA_H
