//===- FileTest.cpp - well-formed files, typed access, paths ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What a good file yields, and what happens to paths that are no file.

#include "GGUFBuilder.h"

#include "llvm/Support/FileSystem.h"

#include <cstdio>
#include <gtest/gtest.h>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
#define IGNIS_HAVE_MALLINFO2 1
#include <malloc.h>
#endif

using namespace ignis::gguf;
using namespace ignis::gguf::test;
using llvm::StringRef;

namespace {

/// A file of that content for the length of a test.
class TempFile {
public:
  explicit TempFile(const Bytes &bytes) {
    llvm::SmallString<128> name;
    int fd = -1;
    EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("ignis-gguf", "gguf", fd, name));
    path = name.str().str();
    EXPECT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    ::close(fd);
  }
  ~TempFile() { ::unlink(path.c_str()); }
  std::string path;
};

std::string pathError(const std::string &path) {
  llvm::Expected<File> file = File::open(path);
  return file ? "" : llvm::toString(file.takeError());
}

/// The value, or its error's message as a test failure.
template <typename T> T value(llvm::Expected<T> expected) {
  if (expected)
    return *expected;
  ADD_FAILURE() << llvm::toString(expected.takeError());
  return T();
}
template <typename T> std::string message(llvm::Expected<T> expected) {
  if (!expected)
    return llvm::toString(expected.takeError());
  return "no error";
}

Builder allTypes() {
  Builder b;
  b.raw("u8", Builder::scalar<uint8_t>(ValueType::U8, 200));
  b.raw("i8", Builder::scalar<int8_t>(ValueType::I8, -100));
  b.raw("u16", Builder::scalar<uint16_t>(ValueType::U16, 60000));
  b.raw("i16", Builder::scalar<int16_t>(ValueType::I16, -30000));
  b.u32("u32", 4000000000u);
  b.raw("i32", Builder::scalar<int32_t>(ValueType::I32, -2000000000));
  b.raw("u64", Builder::scalar<uint64_t>(ValueType::U64, 1ull << 62));
  b.raw("huge", Builder::scalar<uint64_t>(ValueType::U64, 1ull << 63));
  b.raw("i64", Builder::scalar<int64_t>(ValueType::I64, std::numeric_limits<int64_t>::min()));
  b.f32("f32", 0.5f);
  b.raw("f64", Builder::scalar<double>(ValueType::F64, 0.25));
  b.boolean("yes", 1).boolean("no", 0);
  b.str("str", "caf\xc3\xa9").str("empty", "");
  b.strings("strings", {"a", "", "bc"});
  b.raw("i32s", Builder::array<int32_t>(ValueType::I32, {1, -2, 3}));
  b.raw("u8s", Builder::array<uint8_t>(ValueType::U8, {255, 0}));
  b.raw("u64s", Builder::array<uint64_t>(ValueType::U64, {1, 1ull << 63}));
  b.raw("f32s", Builder::array<float>(ValueType::F32, {1.5f, -2.5f}));
  b.raw("bools", Builder::array<uint8_t>(ValueType::Bool, {1, 0}));
  b.raw("none", Builder::array<int32_t>(ValueType::I32, {}));
  return b;
}

