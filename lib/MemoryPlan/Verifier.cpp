//===- Verifier.cpp - checks a plan by a sweep over time ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Live buffers are kept in a set ordered by offset. As long as the set is free of overlap, a new
// buffer can only meet its two neighbours, so every pair need not be looked at.

#include "ignis/MemoryPlan/Verifier.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <set>

namespace ignis::memplan {

static std::string describe(const Problem &problem, const Plan &plan, size_t i) {
  const Buffer &buffer = problem.buffers[i];
  return llvm::formatv("'{0}' (live [{1}, {2}), bytes [{3}, {4}))", buffer.id, buffer.begin,
                       buffer.end, plan.offsets[i], plan.offsets[i] + buffer.size);
}

/// The rules that concern one buffer at a time, and the height.
static Verdict verifyEach(const Problem &problem, const Plan &plan) {
  int64_t height = 0;
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer &buffer = problem.buffers[i];
    int64_t offset = plan.offsets[i], top;
    auto broken = [&](Rule rule, const char *what) {
      return Verdict{rule, i, 0,
                     llvm::formatv("buffer '{0}' of size {1} at offset {2} {3}", buffer.id,
                                   buffer.size, offset, what)};
    };
    if (offset < 0)
      return broken(Rule::Negative, "lies below 0");
    if (offset % buffer.align != 0)
      return broken(Rule::Alignment,
                    llvm::formatv("breaks its alignment of {0}", buffer.align).str().c_str());
    if (llvm::AddOverflow(offset, buffer.size, top))
      return broken(Rule::Range, "leaves the range of int64");
    if (top > plan.height)
      return broken(Rule::Range,
                    llvm::formatv("ends above the height {0}", plan.height).str().c_str());
    height = std::max(height, top);
  }
  if (height != plan.height)
    return Verdict{
        Rule::Height, 0, 0,
        llvm::formatv("the plan states height {0}, its buffers reach {1}", plan.height, height)};
  return {};
}

Verdict verify(const Problem &problem, const Plan &plan) {
  size_t count = problem.buffers.size();
  if (plan.offsets.size() != count)
    return Verdict{Rule::Count, 0, 0,
                   llvm::formatv("expected {0} offsets, but got {1}", count, plan.offsets.size())};
  if (Verdict verdict = verifyEach(problem, plan); !verdict.ok())
    return verdict;

  // Ends come before begins of the same time: lifetimes are half-open.
  struct Event {
    int64_t time;
    bool begins;
    size_t buffer;
    bool operator<(const Event &other) const {
      return std::tie(time, begins, buffer) < std::tie(other.time, other.begins, other.buffer);
    }
  };
  std::vector<Event> events;
  events.reserve(2 * count);
  for (size_t i = 0; i < count; ++i)
    if (problem.buffers[i].size > 0) {
      events.push_back({problem.buffers[i].begin, true, i});
      events.push_back({problem.buffers[i].end, false, i});
    }
  std::sort(events.begin(), events.end());

  std::set<std::pair<int64_t, size_t>> live; // (offset, buffer); pairwise disjoint
  for (const Event &event : events) {
    size_t i = event.buffer;
    std::pair<int64_t, size_t> key{plan.offsets[i], i};
    if (!event.begins) {
      live.erase(key);
      continue;
    }
    auto above = live.lower_bound(key);
    size_t other = i;
    if (above != live.end() && above->first < plan.offsets[i] + problem.buffers[i].size)
      other = above->second;
    if (above != live.begin()) {
      auto below = std::prev(above);
      if (below->first + problem.buffers[below->second].size > plan.offsets[i])
        other = below->second;
    }
    if (other != i)
      return Verdict{Rule::Overlap, other, i,
                     "buffers " + describe(problem, plan, other) + " and " +
                         describe(problem, plan, i) + " overlap"};
    live.insert(key);
  }
  return {};
}

} // namespace ignis::memplan
