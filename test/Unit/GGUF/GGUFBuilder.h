//===- GGUFBuilder.h - writes GGUF files in memory, broken ones too ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// For tests alone. It writes what it is told: every count, length, type and offset can be wrong.

#ifndef IGNIS_TEST_UNIT_GGUF_GGUFBUILDER_H
#define IGNIS_TEST_UNIT_GGUF_GGUFBUILDER_H

#include "ignis/GGUF/File.h"

#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace ignis::gguf::test {

using Bytes = std::vector<uint8_t>;

template <typename T> void put(Bytes &out, T value) {
  uint8_t raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  out.insert(out.end(), raw, raw + sizeof(T));
}

inline void putString(Bytes &out, const std::string &text, std::optional<uint64_t> length = {}) {
  put<uint64_t>(out, length.value_or(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

/// One tensor. Data that is not given is as many zeros as its type and shape take (none where those
/// are nonsense).
struct TensorSpec {
  std::string name;
  uint32_t type = 0;
  std::vector<uint64_t> ne;
  std::optional<uint64_t> offset;     // else behind the tensor before it
  std::optional<uint64_t> nameLength; // else the truth
  std::optional<uint32_t> rank;       // else the truth
  std::optional<uint64_t> dataBytes;  // else what type and shape take

  uint64_t bytes() const {
    if (dataBytes)
      return *dataBytes;
    const TypeTraits *traits = typeTraits(type);
    if (!traits || traits->removed())
      return 0;
    uint64_t elements = 1;
    for (uint64_t n : ne)
      if (__builtin_mul_overflow(elements, n, &elements) || elements > (1u << 24))
        return 0;
    return elements / traits->blockElements * traits->blockBytes;
  }
};

class Builder {
public:
  std::string magic = "GGUF";
  uint32_t version = 3;
  std::optional<uint64_t> tensorCount, entryCount; // else the truth
  uint64_t alignment = 32;                         // used for padding; the key is yours to set
  std::vector<TensorSpec> tensors;
  bool withData = true; // false: the file ends with the tensor directory

  /// Sets or replaces a key: the raw bytes of its type and value.
  Builder &raw(const std::string &key, Bytes typeAndValue) {
    for (Entry &entry : entries)
      if (entry.key == key) {
        entry.value = std::move(typeAndValue);
        return *this;
      }
    return append(key, std::move(typeAndValue));
  }
  /// The same without replacing, so that a key can stand twice.
  Builder &append(const std::string &key, Bytes typeAndValue,
                  std::optional<uint64_t> keyLength = {}) {
    entries.push_back({key, std::move(typeAndValue), keyLength});
    return *this;
  }
  Builder &erase(const std::string &key) {
    for (size_t i = 0; i != entries.size(); ++i)
      if (entries[i].key == key) {
        entries.erase(entries.begin() + i);
        break;
      }
    return *this;
  }

  template <typename T> static Bytes scalar(ValueType type, T value) {
    Bytes out;
    put(out, static_cast<uint32_t>(type));
    put(out, value);
    return out;
  }
  template <typename T>
  static Bytes array(ValueType type, const std::vector<T> &values,
                     std::optional<uint64_t> count = {}) {
    Bytes out;
    put(out, static_cast<uint32_t>(ValueType::Array));
    put(out, static_cast<uint32_t>(type));
    put<uint64_t>(out, count.value_or(values.size()));
    for (const T &value : values) {
      if constexpr (std::is_same_v<T, std::string>)
        putString(out, value);
      else
        put(out, value);
    }
    return out;
  }
  static Bytes text(const std::string &value, std::optional<uint64_t> length = {}) {
    Bytes out;
    put(out, static_cast<uint32_t>(ValueType::String));
    putString(out, value, length);
    return out;
  }

  Builder &u32(const std::string &key, uint32_t value) {
    return raw(key, scalar(ValueType::U32, value));
  }
  Builder &f32(const std::string &key, float value) {
    return raw(key, scalar(ValueType::F32, value));
  }
  Builder &boolean(const std::string &key, uint8_t value) {
    return raw(key, scalar(ValueType::Bool, value));
  }
  Builder &str(const std::string &key, const std::string &value) { return raw(key, text(value)); }
  Builder &strings(const std::string &key, const std::vector<std::string> &values) {
    return raw(key, array(ValueType::String, values));
  }

  Builder &tensor(const std::string &name, TensorType type, std::vector<uint64_t> ne) {
    TensorSpec spec;
    spec.name = name;
    spec.type = static_cast<uint32_t>(type);
    spec.ne = std::move(ne);
    tensors.push_back(std::move(spec));
    return *this;
  }
  /// The tensor of that name, which must exist.
  TensorSpec &at(const std::string &name) {
    for (TensorSpec &spec : tensors)
      if (spec.name == name)
        return spec;
    std::abort();
  }
  Builder &eraseTensor(const std::string &name) {
    tensors.erase(tensors.begin() + (&at(name) - tensors.data()));
    return *this;
  }

  Bytes build() {
    Bytes out(magic.begin(), magic.end());
    put(out, version);
    put<uint64_t>(out, tensorCount.value_or(tensors.size()));
    put<uint64_t>(out, entryCount.value_or(entries.size()));
    for (const Entry &entry : entries) {
      putString(out, entry.key, entry.keyLength);
      out.insert(out.end(), entry.value.begin(), entry.value.end());
    }
    uint64_t next = 0;
    std::vector<uint64_t> offsets;
    for (const TensorSpec &spec : tensors) {
      offsets.push_back(next);
      putString(out, spec.name, spec.nameLength);
      put<uint32_t>(out, spec.rank.value_or(spec.ne.size()));
      for (uint64_t n : spec.ne)
        put(out, n);
      put(out, spec.type);
      put(out, spec.offset.value_or(next));
      next = pad(next + spec.bytes());
    }
    directoryEnd = out.size();
    if (!withData || tensors.empty())
      return out;
    out.resize(pad(out.size()));
    size_t base = out.size();
    for (size_t i = 0; i != tensors.size(); ++i)
      out.resize(base + offsets[i] + tensors[i].bytes());
    return out;
  }
  /// Bytes up to the end of the tensor directory in what build() returned last.
  size_t directoryEnd = 0;

private:
  struct Entry {
    std::string key;
    Bytes value;
    std::optional<uint64_t> keyLength;
  };
  uint64_t pad(uint64_t n) const { return (n + alignment - 1) / alignment * alignment; }

  std::vector<Entry> entries;
};

/// Hyper-parameters of a small model.
struct Shape {
  uint32_t layers = 2, embedding = 64, feedForward = 96, heads = 2, kvHeads = 1, headDim = 32;
  uint32_t context = 128, vocabulary = 10;
  TensorType weights = TensorType::Q8_0, norms = TensorType::F32;
  bool tied = true;
};

/// A well-formed Qwen2 file with zeros for weights.
inline Builder qwen2(const Shape &s = {}) {
  Builder b;
  b.str("general.architecture", "qwen2");
  b.u32("qwen2.block_count", s.layers);
  b.u32("qwen2.context_length", s.context);
  b.u32("qwen2.embedding_length", s.embedding);
  b.u32("qwen2.feed_forward_length", s.feedForward);
  b.u32("qwen2.attention.head_count", s.heads);
  b.u32("qwen2.attention.head_count_kv", s.kvHeads);
  b.f32("qwen2.attention.layer_norm_rms_epsilon", 1e-6f);
  b.f32("qwen2.rope.freq_base", 1000000.0f);
  if (s.headDim * s.heads != s.embedding) {
    b.u32("qwen2.attention.key_length", s.headDim);
    b.u32("qwen2.attention.value_length", s.headDim);
  }
  std::vector<std::string> tokens;
  for (uint32_t i = 0; i != s.vocabulary; ++i)
    tokens.push_back("token" + std::to_string(i));
  b.strings("tokenizer.ggml.tokens", tokens);
  uint64_t e = s.embedding, q = s.heads * s.headDim, kv = s.kvHeads * s.headDim, f = s.feedForward;
  b.tensor("token_embd.weight", s.weights, {e, s.vocabulary});
  b.tensor("output_norm.weight", s.norms, {e});
  if (!s.tied)
    b.tensor("output.weight", s.weights, {e, s.vocabulary});
  for (uint32_t l = 0; l != s.layers; ++l) {
    std::string blk = "blk." + std::to_string(l) + ".";
    b.tensor(blk + "attn_norm.weight", s.norms, {e});
    b.tensor(blk + "attn_q.weight", s.weights, {e, q});
    b.tensor(blk + "attn_q.bias", s.norms, {q});
    b.tensor(blk + "attn_k.weight", s.weights, {e, kv});
    b.tensor(blk + "attn_k.bias", s.norms, {kv});
    b.tensor(blk + "attn_v.weight", s.weights, {e, kv});
    b.tensor(blk + "attn_v.bias", s.norms, {kv});
    b.tensor(blk + "attn_output.weight", s.weights, {q, e});
    b.tensor(blk + "ffn_norm.weight", s.norms, {e});
    b.tensor(blk + "ffn_gate.weight", s.weights, {e, f});
    b.tensor(blk + "ffn_up.weight", s.weights, {e, f});
    b.tensor(blk + "ffn_down.weight", s.weights, {f, e});
  }
  return b;
}

/// The message with which opening fails, empty if it does not.
inline std::string openError(const Bytes &bytes, OpenOptions options = {}) {
  llvm::Expected<File> file = File::fromMemory(bytes, "m.gguf", options);
  return file ? std::string() : llvm::toString(file.takeError());
}
inline std::string openError(Builder b, OpenOptions options = {}) {
  return openError(b.build(), options);
}

} // namespace ignis::gguf::test

#endif // IGNIS_TEST_UNIT_GGUF_GGUFBUILDER_H