TEST(GGUFFile, ScalarsOfEveryType) {
  Bytes bytes = allTypes().build();
  File file = cantFail(File::fromMemory(bytes, "m.gguf"));
  EXPECT_EQ(file.version(), 3u);
  EXPECT_EQ(file.alignment(), 32u);
  EXPECT_EQ(file.metadata().size(), 22u);
  EXPECT_EQ(value(file.getInteger("u8")), 200);
  EXPECT_EQ(value(file.getInteger("i8")), -100);
  EXPECT_EQ(value(file.getInteger("u16")), 60000);
  EXPECT_EQ(value(file.getInteger("i16")), -30000);
  EXPECT_EQ(value(file.getInteger("u32")), 4000000000);
  EXPECT_EQ(value(file.getInteger("i32")), -2000000000);
  EXPECT_EQ(value(file.getInteger("u64")), int64_t(1) << 62);
  EXPECT_EQ(value(file.getInteger("i64")), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(value(file.getFloat("f32")), 0.5f);
  EXPECT_TRUE(value(file.getBool("yes")));
  EXPECT_FALSE(value(file.getBool("no")));
  EXPECT_EQ(value(file.getString("str")), "caf\xc3\xa9");
  EXPECT_EQ(value(file.getString("empty")), "");
  EXPECT_EQ(file.find("str")->key, "str");
  EXPECT_EQ(file.find("absent"), nullptr);
  EXPECT_EQ(file.find(""), nullptr);
}

TEST(GGUFFile, Arrays) {
  Bytes bytes = allTypes().build();
  File file = cantFail(File::fromMemory(bytes, "m.gguf"));
  StringArray strings = value(file.getStringArray("strings"));
  EXPECT_EQ(strings.size(), 3u);
  EXPECT_EQ(std::vector<StringRef>(strings.begin(), strings.end()),
            (std::vector<StringRef>{"a", "", "bc"}));
  EXPECT_EQ(strings.index(), (std::vector<StringRef>{"a", "", "bc"}));
  IntegerArray integers = value(file.getIntegerArray("i32s"));
  ASSERT_EQ(integers.size(), 3u);
  EXPECT_EQ(integers[1], -2);
  EXPECT_EQ(value(file.getIntegerArray("u8s"))[0], 255);
  FloatArray floats = value(file.getFloatArray("f32s"));
  ASSERT_EQ(floats.size(), 2u);
  EXPECT_EQ(floats[1], -2.5f);
  EXPECT_TRUE(value(file.getIntegerArray("none")).empty());
}

TEST(GGUFFile, GettersNameKeyWantedAndFoundType) {
  Bytes bytes = allTypes().build();
  File file = cantFail(File::fromMemory(bytes, "m.gguf"));
  EXPECT_EQ(message(file.getInteger("absent")),
            "m.gguf: key 'absent': expected an integer, got no such key");
  EXPECT_EQ(message(file.getInteger("f32")).substr(0, 16), "m.gguf: offset 0");
  auto tail = [](std::string text) { return text.substr(text.find("key")); };
  EXPECT_EQ(tail(message(file.getInteger("f32"))), "key 'f32': expected an integer, got f32");
  EXPECT_EQ(tail(message(file.getInteger("yes"))), "key 'yes': expected an integer, got bool");
  EXPECT_EQ(tail(message(file.getInteger("i32s"))),
            "key 'i32s': expected an integer, got array of i32");
  EXPECT_EQ(tail(message(file.getInteger("huge"))),
            "key 'huge': expected below 2^63, got 9223372036854775808");
  EXPECT_EQ(tail(message(file.getFloat("f64"))), "key 'f64': expected f32, got f64");
  EXPECT_EQ(tail(message(file.getBool("u8"))), "key 'u8': expected bool, got u8");
  EXPECT_EQ(tail(message(file.getString("strings"))),
            "key 'strings': expected str, got array of str");
  EXPECT_EQ(tail(message(file.getStringArray("str"))), "key 'str': expected array of str, got str");
  EXPECT_EQ(tail(message(file.getStringArray("i32s"))),
            "key 'i32s': expected array of str, got array of i32");
  EXPECT_EQ(tail(message(file.getIntegerArray("f32s"))),
            "key 'f32s': expected array of integers, got array of f32");
  EXPECT_EQ(tail(message(file.getIntegerArray("bools"))),
            "key 'bools': expected array of integers, got array of bool");
  EXPECT_EQ(tail(message(file.getIntegerArray("u64s"))),
            "key 'u64s': element 1: expected below 2^63, got 9223372036854775808");
  EXPECT_EQ(tail(message(file.getFloatArray("i32s"))),
            "key 'i32s': expected array of f32, got array of i32");
}

TEST(GGUFFile, DefaultsStandForMissingKeysOnly) {
  Bytes bytes = allTypes().build();
  File file = cantFail(File::fromMemory(bytes, "m.gguf"));
  EXPECT_EQ(value(file.getInteger("absent", 7)), 7);
  EXPECT_EQ(value(file.getInteger("u8", 7)), 200);
  EXPECT_EQ(value(file.getFloat("absent", 7.5f)), 7.5f);
  EXPECT_TRUE(value(file.getBool("absent", true)));
  EXPECT_EQ(value(file.getString("absent", "x")), "x");
  EXPECT_NE(message(file.getInteger("str", 7)), "no error");
}

TEST(GGUFFile, TensorsAndData) {
  Builder b;
  b.tensor("a", TensorType::F32, {3, 2}).tensor("q", TensorType::Q8_0, {64, 5, 2});
  b.tensor("empty", TensorType::F16, {0}).tensor("last", TensorType::BF16, {1, 1, 1, 7});
  Bytes bytes = b.build();
  File file = cantFail(File::fromMemory(bytes, "m.gguf"));
  ASSERT_EQ(file.tensors().size(), 4u);
  const TensorInfo &a = file.tensors()[0], &q = *file.findTensor("q");
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.rank, 2u);
  EXPECT_EQ(a.ne, (std::array<int64_t, 4>{3, 2, 1, 1}));
  EXPECT_EQ(a.elements, 6);
  EXPECT_EQ(a.bytes, 24u);
  EXPECT_EQ(a.offset, file.dataOffset());
  EXPECT_EQ(q.type, TensorType::Q8_0);
  EXPECT_EQ(q.elements, 640);
  EXPECT_EQ(q.bytes, 680u); // 640 / 32 * 34
  EXPECT_EQ(q.offset, file.dataOffset() + 32);
  EXPECT_EQ(file.data(q), bytes.data() + q.offset);
  EXPECT_EQ(file.data(*file.findTensor("empty")), nullptr);
  EXPECT_EQ(file.findTensor("last")->bytes, 14u);
  EXPECT_EQ(file.findTensor("absent"), nullptr);
  EXPECT_TRUE(file.hasData());
}

