//===- Process.cpp - streams and signals of a tool --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Process.h.

#include "Process.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <string>
#include <unistd.h>

using namespace ignis::tools;

static volatile std::sig_atomic_t pressed = 0, noted = 0;
static int printError = 0;
static char memoryLine[128], fileLine[256];

bool ignis::tools::interrupted() { return pressed != 0; }
void ignis::tools::installInterrupt() { noted = 1; }

/// Writes a line without allocating and ends the process. Threads that fail together write one.
[[noreturn]] static void die(const char *text) {
  static std::atomic_flag dying = ATOMIC_FLAG_INIT;
  while (dying.test_and_set())
    pause();
  while (write(2, text, std::strlen(text)) < 0 && errno == EINTR)
    ;
  _exit(1);
}
static void outOfMemory() { die(memoryLine); }

void ignis::tools::prepareProcess(const char *tool) {
  std::snprintf(memoryLine, sizeof(memoryLine),
                "%s: out of memory (a limit on the address space? ulimit -v)\n", tool);
  std::snprintf(fileLine, sizeof(fileLine),
                "%s: the model's file became shorter while it was in use, or cannot be read "
                "(--no-mmap reads it at the beginning)\n",
                tool);
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
  std::signal(SIGBUS, [](int) { die(fileLine); });
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
