//===- Common.cpp - input and memory ----------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shared by the modes.

#include "Modes.h"

#include "llvm/Support/MemoryBuffer.h"

#include <cstdio>
#include <cstring>

using namespace ignis;
using namespace ignis::tools;

llvm::Expected<std::string> ignis::tools::readFile(const std::string &path) {
  auto buffer = path == "-" ? llvm::MemoryBuffer::getSTDIN()
                            : llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                                          /*RequiresNullTerminator=*/false);
  if (!buffer)
    return llvm::createStringError(path + ": " + buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

llvm::Expected<std::string> ignis::tools::readPrompt(const RunOptions &options) {
  return options.prompt ? llvm::Expected<std::string>(*options.prompt)
                        : readFile(options.promptFile);
}

void ignis::tools::reportMemory(const runtime::Session &session) {
  runtime::Session::Memory memory = session.memory();
  auto mib = [](int64_t bytes) { return static_cast<double>(bytes) / 1048576; };
  std::fprintf(stderr,
               "memory: packed weights %.1f MiB, cache %.1f MiB, arena %.1f MiB, scratch %.1f MiB, "
               "other %.1f MiB\n",
               mib(memory.weightsPacked), mib(memory.cache), mib(memory.arena), mib(memory.scratch),
               mib(memory.other));
#ifdef __linux__
  for (const char *path : {"/proc/self/status", "/proc/self/smaps_rollup"})
    if (FILE *file = std::fopen(path, "r")) {
      char line[256];
      while (std::fgets(line, sizeof(line), file))
        for (const char *key : {"VmHWM", "RssAnon", "RssFile", "RssShmem", "Pss_Anon", "Anonymous"})
          if (std::strncmp(line, key, std::strlen(key)) == 0 && line[std::strlen(key)] == ':')
            std::fprintf(stderr, "memory: %s", line);
      std::fclose(file);
    }
#endif
}
