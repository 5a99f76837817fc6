//===- LowerBound.cpp - live load over time -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One sweep over the ends and begins of lifetimes. With alignments, the greatest common divisor and
// the largest padding of the live buffers are needed at each time; both come from small ordered
// counts, as real problems use few alignments.

#include "ignis/MemoryPlan/LowerBound.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace ignis::memplan {

namespace {
struct Event {
  int64_t time;
  bool begins; // ends sort before begins: lifetimes are half-open
  size_t buffer;
  bool operator<(const Event &other) const {
    return std::tie(time, begins, buffer) < std::tie(other.time, other.begins, other.buffer);
  }
};

/// Live buffers of one alignment, counted by size.
struct AlignClass {
  int64_t count = 0;
  std::map<int64_t, int64_t> sizes; // size -> count
};
} // namespace

static std::vector<Event> eventsOf(const Problem &problem) {
  std::vector<Event> events;
  events.reserve(2 * problem.buffers.size());
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    events.push_back({problem.buffers[i].begin, true, i});
    events.push_back({problem.buffers[i].end, false, i});
  }
  std::sort(events.begin(), events.end());
  return events;
}

std::vector<LoadPoint> loadCurve(const Problem &problem) {
  std::vector<LoadPoint> curve;
  int64_t load = 0;
  for (const Event &event : eventsOf(problem)) {
    int64_t size = problem.buffers[event.buffer].size;
    load += event.begins ? size : -size;
    if (curve.empty() || curve.back().time != event.time)
      curve.push_back({event.time, load});
    curve.back().load = load;
  }
  return curve;
}

/// Rounded load of the live buffers less the largest padding, see the header.
static int64_t alignedLoad(const std::map<int64_t, AlignClass> &live) {
  int64_t g = 0;
  for (const auto &[align, buffers] : live)
    g = std::gcd(g, align);
  if (g == 0)
    return 0;
  int64_t load = 0, padding = 0;
  for (const auto &[align, buffers] : live)
    for (const auto &[size, count] : buffers.sizes) {
      int64_t rounded = alignUp(size, g);
      load += count * rounded;
      padding = std::max(padding, rounded - size);
    }
  return load - padding;
}

int64_t lowerBound(const Problem &problem) {
  bool plain = std::all_of(problem.buffers.begin(), problem.buffers.end(),
                           [](const Buffer &buffer) { return buffer.align == 1; });
  int64_t bound = 0;
  if (plain) {
    for (const LoadPoint &point : loadCurve(problem))
      bound = std::max(bound, point.load);
    return bound;
  }
  // The load is looked at before something dies after something was born: only there can it peak.
  std::map<int64_t, AlignClass> live;
  bool grown = false;
  for (const Event &event : eventsOf(problem)) {
    const Buffer &buffer = problem.buffers[event.buffer];
    if (buffer.size == 0)
      continue;
    AlignClass &sameAlign = live[buffer.align];
    if (event.begins) {
      ++sameAlign.count;
      ++sameAlign.sizes[buffer.size];
      grown = true;
      continue;
    }
    if (grown)
      bound = std::max(bound, alignedLoad(live));
    grown = false;
    if (--sameAlign.sizes[buffer.size] == 0)
      sameAlign.sizes.erase(buffer.size);
    if (--sameAlign.count == 0)
      live.erase(buffer.align);
  }
  return bound;
}

int64_t upperBound(const Problem &problem) {
  int64_t top = 0;
  for (const Buffer &buffer : problem.buffers)
    top = alignUp(top, buffer.align) + buffer.size;
  return top;
}

} // namespace ignis::memplan
