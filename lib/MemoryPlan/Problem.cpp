//===- Problem.cpp - rules of a problem ---------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The one place where sizes from outside are checked, so that no planner has to think of overflow.

#include "ignis/MemoryPlan/Problem.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

namespace ignis::memplan {

static llvm::Error refuse(const Buffer &buffer, const llvm::Twine &why) {
  return llvm::createStringError("buffer '" + llvm::Twine(buffer.id) + "': " + why);
}

llvm::Error check(const Problem &problem) {
  int64_t total = 0;
  for (const Buffer &buffer : problem.buffers) {
    if (buffer.end <= buffer.begin)
      return refuse(buffer, llvm::formatv("expected lower < upper, but got [{0}, {1})",
                                          buffer.begin, buffer.end));
    if (buffer.size < 0)
      return refuse(buffer,
                    llvm::formatv("expected a size of at least 0, but got {0}", buffer.size));
    if (buffer.align < 1)
      return refuse(
          buffer, llvm::formatv("expected an alignment of at least 1, but got {0}", buffer.align));
    // One buffer takes at most size + align - 1 bytes, wherever the one below it ends.
    int64_t most;
    if (llvm::AddOverflow(buffer.size, buffer.align - 1, most) ||
        llvm::AddOverflow(total, most, total) || total > maxTotalBytes)
      return refuse(buffer,
                    llvm::formatv("size {0} with alignment {1} takes the sum of all buffers "
                                  "out of range, expected at most 2^61 bytes",
                                  buffer.size, buffer.align));
  }
  return llvm::Error::success();
}

int64_t heightOf(const Problem &problem, const std::vector<int64_t> &offsets) {
  int64_t height = 0;
  for (size_t i = 0; i < problem.buffers.size(); ++i)
    height = std::max(height, offsets[i] + problem.buffers[i].size);
  return height;
}

} // namespace ignis::memplan