TEST(GGUFFile, Version2) {
  Builder b = qwen2();
  b.version = 2;
  EXPECT_EQ(openError(b), "");
}

TEST(GGUFFile, AlignmentFromTheFile) {
  for (uint32_t alignment : {8u, 64u, 4096u, 65536u}) {
    Builder b = qwen2();
    b.u32("general.alignment", alignment);
    b.alignment = alignment;
    Bytes bytes = b.build();
    File file = cantFail(File::fromMemory(bytes, "m.gguf"));
    EXPECT_EQ(file.alignment(), alignment);
    EXPECT_EQ(file.dataOffset() % alignment, 0u);
  }
}

TEST(GGUFFile, TrailingGarbageAndHolesAreAccepted) {
  Bytes bytes = qwen2().build();
  bytes.resize(bytes.size() + 1000, 0xaa);
  EXPECT_EQ(openError(bytes), "");

  Builder b;
  b.tensor("a", TensorType::F32, {8}).tensor("b", TensorType::F32, {8});
  b.at("b").offset = 64;
  bytes = b.build();
  bytes.resize(bytes.size() + 64);
  EXPECT_EQ(openError(bytes), "");
}

TEST(GGUFFile, TensorsInAnyOrderOfOffsets) {
  Builder b;
  b.tensor("a", TensorType::F32, {8}).tensor("b", TensorType::F32, {8});
  b.at("a").offset = 32;
  b.at("b").offset = 0;
  EXPECT_EQ(openError(b), "");
}

