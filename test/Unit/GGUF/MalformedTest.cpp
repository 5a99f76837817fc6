//===- MalformedTest.cpp - one clear line for every way a file can be broken ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each case states the whole message, offset included: where the reader noticed, what it expected,
// what it got. Layout of the files here: a header of 24 bytes, then the first key or tensor at
// 0x18.

#include "GGUFBuilder.h"

#include <gtest/gtest.h>

using namespace ignis::gguf;
using namespace ignis::gguf::test;

namespace {

Bytes bytesOf(const std::string &text) { return Bytes(text.begin(), text.end()); }

/// The message for a file with this one key-value.
std::string keyError(const std::string &key, Bytes value) {
  Builder b;
  b.append(key, std::move(value));
  return openError(b);
}

/// The message for a file with this one tensor.
std::string tensorError(TensorSpec spec) {
  Builder b;
  b.tensors.push_back(std::move(spec));
  return openError(b);
}

TensorSpec f32(std::vector<uint64_t> ne) {
  TensorSpec spec;
  spec.name = "t";
  spec.ne = std::move(ne);
  return spec;
}

//===----------------------------------------------------------------------===//
// Header
//===----------------------------------------------------------------------===//

TEST(GGUFMalformed, NotGGUF) {
  EXPECT_EQ(openError(Bytes()), "m.gguf: expected a GGUF file, got an empty one");
  EXPECT_EQ(openError(bytesOf("version https://git-lfs.github.com/spec/v1\noid sha256:")),
            "m.gguf: expected a GGUF file, got a Git LFS pointer, not the file itself (git lfs "
            "pull fetches it)");
  for (const char *page : {"<!DOCTYPE html><html>", "\n <html lang=en>", "<!doctype HTML>"})
    EXPECT_EQ(openError(bytesOf(page)),
              "m.gguf: expected a GGUF file, got an HTML page (a failed download?)");
  EXPECT_EQ(openError(bytesOf("PK\x03\x04 and so on")),
            "m.gguf: expected a GGUF file, got a ZIP archive (a PyTorch checkpoint?)");
  EXPECT_EQ(openError(bytesOf("lmgg....")), "m.gguf: expected a GGUF file, got a GGML file of the "
                                            "time before GGUF; convert the model again");
  EXPECT_EQ(openError(bytesOf("\x1f\x8b....")), "m.gguf: expected a GGUF file, got a gzip archive");
  EXPECT_EQ(openError(bytesOf(std::string("\x10\0\0\0\0\0\0\0{\"a\":1}", 15))),
            "m.gguf: expected a GGUF file, got a safetensors file; convert the model to GGUF");
  EXPECT_EQ(openError(Bytes(64)),
            "m.gguf: expected a GGUF file, got all zeros (an unfinished download?)");
  EXPECT_EQ(openError(bytesOf("\x1b[2Jxyz")),
            "m.gguf: offset 0x0: magic: expected 'GGUF', got '\\x1b[2J'");
}

TEST(GGUFMalformed, ShorterThanItsHeader) {
  Bytes whole = Builder().build();
  ASSERT_EQ(whole.size(), 24u);
  EXPECT_EQ(openError(whole), "");
  for (size_t size = 1; size != 24; ++size) {
    const char *what = size < 4    ? "offset 0x0: magic: expected 4"
                       : size < 8  ? "offset 0x4: version: expected 4"
                       : size < 16 ? "offset 0x8: tensor count: expected 8"
                                   : "offset 0x10: key-value count: expected 8";
    size_t got = size < 4 ? size : size < 8 ? size - 4 : size < 16 ? size - 8 : size - 16;
    EXPECT_EQ(openError(Bytes(whole.begin(), whole.begin() + size)),
              std::string("m.gguf: ") + what + " bytes, got " + std::to_string(got) +
                  " before the end of the file");
  }
}

TEST(GGUFMalformed, Version) {
  for (uint32_t version : {0u, 1u, 4u, 0xffffffffu}) {
    Builder b;
    b.version = version;
    EXPECT_EQ(openError(b),
              "m.gguf: offset 0x4: version: expected 2 or 3, got " + std::to_string(version));
  }
}

TEST(GGUFMalformed, BigEndian) {
  Builder b;
  b.version = 0x03000000;
  EXPECT_EQ(openError(b), "m.gguf: offset 0x4: version: expected 2 or 3, got 3 in big-endian "
                          "order: only little-endian GGUF is supported");
  b.magic = "FUGG";
  EXPECT_EQ(openError(b), "m.gguf: expected a GGUF file, got a big-endian GGUF file, and only "
                          "little-endian ones are supported");
}

TEST(GGUFMalformed, Counts) {
  for (uint64_t count : {uint64_t(1), uint64_t(1) << 63, ~uint64_t(0)}) {
    Builder b;
    b.tensorCount = count;
    EXPECT_EQ(openError(b), "m.gguf: offset 0x8: tensor count: expected at most 0 in the 0 bytes "
                            "that follow, got " +
                                std::to_string(count));
    b.tensorCount.reset();
    b.entryCount = count;
    EXPECT_EQ(openError(b), "m.gguf: offset 0x10: key-value count: expected at most 0 in the 0 "
                            "bytes left for them, got " +
                                std::to_string(count));
  }
  // Plausible, but the records are longer than the least possible.
  Builder b;
  b.u32("a", 1);
  b.entryCount = 2;
  Bytes bytes = b.build();
  bytes.resize(bytes.size() + 20, 1);
  EXPECT_EQ(openError(bytes),
            "m.gguf: offset 0x29: key length: expected at most 65535, got 72340172838076673");
}

//===----------------------------------------------------------------------===//
// Key-values
//===----------------------------------------------------------------------===//

TEST(GGUFMalformed, KeyLength) {
  auto error = [](uint64_t length) {
    Builder b;
    b.append("key", Builder::scalar<uint32_t>(ValueType::U32, 1), length);
    return openError(b);
  };
  EXPECT_EQ(error(100),
            "m.gguf: offset 0x20: key: expected 100 bytes, got 11 before the end of the file");
  EXPECT_EQ(error(~uint64_t(0)), "m.gguf: offset 0x18: key length: expected at most 65535, got "
                                 "18446744073709551615");
  EXPECT_EQ(error(0), "m.gguf: offset 0x18: key: expected a name, got an empty one");
}

TEST(GGUFMalformed, KeyText) {
  Bytes one = Builder::scalar<uint32_t>(ValueType::U32, 1);
  EXPECT_EQ(keyError(std::string("a\0b", 3), one),
            "m.gguf: offset 0x18: key: expected a name without NUL, got 'a\\x00b'");
  // Odd but unambiguous keys are taken, and escaped when they are printed.
  EXPECT_EQ(keyError("\x1b[31m\xff", one), "");
  EXPECT_EQ(keyError("\x1b[31m\xff", Builder::scalar<uint8_t>(ValueType::Bool, 2)),
            "m.gguf: offset 0x2a: key '\\x1b[31m\\xff': bool value: expected 0 or 1, got 2");
}

TEST(GGUFMalformed, DuplicateKey) {
  Builder b;
  b.append("a", Builder::scalar<uint32_t>(ValueType::U32, 1));
  b.append("b", Builder::scalar<uint32_t>(ValueType::U32, 2));
  b.append("a", Builder::scalar<uint32_t>(ValueType::U32, 3));
  EXPECT_EQ(openError(b), "m.gguf: offset 0x3a: key 'a': expected once, got a second time");
}

TEST(GGUFMalformed, ValueType) {
  for (uint32_t type : {13u, 255u, 1u << 31}) {
    Bytes value;
    put(value, type);
    put<uint64_t>(value, 0);
    EXPECT_EQ(keyError("k", value), "m.gguf: offset 0x21: key 'k': value type: expected 0 to 12, "
                                    "got " +
                                        std::to_string(type));
  }
}

TEST(GGUFMalformed, StringValue) {
  EXPECT_EQ(keyError("k", Builder::text("abc", 4)), "m.gguf: offset 0x2d: key 'k': string: "
                                                    "expected 4 bytes, got 3 before the end of "
                                                    "the file");
  EXPECT_EQ(keyError("k", Builder::text("abc", ~uint64_t(0))),
            "m.gguf: offset 0x25: key 'k': string length: expected at most 16777216, got "
            "18446744073709551615");
}

TEST(GGUFMalformed, ScalarValuePastEnd) {
  Bytes value = Builder::scalar<uint64_t>(ValueType::U64, 1);
  value.pop_back();
  EXPECT_EQ(keyError("k", value), "m.gguf: offset 0x25: key 'k': u64 value: expected 8 bytes, got "
                                  "7 before the end of the file");
}

TEST(GGUFMalformed, ArrayElementType) {
  Bytes value = Builder::array<uint32_t>(ValueType(13), {1});
  EXPECT_EQ(keyError("k", value),
            "m.gguf: offset 0x25: key 'k': element type: expected 0 to 12, got 13");
}

TEST(GGUFMalformed, NestedArrays) {
  // A hundred thousand levels: refused at the second, without recursion.
  Bytes value;
  put(value, static_cast<uint32_t>(ValueType::Array));
  for (int i = 0; i != 100000; ++i) {
    put(value, static_cast<uint32_t>(ValueType::Array));
    put<uint64_t>(value, 1);
  }
  EXPECT_EQ(keyError("k", value),
            "m.gguf: offset 0x25: key 'k': element type: expected a scalar or a string, got an "
            "array (nested arrays are not supported)");
}

TEST(GGUFMalformed, ArrayLength) {
  auto error = [](ValueType type, uint64_t count) {
    return keyError("k", Builder::array<uint32_t>(type, {1, 2}, count));
  };
  EXPECT_EQ(error(ValueType::U32, 2), "");
  EXPECT_EQ(error(ValueType::U32, 3), "m.gguf: offset 0x29: key 'k': array length: expected at "
                                      "most 2 in the 8 bytes that follow, got 3");
  for (uint64_t count : {uint64_t(1) << 61, uint64_t(1) << 62, uint64_t(1) << 63, ~uint64_t(0)})
    for (ValueType type : {ValueType::U8, ValueType::U32, ValueType::F64, ValueType::String})
      EXPECT_NE(error(type, count).find("key 'k': array length: expected at most "),
                std::string::npos);
}

TEST(GGUFMalformed, StringInArray) {
  Bytes value;
  put(value, static_cast<uint32_t>(ValueType::Array));
  put(value, static_cast<uint32_t>(ValueType::String));
  put<uint64_t>(value, 2);
  putString(value, "abcdefgh");
  putString(value, "ijklmn", 7);
  EXPECT_EQ(keyError("k", value), "m.gguf: offset 0x49: key 'k': string 1: expected 7 bytes, got "
                                  "6 before the end of the file");
  value.resize(value.size() - 10); // within the second length
  EXPECT_EQ(keyError("k", value), "m.gguf: offset 0x41: key 'k': string 1 length: expected 8 "
                                  "bytes, got 4 before the end of the file");
}

TEST(GGUFMalformed, Bool) {
  EXPECT_EQ(keyError("k", Builder::scalar<uint8_t>(ValueType::Bool, 2)),
            "m.gguf: offset 0x25: key 'k': bool value: expected 0 or 1, got 2");
  EXPECT_EQ(keyError("k", Builder::array<uint8_t>(ValueType::Bool, {0, 1, 255})),
            "m.gguf: offset 0x33: key 'k': element 2: expected 0 or 1, got 255");
}

TEST(GGUFMalformed, Alignment) {
  for (uint32_t alignment : {0u, 1u, 3u, 4u, 48u, 1u << 17, 1u << 31, 0xffffffffu})
    EXPECT_EQ(keyError("general.alignment", Builder::scalar(ValueType::U32, alignment)),
              "m.gguf: offset 0x18: key 'general.alignment': expected a power of two from 8 to "
              "65536, got " +
                  std::to_string(alignment));
  EXPECT_EQ(keyError("general.alignment", Builder::scalar<int32_t>(ValueType::I32, 32)),
            "m.gguf: offset 0x18: key 'general.alignment': expected u32, got i32");
  EXPECT_EQ(keyError("general.alignment", Builder::text("32")),
            "m.gguf: offset 0x18: key 'general.alignment': expected u32, got str");
}

//===----------------------------------------------------------------------===//
// Tensor directory
//===----------------------------------------------------------------------===//

TEST(GGUFMalformed, TensorName) {
  TensorSpec spec = f32({8});
  spec.name = "";
  spec.ne = {8, 1}; // as long as the shortest record
  EXPECT_EQ(tensorError(spec),
            "m.gguf: offset 0x18: tensor name: expected a name, got an empty one");
  spec.name = std::string(63, 'x');
  EXPECT_EQ(tensorError(spec), "");
  spec.name = std::string(64, 'x');
  EXPECT_EQ(tensorError(spec),
            "m.gguf: offset 0x18: tensor name length: expected at most 63, got 64");
  spec.nameLength = uint64_t(1) << 63;
  EXPECT_EQ(tensorError(spec), "m.gguf: offset 0x18: tensor name length: expected at most 63, got "
                               "9223372036854775808");
  spec = f32({8});
  spec.name = std::string("a\0b", 3);
  EXPECT_EQ(tensorError(spec),
            "m.gguf: offset 0x18: tensor name: expected a name without NUL, got 'a\\x00b'");
  spec.name = "\x1b]0;x\x07";
  EXPECT_EQ(tensorError(spec), ""); // escaped when printed
  spec.type = 99;
  EXPECT_EQ(tensorError(spec), "m.gguf: offset 0x32: tensor '\\x1b]0;x\\x07': type: expected a "
                               "type from 0 to 42, got 99");
}

TEST(GGUFMalformed, DuplicateTensor) {
  Builder b;
  b.tensor("a", TensorType::F32, {8}).tensor("a", TensorType::F32, {8});
  EXPECT_EQ(openError(b), "m.gguf: offset 0x39: tensor 'a': expected once, got a second time");
}

TEST(GGUFMalformed, Rank) {
  for (uint32_t rank : {0u, 5u, 0xffffffffu}) {
    TensorSpec spec = f32({8});
    spec.rank = rank;
    EXPECT_EQ(tensorError(spec), "m.gguf: offset 0x21: tensor 't': number of dimensions: expected "
                                 "1 to 4, got " +
                                     std::to_string(rank));
  }
}

TEST(GGUFMalformed, Dimensions) {
  EXPECT_EQ(tensorError(f32({0})), ""); // empty tensors are allowed
  EXPECT_EQ(tensorError(f32({0, 7})), "");
  EXPECT_EQ(tensorError(f32({8, ~uint64_t(0)})),
            "m.gguf: offset 0x2d: tensor 't': dimension 1: expected below 2^63, got "
            "18446744073709551615");
  EXPECT_EQ(tensorError(f32({uint64_t(1) << 32, uint64_t(1) << 32})),
            "m.gguf: offset 0x25: tensor 't': shape: expected below 2^63 elements, got more");
  // The elements fit, their bytes do not.
  EXPECT_EQ(tensorError(f32({uint64_t(1) << 61})),
            "m.gguf: offset 0x25: tensor 't': shape: expected below 2^63 bytes, got more");
  TensorSpec q8 = f32({uint64_t(0x7fffffffffffffe0)}); // times 34 / 32
  q8.type = 8;
  EXPECT_EQ(tensorError(q8),
            "m.gguf: offset 0x25: tensor 't': shape: expected below 2^63 bytes, got more");
}

TEST(GGUFMalformed, RowIsNoWholeNumberOfBlocks) {
  TensorSpec spec = f32({33, 2});
  spec.type = 8;
  EXPECT_EQ(tensorError(spec), "m.gguf: offset 0x25: tensor 't': dimension 0: expected a multiple "
                               "of 32, the block of Q8_0, got 33");
  spec.ne = {16, 2}; // 32 elements, but no row of its own
  EXPECT_NE(tensorError(spec), "");
}

TEST(GGUFMalformed, TensorType) {
  for (uint32_t type : {43u, 142u, 1u << 31, 0xffffffffu}) {
    TensorSpec spec = f32({32});
    spec.type = type;
    EXPECT_EQ(tensorError(spec), "m.gguf: offset 0x2d: tensor 't': type: expected a type from 0 "
                                 "to 42, got " +
                                     std::to_string(type));
  }
  for (uint32_t type : {4u, 5u, 31u, 32u, 33u, 36u, 37u, 38u}) {
    TensorSpec spec = f32({256});
    spec.type = type;
    EXPECT_EQ(tensorError(spec), "m.gguf: offset 0x2d: tensor 't': type: expected a type of the "
                                 "format, got " +
                                     std::to_string(type) + " (" + typeTraits(type)->name +
                                     ", which was removed from it; convert the model again)");
  }
}

TEST(GGUFMalformed, Offset) {
  TensorSpec spec = f32({8});
  spec.offset = 16;
  EXPECT_EQ(tensorError(spec),
            "m.gguf: offset 0x18: tensor 't': offset: expected a multiple of 32, got 16");
  spec.offset = ~uint64_t(0) - 31;
  EXPECT_EQ(tensorError(spec), "m.gguf: offset 0x18: tensor 't': offset: expected its end below "
                               "2^64, got offset 18446744073709551584 and 32 bytes");
  spec.offset = 1 << 20;
  EXPECT_EQ(tensorError(spec),
            "m.gguf: offset 0x100040: tensor 't': data: expected 32 bytes, got 0 before the end "
            "of the file (an incomplete download?)");
}

TEST(GGUFMalformed, DataCutByOneByte) {
  Builder b;
  b.tensor("t", TensorType::F32, {8});
  Bytes bytes = b.build();
  bytes.pop_back();
  EXPECT_EQ(openError(bytes), "m.gguf: offset 0x40: tensor 't': data: expected 32 bytes, got 31 "
                              "before the end of the file (an incomplete download?)");
}

TEST(GGUFMalformed, Overlap) {
  Builder b;
  b.tensor("a", TensorType::F32, {16}).tensor("b", TensorType::F32, {8});
  b.at("b").offset = 32;
  EXPECT_EQ(openError(b), "m.gguf: offset 0x39: tensor 'b': offset: expected data from 0xa0, the "
                          "end of 'a', got 0x80");
  b.at("b").offset = 0;
  EXPECT_EQ(openError(b), "m.gguf: offset 0x39: tensor 'b': offset: expected data from 0xa0, the "
                          "end of 'a', got 0x60");
  b.at("b").ne = {0}; // no bytes, no overlap
  EXPECT_EQ(openError(b), "");
}

TEST(GGUFMalformed, OffsetsAreCheckedWithoutData) {
  OpenOptions headerOnly;
  headerOnly.requireData = false;
  TensorSpec spec = f32({8});
  Builder b;
  b.tensors = {spec};
  b.tensors[0].offset = 16;
  EXPECT_NE(openError(b, headerOnly), "");
  b.tensors[0].offset = ~uint64_t(0) - 31;
  EXPECT_NE(openError(b, headerOnly), "");
  b.tensors[0].offset = uint64_t(1) << 40;
  EXPECT_EQ(openError(b, headerOnly), "");
}

} // namespace
