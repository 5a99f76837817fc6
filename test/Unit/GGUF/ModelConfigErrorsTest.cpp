//===- ModelConfigErrorsTest.cpp - models that are refused ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A good file with one thing broken at a time. Messages are compared from 'key' or 'tensor' on;
// that path and offset stand before them is checked once.

#include "GGUFBuilder.h"

#include "ignis/GGUF/ModelConfig.h"

#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <limits>

using namespace ignis::gguf;
using namespace ignis::gguf::test;

namespace {

/// The message with which the file is refused by readModelConfig, without path and offset.
std::string configError(Builder b) {
  Bytes bytes = b.build();
  llvm::Expected<File> file = File::fromMemory(bytes, "m.gguf");
  if (!file)
    return "cannot open: " + llvm::toString(file.takeError());
  llvm::Expected<ModelConfig> config = readModelConfig(*file);
  if (config)
    return "no error";
  std::string text = llvm::toString(config.takeError());
  EXPECT_EQ(text.substr(0, 8), "m.gguf: ");
  text = text.substr(8);
  if (text.substr(0, 9) == "offset 0x")
    text = text.substr(text.find(": ") + 2);
  return text;
}

/// The message after one change to a good file.
std::string changed(const std::function<void(Builder &)> &change, const Shape &shape = {}) {
  Builder b = qwen2(shape);
  change(b);
  return configError(b);
}
std::string withU32(const std::string &key, uint32_t value) {
  return changed([&](Builder &b) { b.u32(key, value); });
}
std::string withF32(const std::string &key, float value) {
  return changed([&](Builder &b) { b.f32(key, value); });
}

//===----------------------------------------------------------------------===//
// What kind of file
//===----------------------------------------------------------------------===//

TEST(ModelConfigErrors, ErrorsCarryTheOffsetOfTheKey) {
  Builder b = qwen2();
  b.str("general.architecture", "llama");
  Bytes bytes = b.build();
  File file = cantFail(File::fromMemory(bytes, "m.gguf"));
  EXPECT_EQ(llvm::toString(readModelConfig(file).takeError()),
            "m.gguf: offset 0x18: key 'general.architecture': expected a supported architecture "
            "('qwen2'), got 'llama'");
}

TEST(ModelConfigErrors, Architecture) {
  for (const char *name : {"llama", "qwen2moe", "qwen2vl", "qwen3", "clip", ""})
    EXPECT_EQ(changed([&](Builder &b) { b.str("general.architecture", name); }),
              std::string("key 'general.architecture': expected a supported architecture "
                          "('qwen2'), got '") +
                  name + "'");
  EXPECT_EQ(changed([](Builder &b) { b.str("general.architecture", "\x1b[2J"); }),
            "key 'general.architecture': expected a supported architecture ('qwen2'), got "
            "'\\x1b[2J'");
  EXPECT_EQ(changed([](Builder &b) { b.erase("general.architecture"); }),
            "key 'general.architecture': expected str, got no such key");
  EXPECT_EQ(withU32("general.architecture", 2),
            "key 'general.architecture': expected str, got u32");
}

TEST(ModelConfigErrors, NoModel) {
  EXPECT_EQ(changed([](Builder &b) { b.tensors.clear(); }),
            "expected a model with tensors, got a file with none");
  EXPECT_EQ(withU32("split.count", 3),
            "key 'split.count': expected a model in one file, got one of 3 parts "
            "(llama-gguf-split --merge joins them)");
  EXPECT_EQ(changed([](Builder &b) { b.str("general.type", "adapter"); }),
            "key 'general.type': expected 'model', got 'adapter'");
}

//===----------------------------------------------------------------------===//
// Hyper-parameters
//===----------------------------------------------------------------------===//

TEST(ModelConfigErrors, MissingKeys) {
  for (const char *name : {"block_count", "context_length", "embedding_length",
                           "feed_forward_length", "attention.head_count"}) {
    std::string key = std::string("qwen2.") + name;
    EXPECT_EQ(changed([&](Builder &b) { b.erase(key); }),
              "key '" + key + "': expected an integer, got no such key");
  }
  EXPECT_EQ(changed([](Builder &b) { b.erase("qwen2.attention.layer_norm_rms_epsilon"); }),
            "key 'qwen2.attention.layer_norm_rms_epsilon': expected f32, got no such key");
}

TEST(ModelConfigErrors, WrongTypes) {
  for (const char *name : {"block_count", "context_length", "embedding_length",
                           "feed_forward_length", "attention.head_count", "attention.head_count_kv",
                           "attention.key_length", "attention.value_length", "rope.dimension_count",
                           "attention.sliding_window", "vocab_size", "expert_count"}) {
    std::string key = std::string("qwen2.") + name;
    EXPECT_EQ(withF32(key, 2.0f), "key '" + key + "': expected an integer, got f32");
    EXPECT_EQ(changed([&](Builder &b) { b.str(key, "2"); }),
              "key '" + key + "': expected an integer, got str");
    // A value per layer, as other architectures have it.
    EXPECT_EQ(
        changed([&](Builder &b) { b.raw(key, Builder::array<uint32_t>(ValueType::U32, {2, 2})); }),
        "key '" + key + "': expected an integer, got array of u32");
  }
  for (const char *name : {"attention.layer_norm_rms_epsilon", "rope.freq_base",
                           "rope.scaling.factor", "rope.scale_linear"}) {
    std::string key = std::string("qwen2.") + name;
    EXPECT_EQ(withU32(key, 1), "key '" + key + "': expected f32, got u32");
  }
  EXPECT_EQ(withU32("qwen2.rope.scaling.type", 1),
            "key 'qwen2.rope.scaling.type': expected str, got u32");
  EXPECT_EQ(withU32("tokenizer.ggml.tokens", 1),
            "key 'tokenizer.ggml.tokens': expected array of str, got u32");
}

TEST(ModelConfigErrors, BlockCount) {
  EXPECT_EQ(withU32("qwen2.block_count", 0), "key 'qwen2.block_count': expected 1 to 4096, got 0");
  EXPECT_EQ(withU32("qwen2.block_count", 0xffffffff),
            "key 'qwen2.block_count': expected 1 to 4096, got 4294967295");
  for (uint32_t count : {1u, 3u, 4096u})
    EXPECT_EQ(withU32("qwen2.block_count", count),
              "key 'qwen2.block_count': expected 2, the layers in the tensor directory, got " +
                  std::to_string(count));
  // Numbers that no int64 holds do not confuse the count.
  EXPECT_EQ(changed([](Builder &b) {
              b.tensor("blk.99999999999999999999.x", TensorType::F32, {1});
              b.tensor("blk.9223372036854775807.x", TensorType::F32, {1});
              b.tensor("blk.-5.x", TensorType::F32, {1});
            }),
            "no error");
}

TEST(ModelConfigErrors, Widths) {
  for (const char *name : {"embedding_length", "feed_forward_length"}) {
    std::string key = std::string("qwen2.") + name;
    EXPECT_EQ(withU32(key, 0), "key '" + key + "': expected 1 to 16777216, got 0");
    EXPECT_EQ(withU32(key, 0xffffffff),
              "key '" + key + "': expected 1 to 16777216, got 4294967295");
    EXPECT_EQ(withU32(key, 65), "key '" + key + "': expected a multiple of 32, got 65");
  }
  EXPECT_EQ(changed([](Builder &b) {
              b.raw("qwen2.embedding_length", Builder::scalar<int32_t>(ValueType::I32, -64));
            }),
            "key 'qwen2.embedding_length': expected 1 to 16777216, got -64");
}

TEST(ModelConfigErrors, Heads) {
  EXPECT_EQ(withU32("qwen2.attention.head_count", 0),
            "key 'qwen2.attention.head_count': expected 1 to 65536, got 0");
  EXPECT_EQ(withU32("qwen2.attention.head_count", 3),
            "key 'qwen2.attention.head_count': expected a divisor of the embedding length 64, "
            "got 3");
  for (uint32_t heads : {1u, 4u}) // 64 is a head size; 16 is not, nor is 64 of the q tensors
    EXPECT_NE(withU32("qwen2.attention.head_count", heads), "no error");
  EXPECT_EQ(withU32("qwen2.attention.head_count", 4),
            "key 'qwen2.attention.head_count': expected a head size of 32, 48, .. 128, got 16");
  EXPECT_EQ(withU32("qwen2.attention.head_count_kv", 0),
            "key 'qwen2.attention.head_count_kv': expected 1 to 2, got 0");
  EXPECT_EQ(withU32("qwen2.attention.head_count_kv", 3),
            "key 'qwen2.attention.head_count_kv': expected 1 to 2, got 3");
  Shape shape;
  shape.heads = 6;
  shape.kvHeads = 4;
  shape.embedding = 192;
  EXPECT_EQ(configError(qwen2(shape)),
            "key 'qwen2.attention.head_count_kv': expected a divisor of the 6 heads, got 4");
}

TEST(ModelConfigErrors, HeadSize) {
  for (uint32_t size : {0u, 0xffffffffu})
    EXPECT_EQ(withU32("qwen2.attention.key_length", size),
              "key 'qwen2.attention.key_length': expected 1 to 16777216, got " +
                  std::to_string(size));
  for (uint32_t size : {16u, 40u, 33u, 144u, 256u})
    EXPECT_EQ(withU32("qwen2.attention.key_length", size),
              "key 'qwen2.attention.key_length': expected a head size of 32, 48, .. 128, got " +
                  std::to_string(size));
  EXPECT_EQ(withU32("qwen2.attention.value_length", 64),
            "key 'qwen2.attention.value_length': expected 32, the head size, got 64");
  EXPECT_EQ(withU32("qwen2.rope.dimension_count", 16),
            "key 'qwen2.rope.dimension_count': expected 32, the head size, got 16");
  Shape shape;
  shape.heads = 1;
  shape.headDim = 48;
  shape.embedding = 64;
  shape.weights = TensorType::F32;
  EXPECT_EQ(configError(qwen2(shape)), "key 'qwen2.attention.head_count': expected heads times "
                                       "head size to be a multiple of 32, got 1 times 48");
}

TEST(ModelConfigErrors, ContextLength) {
  EXPECT_EQ(withU32("qwen2.context_length", 0),
            "key 'qwen2.context_length': expected 1 to 16777216, got 0");
  EXPECT_EQ(withU32("qwen2.context_length", 0xffffffff),
            "key 'qwen2.context_length': expected 1 to 16777216, got 4294967295");
}

TEST(ModelConfigErrors, Floats) {
  std::string eps = "qwen2.attention.layer_norm_rms_epsilon", base = "qwen2.rope.freq_base";
  auto epsError = [&](float v) { return withF32(eps, v); };
  std::string wanted = "key '" + eps + "': expected a number above 0 and below 1, got ";
  float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  EXPECT_EQ(epsError(0.0f), wanted + "0");
  EXPECT_EQ(epsError(-1e-6f), wanted + "-1e-06");
  EXPECT_EQ(epsError(nan), wanted + "nan");
  EXPECT_EQ(epsError(inf), wanted + "inf");
  EXPECT_EQ(epsError(1e30f), wanted + "1e+30");
  wanted = "key '" + base + "': expected a finite number of at least 1, got ";
  EXPECT_EQ(withF32(base, 0.0f), wanted + "0");
  EXPECT_EQ(withF32(base, -10000.0f), wanted + "-10000");
  EXPECT_EQ(withF32(base, nan), wanted + "nan");
  EXPECT_EQ(withF32(base, inf), wanted + "inf");
}

TEST(ModelConfigErrors, RopeScaling) {
  for (const char *type : {"linear", "yarn", "longrope"})
    EXPECT_EQ(changed([&](Builder &b) { b.str("qwen2.rope.scaling.type", type); }),
              std::string("key 'qwen2.rope.scaling.type': expected 'none', got RoPE scaling '") +
                  type + "', which is not supported");
  for (const char *key : {"qwen2.rope.scaling.factor", "qwen2.rope.scale_linear"}) {
    EXPECT_EQ(withF32(key, 4.0f), std::string("key '") + key +
                                      "': expected no linear RoPE scaling, which is not "
                                      "supported, got 4");
    EXPECT_EQ(withF32(key, 1.0f), "no error");
    EXPECT_EQ(withF32(key, 0.0f), "no error");
    EXPECT_NE(withF32(key, std::nanf("")), "no error");
  }
  EXPECT_EQ(withF32("qwen2.rope.scaling.attn_factor", 0.5f),
            "key 'qwen2.rope.scaling.attn_factor': expected no RoPE attention factor, which is "
            "not supported, got 0.5");
  EXPECT_EQ(changed([](Builder &b) {
              b.raw("qwen2.rope.dimension_sections",
                    Builder::array<int32_t>(ValueType::I32, {16, 8, 8, 0}));
            }),
            "key 'qwen2.rope.dimension_sections': expected plain RoPE, got sections, which are "
            "not supported");
  EXPECT_EQ(changed([](Builder &b) { b.tensor("rope_freqs.weight", TensorType::F32, {16}); }),
            "tensor 'rope_freqs.weight': expected no RoPE frequency factors, which are not "
            "supported, got some");
}

TEST(ModelConfigErrors, Unsupported) {
  EXPECT_EQ(withU32("qwen2.attention.sliding_window", 64),
            "key 'qwen2.attention.sliding_window': expected no sliding window, which is not "
            "supported, got 64 of 128 positions");
  EXPECT_EQ(changed([](Builder &b) { b.boolean("qwen2.attention.causal", 0); }),
            "key 'qwen2.attention.causal': expected causal attention, got false (an embedding "
            "model?)");
  EXPECT_EQ(withU32("qwen2.expert_count", 8),
            "key 'qwen2.expert_count': expected 0, as experts are not supported, got 8");
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

TEST(ModelConfigErrors, EveryTensorIsRequired) {
  for (const TensorSpec &spec : qwen2().tensors) {
    std::string error = changed([&](Builder &b) { b.eraseTensor(spec.name); });
    bool weight = spec.type == 8;
    if (spec.name == "token_embd.weight") {
      EXPECT_EQ(error, "tensor 'token_embd.weight': expected Q8_0, F16, BF16 or F32 of shape "
                       "[64, vocabulary], got no such tensor");
      continue;
    }
    std::string shape = "[" + std::to_string(spec.ne[0]) +
                        (spec.ne.size() > 1 ? ", " + std::to_string(spec.ne[1]) : "") + "]";
    EXPECT_EQ(error, "tensor '" + spec.name + "': expected " +
                         (weight ? "Q8_0, F16, BF16 or F32" : "F32 or F16") + " of shape " + shape +
                         ", got no such tensor");
  }
}

TEST(ModelConfigErrors, EveryShapeIsChecked) {
  Shape shape;
  shape.tied = false;
  shape.weights = TensorType::F32;
  for (const TensorSpec &spec : qwen2(shape).tensors) {
    // Off by one in each dimension, one dimension too many, transposed.
    std::vector<std::vector<uint64_t>> wrong;
    for (size_t d = 0; d != spec.ne.size(); ++d) {
      wrong.push_back(spec.ne);
      ++wrong.back()[d];
      wrong.push_back(spec.ne);
      --wrong.back()[d];
    }
    wrong.push_back(spec.ne);
    wrong.back().push_back(2);
    if (spec.ne.size() == 2 && spec.ne[0] != spec.ne[1])
      wrong.push_back({spec.ne[1], spec.ne[0]});
    for (const std::vector<uint64_t> &ne : wrong) {
      std::string error = changed([&](Builder &b) { b.at(spec.name).ne = ne; }, shape);
      bool rows = spec.name == "token_embd.weight" && ne.size() == 2 && ne[0] == spec.ne[0];
      // More or fewer rows of the embedding are another vocabulary, which the head belies first.
      std::string named = rows ? "output.weight" : spec.name;
      EXPECT_EQ(error.substr(0, error.find(':')), "tensor '" + named + "'") << error;
      EXPECT_NE(error.find("expected shape ["), std::string::npos) << error;
    }
  }
  EXPECT_EQ(changed([](Builder &b) { b.at("blk.1.ffn_up.weight").ne = {96, 64}; }, shape),
            "tensor 'blk.1.ffn_up.weight': expected shape [64, 96], got [96, 64]");
}

TEST(ModelConfigErrors, EveryTypeIsChecked) {
  // Types that ignis cannot compute with, by name, in a shape whose rows are whole blocks.
  Shape wide;
  wide.embedding = wide.feedForward = 256;
  wide.heads = 2;
  wide.kvHeads = 2;
  wide.headDim = 128;
  wide.tied = false;
  for (const TensorSpec &spec : qwen2(wide).tensors) {
    bool weight = spec.type == 8;
    EXPECT_EQ(changed([&](Builder &b) { b.at(spec.name).type = 12; }, wide),
              "tensor '" + spec.name +
                  (weight ? "': expected type Q8_0, F16, BF16 or F32, got Q4_K: convert the model "
                            "to Q8_0, F16, BF16 or F32"
                          : "': expected type F32 or F16, got Q4_K"));
    if (!weight) {
      EXPECT_EQ(changed([&](Builder &b) { b.at(spec.name).type = 8; }, wide),
                "tensor '" + spec.name + "': expected type F32 or F16, got Q8_0");
    }
  }
}

TEST(ModelConfigErrors, Vocabulary) {
  EXPECT_EQ(withU32("qwen2.vocab_size", 11),
            "key 'qwen2.vocab_size': expected 10, the rows of token_embd.weight, got 11");
  EXPECT_EQ(changed([](Builder &b) { b.strings("tokenizer.ggml.tokens", {"a", "b"}); }),
            "key 'tokenizer.ggml.tokens': expected 10 tokens, the rows of token_embd.weight, got "
            "2");
  EXPECT_EQ(changed([](Builder &b) { b.at("token_embd.weight").ne = {64, 0}; }),
            "tensor 'token_embd.weight': expected at least 1 row, got 0");
}

} // namespace
