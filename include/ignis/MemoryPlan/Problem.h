//===- Problem.h - buffers with lifetimes, and where a plan puts them -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The value types that planners, verifier, bounds, CSV and pictures share; nothing here knows a
// compiler, a file format or an algorithm.
//
// Words. Time is an integer without a unit (the number of an op, say). A *buffer* is live in the
// half-open interval [begin, end): buffers a = [0, 3) and b = [3, 5) never meet and may share their
// bytes. A *plan* gives every buffer an *offset* into one arena, a multiple of its alignment, so
// that buffers which are live at one time do not overlap. The *height* of a plan is the end of its
// highest buffer: the size of the arena. Example: sizes 4, 4, 2 and lifetimes [0,2), [1,3), [2,4)
// fit in 8 bytes at the offsets 0, 4, 0.

#ifndef IGNIS_MEMORYPLAN_PROBLEM_H
#define IGNIS_MEMORYPLAN_PROBLEM_H

#include "llvm/Support/Error.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ignis::memplan {

/// One allocation. A buffer of size 0 takes no bytes and conflicts with nothing.
struct Buffer {
  std::string id;    ///< unique in its problem; any UTF-8 text without control characters
  int64_t begin = 0; ///< first time it is live
  int64_t end = 0;   ///< first time it is no longer live; > begin
  int64_t size = 0;  ///< bytes, >= 0
  int64_t align = 1; ///< its offset is a multiple of this; >= 1, need not be a power of two
};

/// Buffers in order of definition: planners that care for program order use the order of `begin`,
/// then this one.
struct Problem {
  std::vector<Buffer> buffers;
};

/// offsets[i] belongs to buffers[i].
struct Plan {
  std::vector<int64_t> offsets; ///< bytes
  int64_t height = 0;           ///< max of offset + size in bytes, 0 without buffers
};

/// Do both lifetimes contain a common time?
inline bool overlapInTime(const Buffer &a, const Buffer &b) {
  return a.begin < b.end && b.begin < a.end;
}

/// The least multiple of `align` that is >= value. Both are >= 0 (align >= 1); problems that
/// passed check() keep the result in range.
inline int64_t alignUp(int64_t value, int64_t align) {
  int64_t rest = value % align;
  return rest == 0 ? value : value + (align - rest);
}

/// The most that all buffers of a problem, each with its worst padding (align - 1), may take. Four
/// such numbers add up within int64_t, which is more than any planner does.
constexpr int64_t maxTotalBytes = int64_t(1) << 61;

/// Success, or the first buffer that breaks a rule of Buffer or takes the problem over
/// maxTotalBytes: after this check no planner can overflow.
llvm::Error check(const Problem &problem);

/// The height that `offsets` (one per buffer, none overflowing) reach.
int64_t heightOf(const Problem &problem, const std::vector<int64_t> &offsets);

} // namespace ignis::memplan

#endif // IGNIS_MEMORYPLAN_PROBLEM_H
