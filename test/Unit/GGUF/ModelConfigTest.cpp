//===- ModelConfigTest.cpp - hyper-parameters of good models ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Good models of many shapes; ModelConfigErrorsTest.cpp has the bad ones.

#include "GGUFBuilder.h"

#include "ignis/GGUF/ModelConfig.h"

#include <gtest/gtest.h>

using namespace ignis::gguf;
using namespace ignis::gguf::test;

namespace {

/// The configuration of a file; a test failure if it has none.
ModelConfig configOf(Builder b) {
  Bytes bytes = b.build();
  llvm::Expected<File> file = File::fromMemory(bytes, "m.gguf");
  if (!file) {
    ADD_FAILURE() << llvm::toString(file.takeError());
    return {};
  }
  llvm::Expected<ModelConfig> config = readModelConfig(*file);
  if (!config) {
    ADD_FAILURE() << llvm::toString(config.takeError());
    return {};
  }
  config->unusedTensors.clear(); // would dangle
  return *config;
}

TEST(ModelConfig, ReadsWhatTheFileSays) {
  ModelConfig c = configOf(qwen2());
  EXPECT_EQ(c.layers, 2);
  EXPECT_EQ(c.embedding, 64);
  EXPECT_EQ(c.feedForward, 96);
  EXPECT_EQ(c.heads, 2);
  EXPECT_EQ(c.kvHeads, 1);
  EXPECT_EQ(c.headDim, 32);
  EXPECT_EQ(c.contextLength, 128);
  EXPECT_EQ(c.vocabulary, 10);
  EXPECT_EQ(c.rmsEps, 1e-6f);
  EXPECT_EQ(c.ropeBase, 1000000.0f);
  EXPECT_TRUE(c.tied);
  EXPECT_EQ(c.qWidth(), 64);
  EXPECT_EQ(c.kvWidth(), 32);
  EXPECT_EQ(c.headsPerKvHead(), 2);
  EXPECT_STREQ(headTensorName(c), "token_embd.weight");
  EXPECT_EQ(blockTensorName(11, "attn_q.weight"), "blk.11.attn_q.weight");
}

TEST(ModelConfig, UntiedHead) {
  Shape shape;
  shape.tied = false;
  ModelConfig c = configOf(qwen2(shape));
  EXPECT_FALSE(c.tied);
  EXPECT_STREQ(headTensorName(c), "output.weight");
}

TEST(ModelConfig, EveryWeightAndNormType) {
  for (TensorType weights : {TensorType::Q8_0, TensorType::F16, TensorType::BF16, TensorType::F32})
    for (TensorType norms : {TensorType::F32, TensorType::F16}) {
      Shape shape;
      shape.weights = weights;
      shape.norms = norms;
      EXPECT_EQ(configOf(qwen2(shape)).layers, 2);
    }
}

TEST(ModelConfig, MixedTypesInOneFile) {
  Builder b = qwen2();
  b.at("blk.0.ffn_up.weight").type = 0;
  b.at("blk.1.attn_q.weight").type = 30;
  b.at("output_norm.weight").type = 1;
  EXPECT_EQ(configOf(b).layers, 2);
}

TEST(ModelConfig, HeadSizesAndGroups) {
  for (uint32_t headDim : {32u, 48u, 64u, 80u, 96u, 112u, 128u})
    for (uint32_t group : {1u, 2u, 3u, 7u, 14u}) {
      Shape shape;
      shape.headDim = headDim;
      shape.kvHeads = 2;
      shape.heads = 2 * group;
      shape.embedding = shape.heads * headDim;
      ModelConfig c = configOf(qwen2(shape));
      EXPECT_EQ(c.headDim, headDim);
      EXPECT_EQ(c.headsPerKvHead(), group);
    }
}

TEST(ModelConfig, HeadSizeApartFromEmbedding) {
  Shape shape;
  shape.headDim = 128; // key_length and value_length are written; q is wider than the embedding
  ModelConfig c = configOf(qwen2(shape));
  EXPECT_EQ(c.headDim, 128);
  EXPECT_EQ(c.qWidth(), 256);
}

TEST(ModelConfig, PublishedShapes) {
  struct Published {
    uint32_t layers, embedding, feedForward, heads, kvHeads;
    bool tied;
  };
  // Qwen2.5 0.5B, 1.5B, 3B, 7B, 14B, 32B and 72B; the directory alone.
  const Published models[] = {
      {24, 896, 4864, 14, 2, true},    {28, 1536, 8960, 12, 2, true},
      {36, 2048, 11008, 16, 2, true},  {28, 3584, 18944, 28, 4, false},
      {48, 5120, 13824, 40, 8, false}, {64, 5120, 27648, 40, 8, false},
      {80, 8192, 29568, 64, 8, false},
  };
  for (const Published &m : models) {
    Shape shape;
    shape.layers = m.layers;
    shape.embedding = m.embedding;
    shape.feedForward = m.feedForward;
    shape.heads = m.heads;
    shape.kvHeads = m.kvHeads;
    shape.headDim = m.embedding / m.heads;
    shape.context = 32768;
    shape.vocabulary = 151936;
    shape.tied = m.tied;
    Builder b = qwen2(shape);
    b.erase("tokenizer.ggml.tokens");
    // Offsets of the real sizes; the test helper gives large tensors no data.
    uint64_t next = 0;
    for (TensorSpec &spec : b.tensors) {
      uint64_t elements = 1;
      for (uint64_t n : spec.ne)
        elements *= n;
      spec.offset = next;
      const TypeTraits *traits = typeTraits(spec.type);
      next += (elements / traits->blockElements * traits->blockBytes + 31) / 32 * 32;
    }
    b.withData = false;
    Bytes bytes = b.build();
    OpenOptions options;
    options.requireData = false;
    File file = cantFail(File::fromMemory(bytes, "m.gguf", options));
    ModelConfig c = cantFail(readModelConfig(file));
    EXPECT_EQ(c.layers, m.layers);
    EXPECT_EQ(c.vocabulary, 151936);
    EXPECT_EQ(c.tied, m.tied);
    EXPECT_TRUE(c.unusedTensors.empty());
  }
}

TEST(ModelConfig, Defaults) {
  Builder b = qwen2();
  b.erase("qwen2.rope.freq_base").erase("tokenizer.ggml.tokens");
  EXPECT_EQ(configOf(b).ropeBase, 10000.0f);
  // No head_count_kv: as many as heads.
  Shape shape;
  shape.kvHeads = 2;
  b = qwen2(shape);
  b.erase("qwen2.attention.head_count_kv");
  EXPECT_EQ(configOf(b).kvHeads, 2);
}

TEST(ModelConfig, NeutralKeysAreAccepted) {
  Builder b = qwen2();
  b.str("general.type", "model").str("qwen2.rope.scaling.type", "none");
  b.f32("qwen2.rope.scaling.factor", 4.0f).f32("qwen2.rope.scaling.attn_factor", 1.0f);
  b.u32("qwen2.rope.dimension_count", 32).u32("qwen2.vocab_size", 10);
  b.u32("qwen2.attention.key_length", 32).u32("qwen2.attention.value_length", 32);
  b.u32("qwen2.attention.sliding_window", 128).boolean("qwen2.attention.causal", 1);
  b.u32("split.count", 1).u32("qwen2.expert_count", 0);
  EXPECT_EQ(configOf(b).layers, 2);
}

TEST(ModelConfig, UnusedTensorsAreListed) {
  Builder b = qwen2();
  b.tensor("blk.0.attn_rot_embd", TensorType::F32, {4}).tensor("more", TensorType::Q8_0, {32});
  Bytes bytes = b.build();
  File file = cantFail(File::fromMemory(bytes, "m.gguf"));
  ModelConfig c = cantFail(readModelConfig(file));
  EXPECT_EQ(c.unusedTensors, (std::vector<llvm::StringRef>{"blk.0.attn_rot_embd", "more"}));
}

} // namespace
