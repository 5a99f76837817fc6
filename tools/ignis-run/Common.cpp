//===- Common.cpp - input, output and interruption --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shared by the modes.

#include "Modes.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Signals.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <unistd.h>

using namespace ignis;
using namespace ignis::tools;

static volatile std::sig_atomic_t pressed = 0, noted = 0;
static int printError = 0;

bool ignis::tools::interrupted() { return pressed != 0; }
void ignis::tools::installInterrupt() { noted = 1; }

/// Writes a line without allocating and ends the process.
template <size_t N> [[noreturn]] static void die(const char (&text)[N]) {
  while (write(2, text, N - 1) < 0 && errno == EINTR)
    ;
  _exit(1);
}
static void outOfMemory() {
  die("ignis-run: out of memory (a limit on the address space? ulimit -v)\n");
}

void ignis::tools::prepareProcess() {
  // A file that is opened later must not become standard output. Reading descriptors in the place
  // of closed ones fail when they are written to.
  for (int fd = 0; fd < 3; ++fd)
    if (fcntl(fd, F_GETFD) < 0)
      (void)open("/dev/null", O_RDONLY);
  std::signal(SIGPIPE, SIG_IGN); // print() fails instead.
  // LLVM's handler removes unfinished files, calls this, and leaves a second Ctrl-C to the system.
  llvm::sys::SetInterruptFunction([] {
    if (!noted)
      _exit(130);
    pressed = 1;
  });
  // Touching a mapped page that its file has no more.
  std::signal(SIGBUS, [](int) {
    die("ignis-run: the model's file became shorter while it was in use, or cannot be read "
        "(--no-mmap reads it at the beginning)\n");
  });
  std::set_new_handler(outOfMemory);
  llvm::install_bad_alloc_error_handler([](void *, const char *, bool) { outOfMemory(); });
}

bool ignis::tools::print(llvm::StringRef text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return true;
  printError = errno;
  return false;
}

llvm::Error ignis::tools::stdoutError() {
  return llvm::createStringError(std::string("cannot write to standard output: ") +
                                 std::strerror(printError));
}

llvm::Expected<int> ignis::tools::printAll(llvm::StringRef text) {
  if (!print(text))
    return stdoutError();
  return 0;
}

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
