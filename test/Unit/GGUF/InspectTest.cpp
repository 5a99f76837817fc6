//===- InspectTest.cpp - listings for people and machines -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The JSON is parsed back; the text is compared line by line where it matters.

#include "GGUFBuilder.h"

#include "ignis/GGUF/Inspect.h"

#include "llvm/Support/JSON.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace ignis::gguf;
using namespace ignis::gguf::test;
namespace json = llvm::json;

namespace {

json::Object inspected(Builder b) {
  Bytes bytes = b.build();
  File file = cantFail(File::fromMemory(bytes, "m.gguf"));
  std::string text = inspectJSON(file);
  EXPECT_TRUE(json::isUTF8(text));
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value) {
    ADD_FAILURE() << llvm::toString(value.takeError()) << "\n" << text;
    return {};
  }
  return std::move(*value->getAsObject());
}

std::string listed(Builder b) {
  Bytes bytes = b.build();
  File file = cantFail(File::fromMemory(bytes, "m.gguf"));
  return inspectText(file);
}

bool contains(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

TEST(Inspect, JSONOfAModel) {
  Builder b = qwen2();
  json::Object o = inspected(b);
  EXPECT_EQ(o.getString("file"), "m.gguf");
  EXPECT_EQ(o.getInteger("version"), 3);
  EXPECT_EQ(o.getInteger("alignment"), 32);
  EXPECT_EQ(o.getInteger("bytes"), static_cast<int64_t>(b.build().size()));
  EXPECT_EQ(o.getBoolean("has_data"), true);
  EXPECT_EQ(o.getBoolean("supported"), true);
  ASSERT_TRUE(o.get("reason"));
  EXPECT_EQ(o.get("reason")->kind(), json::Value::Null);
  const json::Object *eps =
      o.getObject("metadata")->getObject("qwen2.attention.layer_norm_rms_epsilon");
  ASSERT_TRUE(eps);
  EXPECT_EQ(eps->getString("type"), "f32");
  EXPECT_EQ(eps->getNumber("value"), 1e-6); // shortest form, not 9.99999997e-07
  const json::Array *tensors = o.getArray("tensors");
  ASSERT_EQ(tensors->size(), 26u);
  const json::Object &first = *(*tensors)[0].getAsObject();
  EXPECT_EQ(first.getString("name"), "token_embd.weight");
  EXPECT_EQ(first.getString("type"), "Q8_0");
  EXPECT_EQ(*first.getArray("shape"), json::Array({64, 10}));
  EXPECT_EQ(first.getInteger("elements"), 640);
  EXPECT_EQ(first.getInteger("bytes"), 680);
  EXPECT_EQ(first.getInteger("offset"), o.getInteger("data_offset"));
}

TEST(Inspect, JSONShortensLongArrays) {
  Builder b;
  std::vector<int32_t> many(1000);
  for (int i = 0; i != 1000; ++i)
    many[i] = i;
  b.raw("many", Builder::array(ValueType::I32, many));
  b.raw("few", Builder::array<int32_t>(ValueType::I32, {5, 6}));
  json::Object o = inspected(b);
  const json::Object *value = o.getObject("metadata")->getObject("many");
  EXPECT_EQ(value->getString("type"), "array");
  EXPECT_EQ(value->getString("element_type"), "i32");
  EXPECT_EQ(value->getInteger("length"), 1000);
  ASSERT_EQ(value->getArray("value")->size(), 16u);
  EXPECT_EQ((*value->getArray("value"))[15], json::Value(15));
  EXPECT_EQ(*o.getObject("metadata")->getObject("few")->getArray("value"), json::Array({5, 6}));
}

TEST(Inspect, JSONOfHostileValues) {
  Builder b;
  b.str("bytes", "\xff\xfe"
                 "ok")
      .f32("nan", std::nanf(""));
  b.f32("inf", -std::numeric_limits<float>::infinity());
  b.raw("u64", Builder::scalar<uint64_t>(ValueType::U64, ~0ull));
  b.raw("f64", Builder::scalar<double>(ValueType::F64, 0.1));
  b.str("k\xff", "a").str("k\xfe", "b").str("line\nbreak", "c\n\"d\"");
  b.boolean("yes", 1);
  json::Object o = inspected(b);
  const json::Object &m = *o.getObject("metadata");
  EXPECT_EQ(m.size(), 9u); // keys that are not UTF-8 stay apart
  EXPECT_EQ(m.getObject("nan")->getString("value"), "nan");
  EXPECT_EQ(m.getObject("inf")->getString("value"), "-inf");
  EXPECT_EQ(m.getObject("u64")->get("value")->getAsUINT64(), ~0ull);
  EXPECT_EQ(m.getObject("f64")->getNumber("value"), 0.1);
  EXPECT_EQ(m.getObject("k\\xff")->getString("value"), "a");
  EXPECT_EQ(m.getObject("k\\xfe")->getString("value"), "b");
  EXPECT_EQ(m.getObject("line\\x0abreak")->getString("value"), "c\n\"d\"");
  EXPECT_EQ(m.getObject("yes")->getBoolean("value"), true);
  EXPECT_EQ(o.getBoolean("supported"), false);
  EXPECT_EQ(o.getString("reason"),
            "m.gguf: key 'general.architecture': expected str, got no such key");
}

TEST(Inspect, AnyArchitectureAndType) {
  Builder b;
  b.str("general.architecture", "llama").tensor("w", TensorType(12), {256, 3});
  json::Object o = inspected(b);
  EXPECT_EQ((*o.getArray("tensors"))[0].getAsObject()->getString("type"), "Q4_K");
  std::string text = listed(b);
  EXPECT_TRUE(contains(text, "supported: no: m.gguf: offset 0x18: key 'general.architecture': "
                             "expected a supported architecture ('qwen2'), got 'llama'\n"));
  EXPECT_TRUE(contains(text, "  w  Q4_K     [256, 3]  432 bytes at 0x"));
}

TEST(Inspect, Text) {
  Builder b = qwen2();
  b.str("general.name", "a\x1b[31mb").str("long", std::string(1000, 'x'));
  std::string text = listed(b);
  EXPECT_TRUE(contains(text, "supported: yes\n"));
  EXPECT_TRUE(contains(text, "metadata (12)\n"));
  EXPECT_TRUE(contains(text, "'a\\x1b[31mb'\n"));
  EXPECT_TRUE(contains(text, "'" + std::string(72, 'x') + "...'\n"));
  EXPECT_TRUE(contains(text, "  1e-06\n"));
  EXPECT_TRUE(contains(text, "str[10]  ['token0', 'token1', 'token2', 'token3', 'token4', "
                             "'token5', ...]\n"));
  EXPECT_TRUE(contains(text, "tensors (26)\n"));
  EXPECT_TRUE(contains(text, "  Q8_0     15 tensors, "));
  for (unsigned char c : text)
    EXPECT_TRUE(c == '\n' || c >= 0x20);
}

TEST(Inspect, EmptyFile) {
  Builder b;
  EXPECT_TRUE(contains(listed(b), "tensors (0)\n"));
  EXPECT_EQ(inspected(b).getArray("tensors")->size(), 0u);
}

} // namespace
