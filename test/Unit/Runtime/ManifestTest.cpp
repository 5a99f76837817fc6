//===- ManifestTest.cpp - what a module may ask for -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Ahead-of-time modules are files, so a manifest may hold anything.

#include "ignis/Runtime/Manifest.h"

#include <gtest/gtest.h>

using namespace ignis::runtime;

static const char *kGood =
    R"({"abi": 2, "cpu": "x", "kernels": "scalar", "arena_bytes": 1024, "scratch_bytes": 64,
  "weights": [{"tensors": ["a"], "layout": "file", "type": "f32", "rows": 2, "cols": 32}],
  "entries": [{"name": "decode", "symbol": "s", "slots": 3, "max_rows": 1, "args": [
    {"role": "input", "type": "f32", "shape": [1, 32], "bytes": 128, "arena_offset": 896}, {"role": "position", "type": "index"},
    {"role": "rope_table", "type": "f32", "shape": [16, 32], "bytes": 2048, "base": 10000}]}]})";

/// The good manifest with one piece of text replaced.
static std::string with(const std::string &from, const std::string &to) {
  std::string text = kGood;
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

static std::string errorOf(const std::string &text) {
  auto manifest = parseManifest(text);
  return manifest ? "" : llvm::toString(manifest.takeError());
}

TEST(Manifest, Reads) {
  auto manifest = parseManifest(kGood);
  ASSERT_TRUE(static_cast<bool>(manifest)) << llvm::toString(manifest.takeError());
  EXPECT_EQ(manifest->arenaBytes, 1024);
  ASSERT_EQ(manifest->weights.size(), 1u);
  EXPECT_FALSE(manifest->weights[0].interleaved);
  const Entry *entry = manifest->find("decode");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->find(Role::Input)->arenaOffset, 896);
  EXPECT_EQ(entry->find(Role::RopeTable)->ropeBase, 10000);
  EXPECT_EQ(entry->find(Role::Logits), nullptr);
}

TEST(Manifest, Refuses) {
  EXPECT_NE(errorOf("{").find("module manifest"), std::string::npos);
  EXPECT_NE(errorOf("[]").find("expected an object"), std::string::npos);
  EXPECT_NE(errorOf(with("\"abi\": 2", "\"abi\": 1")).find("another version"), std::string::npos);
  EXPECT_NE(errorOf(with("\"file\"", "\"other\"")).find("unknown weight layout 'other'"),
            std::string::npos);
  EXPECT_NE(errorOf(with("[\"a\"]", "[]")).find("names no tensor"), std::string::npos);
  EXPECT_NE(errorOf(with("\"input\"", "\"inputs\"")).find("unknown role 'inputs'"),
            std::string::npos);
  EXPECT_NE(
      errorOf(with("\"arena_offset\": 896", "\"arena_offset\": 897")).find("beyond the arena"),
      std::string::npos);
  EXPECT_NE(errorOf(with("\"arena_bytes\": 1024", "\"arena_bytes\": -1")).find("arena_bytes"),
            std::string::npos);
  EXPECT_NE(errorOf(with("\"base\": 10000", "\"base\": 0")).find("rope table"), std::string::npos);
  EXPECT_NE(errorOf(with("\"slots\": 3", "\"slots\": 99999999")).find("slots"), std::string::npos);
  std::string entry = R"({"name": "decode", "slots": 0, "max_rows": 1, "args": []}, )";
  EXPECT_NE(errorOf(with("{\"name\"", entry + "{\"name\"")).find("a second time"),
            std::string::npos);
  std::string many;
  for (int i = 0; i < 20; ++i)
    many += "{\"role\": \"rows\"}, ";
  EXPECT_NE(errorOf(with("{\"role\": \"input\"", many + "{\"role\": \"input\""))
                .find("at most 16 arguments, got 23"),
            std::string::npos);
  EXPECT_NE(errorOf(with("[1, 32]", "[1, 64]")).find("too small for its shape"), std::string::npos);
  EXPECT_NE(errorOf(with("[1, 32]", "[4611686018427387904, 4]")).find("too small for its shape"),
            std::string::npos);
  EXPECT_NE(errorOf(with("\"position\"", "\"input\", \"shape\": [1], \"bytes\": 4"))
                .find("each role once"),
            std::string::npos);
  EXPECT_NE(errorOf(with("{\"role\": \"position\"",
                         "{\"role\": \"v_cache\", \"shape\": [1, 1, 32, 32], \"bytes\": 2048}, "
                         "{\"role\": \"position\""))
                .find("the rope table has 16 positions, expected the caches' 32"),
            std::string::npos);
  EXPECT_NE(errorOf(with("[1, 32]", "[0, 32]")).find("empty shape"), std::string::npos);
}