TEST(GGUFFile, HeaderOnlyOnRequest) {
  Builder b = qwen2();
  b.withData = false;
  Bytes bytes = b.build();
  EXPECT_NE(openError(bytes), "");
  OpenOptions options;
  options.requireData = false;
  File file = cantFail(File::fromMemory(bytes, "m.gguf", options));
  EXPECT_FALSE(file.hasData());
  EXPECT_EQ(file.data(file.tensors()[0]), nullptr);
  // Half of the data: what is there can be read.
  bytes = qwen2().build();
  bytes.resize(bytes.size() - 1);
  file = cantFail(File::fromMemory(bytes, "m.gguf", options));
  EXPECT_FALSE(file.hasData());
  EXPECT_NE(file.data(file.tensors().front()), nullptr);
  EXPECT_EQ(file.data(file.tensors().back()), nullptr);
}

TEST(GGUFFile, MappedAndReadFilesAgreeAndMove) {
  Bytes bytes = qwen2().build();
  for (size_t i = bytes.size() - 50; i != bytes.size(); ++i)
    bytes[i] = i;
  TempFile temp(bytes);
  for (bool map : {true, false}) {
    OpenOptions options;
    options.map = map;
    File first = cantFail(File::open(temp.path, options));
    EXPECT_EQ(first.path(), temp.path);
    EXPECT_EQ(first.size(), bytes.size());
    const TensorInfo *before = &first.tensors().back();
    File file = std::move(first);
    const TensorInfo &last = file.tensors().back();
    EXPECT_EQ(before, &last); // pointers survive the move
    EXPECT_EQ(0, std::memcmp(file.data(last), bytes.data() + last.offset, last.bytes));
    file.releasePages(last); // still readable
    EXPECT_EQ(0, std::memcmp(file.data(last), bytes.data() + last.offset, last.bytes));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(file.data(last)) % 32, 0u);
  }
}

TEST(GGUFFile, ReleasedPagesAreReadAgain) {
  Builder b;
  b.tensor("a", TensorType::F32, {1 << 16}).tensor("b", TensorType::F32, {8});
  Bytes bytes = b.build();
  for (size_t i = b.directoryEnd + 32; i < bytes.size(); ++i)
    bytes[i] = i * 7;
  TempFile temp(bytes);
  File file = cantFail(File::open(temp.path));
  for (int round = 0; round != 2; ++round)
    for (const TensorInfo &tensor : file.tensors()) {
      EXPECT_EQ(0, std::memcmp(file.data(tensor), bytes.data() + tensor.offset, tensor.bytes));
      file.releasePages(tensor);
    }
}

TEST(GGUFFile, PathsThatAreNoFile) {
  EXPECT_EQ(pathError(""), "expected the path of a GGUF file, got an empty one");
  EXPECT_EQ(pathError("/nonexistent/x.gguf"),
            "/nonexistent/x.gguf: cannot open: no such file or directory");
  EXPECT_EQ(pathError("/"), "/: expected a GGUF file, got a directory");
  EXPECT_EQ(pathError("/dev/null"), "/dev/null: expected a regular file, got a pipe or device");
  EXPECT_EQ(pathError(std::string("a\0b", 3)), "a\\x00b: expected a path without NUL");
  EXPECT_EQ(pathError("/nonexistent/\x1b[31m\xff"),
            "/nonexistent/\\x1b[31m\\xff: cannot open: no such file or directory");
  TempFile empty({});
  EXPECT_EQ(pathError(empty.path), empty.path + ": expected a GGUF file, got an empty one");
}

TEST(GGUFFile, FifoDoesNotBlock) {
  TempFile temp({});
  ::unlink(temp.path.c_str());
  ASSERT_EQ(::mkfifo(temp.path.c_str(), 0600), 0);
  EXPECT_EQ(pathError(temp.path), temp.path + ": expected a regular file, got a pipe or device");
}

TEST(GGUFFile, UnreadableFile) {
  TempFile temp(qwen2().build());
  ::chmod(temp.path.c_str(), 0);
  // Root reads everything, so be somebody else for a moment.
  bool root = ::geteuid() == 0;
  if (root && ::seteuid(65534))
    GTEST_SKIP() << "cannot give up root";
  EXPECT_EQ(pathError(temp.path), temp.path + ": cannot open: permission denied");
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
}

