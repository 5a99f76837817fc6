//===- ModelConfig.cpp - hyper-parameters of a Qwen2 model ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Reads the keys, then holds them against the tensors. What would change the model's arithmetic in
// a way that ignis does not implement (RoPE scaling, sliding windows, experts, ...) is refused by
// name and never ignored.

#include "ignis/GGUF/ModelConfig.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <cmath>
#include <cstdio>

using namespace ignis::gguf;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

static constexpr const char *architecture = "qwen2";
// Bounds far above any Qwen2 model. With them no product of hyper-parameters leaves int64_t.
static constexpr int64_t maxLayers = 4096, maxWidth = 1 << 24, maxHeads = 65536;
static constexpr int64_t maxContext = 1 << 24;

std::string ignis::gguf::blockTensorName(int64_t layer, StringRef suffix) {
  return ("blk." + Twine(layer) + "." + suffix).str();
}

static std::string quoted(StringRef text) { return "'" + escape(text, 64) + "'"; }

/// Six digits: enough to recognise the value in a message.
static std::string number(float value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", static_cast<double>(value));
  return text;
}

/// "[896, 4864]", without the trailing ones beyond `rank`.
static std::string shapeText(llvm::ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i != shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

namespace {

enum class Role { Weight, NormOrBias };

class ConfigReader {
public:
  explicit ConfigReader(const File &file) : file(file) {}
  Expected<ModelConfig> read();

private:
  // The steps, in order. Each returns the first fault.
  Error checkKind();
  Error checkArchitecture();
  Error readDimensions();
  Error readHeads();
  Error readFloats();
  Error checkUnsupported();
  Error checkRopeScaling();
  Error checkLayerCount();
  Error checkTensors();
  Error checkVocabulary();

  std::string key(const Twine &suffix) const { return (architecture + ("." + suffix)).str(); }
  /// An error at the key's record, or about the file where a default stands for a missing key.
  Error fault(const std::string &key, const Twine &message) const;
  Error readCount(int64_t &value, const Twine &suffix, int64_t most, int64_t multiple = 1);
  /// An optional key that must hold this value.
  Error requireInteger(const Twine &suffix, int64_t wanted, const Twine &why);
  Error refuseNonNeutral(const Twine &suffix, llvm::ArrayRef<float> neutral, const Twine &what);
  Error checkTensor(const std::string &name, Role role, llvm::ArrayRef<int64_t> shape);

  const File &file;
  ModelConfig config;
  std::vector<bool> used; // by position in the tensor directory
};

} // namespace

Expected<ModelConfig> ConfigReader::read() {
  using Step = Error (ConfigReader::*)();
  for (Step step :
       {&ConfigReader::checkKind, &ConfigReader::checkArchitecture, &ConfigReader::readDimensions,
        &ConfigReader::readHeads, &ConfigReader::readFloats, &ConfigReader::checkUnsupported,
        &ConfigReader::checkRopeScaling, &ConfigReader::checkLayerCount,
        &ConfigReader::checkTensors, &ConfigReader::checkVocabulary})
    if (Error error = (this->*step)())
      return error;
  return config;
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

Error ConfigReader::fault(const std::string &key, const Twine &message) const {
  std::string text = ("key '" + key + "': " + message).str();
  if (const MetadataEntry *entry = file.find(key))
    return file.errorAt(entry->offset, text);
  return file.error(text);
}

Error ConfigReader::readCount(int64_t &value, const Twine &suffix, int64_t most, int64_t multiple) {
  std::string name = key(suffix);
  Expected<int64_t> found = file.getInteger(name);
  if (!found)
    return found.takeError();
  if (*found < 1 || *found > most)
    return fault(name, "expected 1 to " + Twine(most) + ", got " + Twine(*found));
  if (*found % multiple)
    return fault(name, "expected a multiple of " + Twine(multiple) + ", got " + Twine(*found));
  value = *found;
  return Error::success();
}

Error ConfigReader::requireInteger(const Twine &suffix, int64_t wanted, const Twine &why) {
  std::string name = key(suffix);
  Expected<int64_t> found = file.getInteger(name, wanted);
  if (!found)
    return found.takeError();
  if (*found != wanted)
    return fault(name, "expected " + Twine(wanted) + ", " + why + ", got " + Twine(*found));
  return Error::success();
}

Error ConfigReader::checkKind() {
  Expected<int64_t> parts = file.getInteger("split.count", 1);
  if (!parts)
    return parts.takeError();
  if (*parts > 1)
    return fault("split.count", "expected a model in one file, got one of " + Twine(*parts) +
                                    " parts (llama-gguf-split --merge joins them)");
  Expected<StringRef> type = file.getString("general.type", "model");
  if (!type)
    return type.takeError();
  if (*type != "model")
    return fault("general.type", "expected 'model', got " + quoted(*type));
  return Error::success();
}

Error ConfigReader::checkArchitecture() {
  Expected<StringRef> found = file.getString("general.architecture");
  if (!found)
    return found.takeError();
  if (*found != architecture)
    return fault("general.architecture",
                 "expected a supported architecture ('qwen2'), got " + quoted(*found));
  if (file.tensors().empty())
    return file.error("expected a model with tensors, got a file with none");
  return Error::success();
}

Error ConfigReader::readDimensions() {
  if (Error error = readCount(config.layers, "block_count", maxLayers))
    return error;
  if (Error error = readCount(config.contextLength, "context_length", maxContext))
    return error;
  // The rows that meet 8-bit weights are whole blocks of 32.
  if (Error error = readCount(config.embedding, "embedding_length", maxWidth, 32))
    return error;
  return readCount(config.feedForward, "feed_forward_length", maxWidth, 32);
}

Error ConfigReader::readHeads() {
  if (Error error = readCount(config.heads, "attention.head_count", maxHeads))
    return error;
  config.kvHeads = config.heads;
  if (file.find(key("attention.head_count_kv")))
    if (Error error = readCount(config.kvHeads, "attention.head_count_kv", config.heads))
      return error;
  if (config.heads % config.kvHeads)
    return fault(key("attention.head_count_kv"), "expected a divisor of the " +
                                                     Twine(config.heads) + " heads, got " +
                                                     Twine(config.kvHeads));
  std::string lengthKey = key("attention.key_length");
  if (file.find(lengthKey)) {
    if (Error error = readCount(config.headDim, "attention.key_length", maxWidth))
      return error;
  } else {
    if (config.embedding % config.heads)
      return fault(key("attention.head_count"), "expected a divisor of the embedding length " +
                                                    Twine(config.embedding) + ", got " +
                                                    Twine(config.heads));
    config.headDim = config.embedding / config.heads;
    lengthKey = key("attention.head_count");
  }
  if (config.headDim < 32 || config.headDim > 128 || config.headDim % 16)
    return fault(lengthKey, "expected a head size of 32, 48, .. 128, got " + Twine(config.headDim));
  if (config.qWidth() % 32)
    return fault(key("attention.head_count"),
                 "expected heads times head size to be a multiple of 32, got " +
                     Twine(config.heads) + " times " + Twine(config.headDim));
  if (Error error = requireInteger("attention.value_length", config.headDim, "the head size"))
    return error;
  return requireInteger("rope.dimension_count", config.headDim, "the head size");
}

Error ConfigReader::readFloats() {
  std::string name = key("attention.layer_norm_rms_epsilon");
  Expected<float> eps = file.getFloat(name);
  if (!eps)
    return eps.takeError();
  if (!(*eps > 0 && *eps < 1))
    return fault(name, "expected a number above 0 and below 1, got " + number(*eps));
  config.rmsEps = *eps;

  name = key("rope.freq_base");
  Expected<float> base = file.getFloat(name, 10000.0f);
  if (!base)
    return base.takeError();
  if (!std::isfinite(*base) || *base < 1)
    return fault(name, "expected a finite number of at least 1, got " + number(*base));
  config.ropeBase = *base;
  return Error::success();
}

//===----------------------------------------------------------------------===//
// What ignis does not implement
//===----------------------------------------------------------------------===//

Error ConfigReader::refuseNonNeutral(const Twine &suffix, llvm::ArrayRef<float> neutral,
                                     const Twine &what) {
  std::string name = key(suffix);
  if (!file.find(name))
    return Error::success();
  Expected<float> found = file.getFloat(name);
  if (!found)
    return found.takeError();
  if (!llvm::is_contained(neutral, *found))
    return fault(name, "expected no " + what + ", which is not supported, got " + number(*found));
  return Error::success();
}

Error ConfigReader::checkUnsupported() {
  // A window that spans the whole context masks nothing.
  std::string name = key("attention.sliding_window");
  Expected<int64_t> window = file.getInteger(name, 0);
  if (!window)
    return window.takeError();
  if (*window != 0 && *window < config.contextLength)
    return fault(name, "expected no sliding window, which is not supported, got " + Twine(*window) +
                           " of " + Twine(config.contextLength) + " positions");

  name = key("attention.causal");
  Expected<bool> causal = file.getBool(name, true);
  if (!causal)
    return causal.takeError();
  if (!*causal)
    return fault(name, "expected causal attention, got false (an embedding model?)");

  if (Error error = requireInteger("expert_count", 0, "as experts are not supported"))
    return error;
  if (file.find(key("rope.dimension_sections")))
    return fault(key("rope.dimension_sections"),
                 "expected plain RoPE, got sections, which are not supported");
  for (const char *tensor :
       {"rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"})
    if (const TensorInfo *info = file.findTensor(tensor))
      return file.errorAt(info->recordOffset, Twine("tensor '") + tensor +
                                                  "': expected no RoPE frequency factors, which "
                                                  "are not supported, got some");
  return Error::success();
}

Error ConfigReader::checkRopeScaling() {
  std::string name = key("rope.scaling.type");
  Expected<StringRef> type = file.getString(name, "");
  if (!type)
    return type.takeError();
  bool named = file.find(name) != nullptr;
  if (named && *type != "none")
    return fault(name,
                 "expected 'none', got RoPE scaling " + quoted(*type) + ", which is not supported");
  // A factor without a type means linear scaling; 0 and 1 scale nothing. Where the type is 'none'
  // the factor has no effect.
  if (!named)
    for (const char *factor : {"rope.scaling.factor", "rope.scale_linear"})
      if (Error error = refuseNonNeutral(factor, {0.0f, 1.0f}, "linear RoPE scaling"))
        return error;
  return refuseNonNeutral("rope.scaling.attn_factor", {1.0f}, "RoPE attention factor");
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// The N of "blk.N.*", or -1.
static int64_t layerOf(StringRef name) {
  int64_t layer = -1;
  if (!name.consume_front("blk.") || name.consumeInteger(10, layer) || !name.starts_with("."))
    return -1;
  return layer;
}

Error ConfigReader::checkLayerCount() {
  // The directory is the witness: a wrong count is reported once, not as a missing tensor.
  int64_t found = 0;
  for (const TensorInfo &tensor : file.tensors())
    if (int64_t layer = layerOf(tensor.name); layer >= found && layer < maxLayers)
      found = layer + 1;
  if (found != config.layers)
    return fault(key("block_count"), "expected " + Twine(found) +
                                         ", the layers in the tensor directory, got " +
                                         Twine(config.layers));
  return Error::success();
}

Error ConfigReader::checkTensor(const std::string &name, Role role, llvm::ArrayRef<int64_t> shape) {
  const char *types = role == Role::Weight ? "Q8_0, F16, BF16 or F32" : "F32 or F16";
  const TensorInfo *tensor = file.findTensor(name);
  if (!tensor)
    return file.error("tensor '" + name + "': expected " + types + " of shape " + shapeText(shape) +
                      ", got no such tensor");
  used[tensor - file.tensors().data()] = true;
  std::string what = "tensor '" + name + "': ";
  std::array<int64_t, 4> ne = {1, 1, 1, 1};
  llvm::copy(shape, ne.begin());
  if (tensor->ne != ne) {
    llvm::ArrayRef<int64_t> found(tensor->ne);
    return file.errorAt(tensor->recordOffset, what + "expected shape " + shapeText(shape) +
                                                  ", got " +
                                                  shapeText(found.take_front(tensor->rank)));
  }
  bool accepted = role == Role::Weight
                      ? isSupported(tensor->type)
                      : tensor->type == TensorType::F32 || tensor->type == TensorType::F16;
  if (!accepted)
    return file.errorAt(tensor->recordOffset,
                        what + "expected type " + types + ", got " + typeName(tensor->type) +
                            (role == Role::Weight ? ": convert the model to Q8_0, F16, "
                                                    "BF16 or F32"
                                                  : ""));
  return Error::success();
}

Error ConfigReader::checkTensors() {
  used.assign(file.tensors().size(), false);
  const int64_t e = config.embedding, q = config.qWidth(), kv = config.kvWidth(),
                f = config.feedForward;

  // The rows of the embedding are the vocabulary; its columns are checked like any other shape.
  const TensorInfo *table = file.findTensor("token_embd.weight");
  if (!table)
    return file.error("tensor 'token_embd.weight': expected Q8_0, F16, BF16 or F32 of shape [" +
                      Twine(e) + ", vocabulary], got no such tensor");
  config.vocabulary = table->ne[1];
  if (config.vocabulary > INT32_MAX)
    return file.errorAt(table->recordOffset,
                        "tensor 'token_embd.weight': expected below 2^31 rows, got " +
                            Twine(config.vocabulary));
  if (Error error = checkTensor("token_embd.weight", Role::Weight, {e, config.vocabulary}))
    return error;
  if (config.vocabulary == 0)
    return file.errorAt(table->recordOffset,
                        "tensor 'token_embd.weight': expected at least 1 row, got 0");
  if (Error error = checkTensor("output_norm.weight", Role::NormOrBias, {e}))
    return error;
  config.tied = !file.findTensor("output.weight");
  if (!config.tied)
    if (Error error = checkTensor("output.weight", Role::Weight, {e, config.vocabulary}))
      return error;

  struct Row {
    const char *suffix;
    Role role;
    llvm::SmallVector<int64_t, 2> shape;
  };
  const Row rows[] = {
      {"attn_norm.weight", Role::NormOrBias, {e}}, {"attn_q.weight", Role::Weight, {e, q}},
      {"attn_q.bias", Role::NormOrBias, {q}},      {"attn_k.weight", Role::Weight, {e, kv}},
      {"attn_k.bias", Role::NormOrBias, {kv}},     {"attn_v.weight", Role::Weight, {e, kv}},
      {"attn_v.bias", Role::NormOrBias, {kv}},     {"attn_output.weight", Role::Weight, {q, e}},
      {"ffn_norm.weight", Role::NormOrBias, {e}},  {"ffn_gate.weight", Role::Weight, {e, f}},
      {"ffn_up.weight", Role::Weight, {e, f}},     {"ffn_down.weight", Role::Weight, {f, e}},
  };
  for (int64_t layer = 0; layer != config.layers; ++layer)
    for (const Row &row : rows)
      if (Error error = checkTensor(blockTensorName(layer, row.suffix), row.role, row.shape))
        return error;

  for (auto [tensor, isUsed] : llvm::zip_equal(file.tensors(), used))
    if (!isUsed)
      config.unusedTensors.push_back(tensor.name);
  return Error::success();
}

Error ConfigReader::checkVocabulary() {
  std::string rows = "the rows of token_embd.weight";
  if (Error error = requireInteger("vocab_size", config.vocabulary, rows))
    return error;
  // A file without a tokenizer still has a graph.
  const char *tokensKey = "tokenizer.ggml.tokens";
  if (!file.find(tokensKey))
    return Error::success();
  Expected<StringArray> tokens = file.getStringArray(tokensKey);
  if (!tokens)
    return tokens.takeError();
  if (tokens->size() != static_cast<uint64_t>(config.vocabulary))
    return fault(tokensKey, "expected " + Twine(config.vocabulary) + " tokens, " + rows + ", got " +
                                Twine(tokens->size()));
  return Error::success();
}

Expected<ModelConfig> ignis::gguf::readModelConfig(const File &file) {
  return ConfigReader(file).read();
}
