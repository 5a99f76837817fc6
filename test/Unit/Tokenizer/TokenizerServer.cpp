//===- TokenizerServer.cpp - encodes for the comparison with the referee ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// ignis-tokenizer-server MODEL.gguf, the other half of utils/compare-tokenizer.py. A request is two
// u32 (1: parse special tokens; the text's bytes) and the text; a reply is the number of ids, the
// ids, the number of bytes of their decoded text, these bytes. Ends with its input. With FILE as a
// second argument, measures instead: loading, and encoding FILE.

#include "ignis/GGUF/File.h"
#include "ignis/Tokenizer/StreamDecoder.h"

#include "llvm/Support/MemoryBuffer.h"

#include <chrono>
#include <cstdio>

using namespace ignis;

static int measure(const gguf::File &file, const char *path) {
  auto milliseconds = [](auto action) {
    auto start = std::chrono::steady_clock::now();
    action();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
        .count();
  };
  auto text = llvm::MemoryBuffer::getFile(path);
  if (!text)
    return 1;
  double load = 1e9, encode = 1e9;
  std::unique_ptr<tokenizer::Tokenizer> tokenizer;
  for (int i = 0; i != 9; ++i)
    load = std::min(load, milliseconds([&] {
                      tokenizer = llvm::cantFail(tokenizer::Tokenizer::create(file));
                    }));
  size_t ids = 0;
  for (int i = 0; i != 5; ++i)
    encode = std::min(encode,
                      milliseconds([&] { ids = tokenizer->encode((*text)->getBuffer()).size(); }));
  double bytes = (*text)->getBufferSize();
  std::printf("load %.1f ms; %.0f bytes, %zu ids in %.1f ms: %.1f MB/s\n", load, bytes, ids, encode,
              bytes / encode / 1e3);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2)
    return 2;
  gguf::OpenOptions options;
  options.requireData = false;
  llvm::Expected<gguf::File> file = gguf::File::open(argv[1], options);
  if (!file) {
    std::fprintf(stderr, "%s\n", llvm::toString(file.takeError()).c_str());
    return 1;
  }
  if (argc > 2)
    return measure(*file, argv[2]);
  auto tokenizer = tokenizer::Tokenizer::create(*file);
  if (!tokenizer) {
    std::fprintf(stderr, "%s\n", llvm::toString(tokenizer.takeError()).c_str());
    return 1;
  }
  uint32_t header[2];
  std::string text;
  while (std::fread(header, sizeof(header), 1, stdin) == 1) {
    text.resize(header[1]);
    if (std::fread(text.data(), 1, text.size(), stdin) != text.size())
      return 1;
    std::vector<int32_t> ids = (*tokenizer)->encode(text, header[0] & 1);
    tokenizer::StreamOptions whole;
    whole.skipControl = false;
    tokenizer::StreamDecoder decoder(**tokenizer, whole);
    std::string decoded;
    for (int32_t id : ids)
      decoded += decoder.push(id);
    decoded += decoder.flush();
    uint32_t count = ids.size(), bytes = decoded.size();
    std::fwrite(&count, sizeof(count), 1, stdout);
    std::fwrite(ids.data(), sizeof(int32_t), count, stdout);
    std::fwrite(&bytes, sizeof(bytes), 1, stdout);
    std::fwrite(decoded.data(), 1, bytes, stdout);
    std::fflush(stdout);
  }
  return 0;
}