TEST(GGUFFile, NonUtf8PathOpens) {
  TempFile temp(qwen2().build());
  std::string odd = temp.path + "-\xff\xfe";
  ASSERT_EQ(::rename(temp.path.c_str(), odd.c_str()), 0);
  EXPECT_EQ(pathError(odd), "");
  ::unlink(odd.c_str());
}

#ifdef IGNIS_HAVE_MALLINFO2
/// Bytes that opening and holding a vocabulary of `count` tokens and merges takes from the heap.
static int64_t heapOfVocabulary(int count) {
  Builder b = qwen2();
  std::vector<std::string> tokens, merges;
  for (int i = 0; i != count; ++i) {
    tokens.push_back("token" + std::to_string(i));
    merges.push_back("a" + std::to_string(i) + " b" + std::to_string(i));
  }
  b.strings("tokenizer.ggml.tokens", tokens).strings("tokenizer.ggml.merges", merges);
  TempFile temp(b.build());
  auto used = [] {
    struct mallinfo2 info = mallinfo2();
    return static_cast<int64_t>(info.uordblks + info.hblkhd);
  };
  size_t before = used();
  File file = cantFail(File::open(temp.path));
  EXPECT_EQ(value(file.getStringArray("tokenizer.ggml.tokens")).size(), tokens.size());
  return used() - before;
}

// Opening keeps nothing of 300,000 strings.
TEST(GGUFFile, LargeVocabularyTakesNoMemory) {
  EXPECT_LE(heapOfVocabulary(151936), heapOfVocabulary(16) + 4096);
}
#endif

TEST(GGUFFile, Escape) {
  EXPECT_EQ(escape("plain text"), "plain text");
  EXPECT_EQ(escape("a\nb\x1b[0m\x7f"), "a\\x0ab\\x1b[0m\\x7f");
  EXPECT_EQ(escape("a\\b"), "a\\\\b");
  EXPECT_EQ(escape("caf\xc3\xa9 \xe4\xb8\xad"), "caf\xc3\xa9 \xe4\xb8\xad");
  EXPECT_EQ(escape("\xff\xc3"), "\\xff\\xc3");          // not UTF-8
  EXPECT_EQ(escape("\xed\xa0\x80"), "\\xed\\xa0\\x80"); // a surrogate
  EXPECT_EQ(escape("\xe2\x80\xae"), "\\xe2\\x80\\xae"); // right-to-left override
  EXPECT_EQ(escape("\xc2\x9b"), "\\xc2\\x9b");          // C1 control
  EXPECT_EQ(escape(std::string("\0", 1)), "\\x00");
  EXPECT_EQ(escape("abcdef", 6), "abcdef");
  EXPECT_EQ(escape("abcdef", 5), "abcde...");
  EXPECT_EQ(escape("ab\xc3\xa9z", 3), "ab..."); // no half of a character
  EXPECT_EQ(escape("\x80\x80\x80\x80\x80", 4), "\\x80\\x80\\x80\\x80...");
}

TEST(TensorType, NamesAndGeometry) {
  EXPECT_EQ(typeName(TensorType::F32), "F32");
  EXPECT_EQ(typeName(TensorType::BF16), "BF16");
  EXPECT_EQ(typeTraits(8)->blockElements, 32u);
  EXPECT_EQ(typeTraits(8)->blockBytes, 34u);
  EXPECT_STREQ(typeTraits(12)->name, "Q4_K");
  EXPECT_EQ(typeTraits(12)->blockBytes, 144u);
  EXPECT_EQ(typeTraits(43), nullptr);
  EXPECT_EQ(typeTraits(UINT32_MAX), nullptr);
  unsigned supported = 0, removed = 0;
  for (uint32_t id = 0; id != 43; ++id) {
    supported += typeTraits(id)->supported;
    removed += typeTraits(id)->removed();
  }
  EXPECT_EQ(supported, 4u);
  EXPECT_EQ(removed, 8u);
}

} // namespace
