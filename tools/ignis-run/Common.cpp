//===- Common.cpp - input, output and interruption --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shared by the modes.

#include "Modes.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <unistd.h>

using namespace ignis;
using namespace ignis::tools;

static volatile std::sig_atomic_t pressed = 0;

bool ignis::tools::interrupted() { return pressed != 0; }

void ignis::tools::installInterrupt() {
  struct sigaction action;
  std::memset(&action, 0, sizeof(action));
  action.sa_handler = [](int) { pressed = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND); // A second Ctrl-C ends the process.
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

bool ignis::tools::print(llvm::StringRef text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
         std::fflush(stdout) == 0;
}

llvm::Expected<std::string> ignis::tools::readFile(const std::string &path) {
  auto buffer =
      llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return llvm::createStringError(path + ": " + buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

llvm::Expected<std::string> ignis::tools::readPrompt(const RunOptions &options) {
  return options.prompt ? llvm::Expected<std::string>(*options.prompt)
                        : readFile(options.promptFile);
}

llvm::Error ignis::tools::writeFile(const std::string &path, llvm::StringRef text) {
  auto out = llvm::sys::fs::TempFile::create(path + ".%%%%%%.tmp");
  if (!out)
    return llvm::createStringError("cannot write " + path + ": " + llvm::toString(out.takeError()));
  llvm::raw_fd_ostream stream(out->FD, /*shouldClose=*/false);
  stream << text;
  stream.flush();
  if (stream.has_error()) {
    std::string reason = stream.error().message();
    stream.clear_error();
    llvm::consumeError(out->discard());
    return llvm::createStringError("cannot write " + path + ": " + reason);
  }
  if (llvm::Error failed = out->keep(path))
    return failed;
  return llvm::Error::success();
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
