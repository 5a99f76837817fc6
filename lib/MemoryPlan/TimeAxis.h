//===- TimeAxis.h - where a time lies in a picture ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Shared by the pictures in text and SVG. Times may be anything in int64_t, so differences are
// taken in double.

#ifndef IGNIS_LIB_MEMORYPLAN_TIMEAXIS_H
#define IGNIS_LIB_MEMORYPLAN_TIMEAXIS_H

#include "ignis/MemoryPlan/Problem.h"

#include <algorithm>

namespace ignis::memplan {

class TimeAxis {
public:
  /// With `even`, each distinct begin or end is one step after the last; without, distances are
  /// true.
  TimeAxis(const Problem &problem, bool even) : even(even) {
    for (const Buffer &buffer : problem.buffers) {
      times.push_back(buffer.begin);
      times.push_back(buffer.end);
    }
    std::sort(times.begin(), times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());
  }

  /// 0 at the first begin, 1 at the last end. `time` is a begin or an end of the problem.
  double at(int64_t time) const {
    if (times.size() < 2)
      return 0;
    if (even)
      return static_cast<double>(std::lower_bound(times.begin(), times.end(), time) -
                                 times.begin()) /
             static_cast<double>(times.size() - 1);
    return (static_cast<double>(time) - static_cast<double>(times.front())) /
           (static_cast<double>(times.back()) - static_cast<double>(times.front()));
  }

  /// All distinct begins and ends, ascending.
  const std::vector<int64_t> &distinct() const { return times; }

private:
  bool even;
  std::vector<int64_t> times;
};

} // namespace ignis::memplan

#endif // IGNIS_LIB_MEMORYPLAN_TIMEAXIS_H
