//===- Greedy.cpp - planners `greedy-*` that place in a fixed order -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Each planner is one key per buffer: the order in which buffers are placed. Keys are doubles; they
// order, they are never offsets. Ties go by size, lifetime and index, so plans do not depend on the
// sort.

#include "Greedy.h"

#include "Planners.h"
#include "ignis/MemoryPlan/LowerBound.h"

#include <algorithm>
#include <numeric>

namespace ignis::memplan {

int64_t Placement::place(size_t i, Fit fit) {
  const Buffer &buffer = problem.buffers[i];
  taken.clear();
  conflicts.forEach(i, [&](size_t j) {
    if (offsets[j] >= 0)
      taken.push_back({offsets[j], offsets[j] + problem.buffers[j].size});
  });
  std::sort(taken.begin(), taken.end());
  int64_t at = 0, tightest = INT64_MAX, chosen = -1;
  for (auto [from, to] : taken) {
    if (from - at >= buffer.size) {
      if (fit == Fit::Lowest)
        return offsets[i] = at;
      if (from - at < tightest) {
        tightest = from - at;
        chosen = at;
      }
    }
    at = std::max(at, alignUp(to, buffer.align));
  }
  return offsets[i] = chosen >= 0 ? chosen : at;
}

std::vector<int64_t> placeAll(const Problem &problem, const Conflicts &conflicts,
                              llvm::ArrayRef<size_t> order, Fit fit) {
  Placement placement(problem, conflicts);
  for (size_t i : order)
    placement.place(i, fit);
  return placement.take();
}

/// end - begin, which may leave int64_t.
static double lifetime(const Buffer &buffer) {
  return static_cast<double>(static_cast<uint64_t>(buffer.end) -
                             static_cast<uint64_t>(buffer.begin));
}

std::vector<size_t> orderByKey(const Problem &problem, llvm::ArrayRef<double> key) {
  std::vector<size_t> order(problem.buffers.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (key[a] != key[b])
      return key[a] > key[b];
    if (problem.buffers[a].size != problem.buffers[b].size)
      return problem.buffers[a].size > problem.buffers[b].size;
    double aLife = lifetime(problem.buffers[a]), bLife = lifetime(problem.buffers[b]);
    return aLife != bLife ? aLife > bLife : a < b;
  });
  return order;
}

namespace {
using KeyFunction = std::vector<double> (*)(const Problem &, const Conflicts &);

class Greedy : public Planner {
public:
  Greedy(KeyFunction keys, Fit fit) : keys(keys), fit(fit) {}

private:
  void run(const Problem &problem, const PlanOptions &, PlanResult &result) const override {
    Conflicts conflicts(problem);
    std::vector<size_t> order = orderByKey(problem, keys(problem, conflicts));
    result.plan.offsets = placeAll(problem, conflicts, order, fit);
  }

  KeyFunction keys;
  Fit fit;
};
} // namespace

template <typename Key> static std::vector<double> each(const Problem &problem, Key key) {
  std::vector<double> keys;
  for (const Buffer &buffer : problem.buffers)
    keys.push_back(key(buffer));
  return keys;
}

static std::vector<double> bySize(const Problem &problem, const Conflicts &) {
  return each(problem, [](const Buffer &b) { return static_cast<double>(b.size); });
}

static std::vector<double> byStart(const Problem &problem, const Conflicts &) {
  return each(problem, [](const Buffer &b) { return -static_cast<double>(b.begin); });
}

static std::vector<double> byEnd(const Problem &problem, const Conflicts &) {
  return each(problem, [](const Buffer &b) { return static_cast<double>(b.end); });
}

static std::vector<double> byArea(const Problem &problem, const Conflicts &) {
  return each(problem, [](const Buffer &b) { return static_cast<double>(b.size) * lifetime(b); });
}

static std::vector<double> byLifetime(const Problem &problem, const Conflicts &) {
  return each(problem, lifetime);
}

/// The largest live load a buffer takes part in: the fullest moment has the least freedom, so its
/// buffers go first.
static std::vector<double> byLoad(const Problem &problem, const Conflicts &) {
  std::vector<LoadPoint> curve = loadCurve(problem);
  // Range maxima by doubling: level l holds maxima of 2^l points.
  std::vector<std::vector<int64_t>> levels(1);
  for (const LoadPoint &point : curve)
    levels[0].push_back(point.load);
  for (size_t width = 1; 2 * width <= curve.size(); width *= 2) {
    const std::vector<int64_t> &last = levels.back();
    std::vector<int64_t> next(last.size() - width);
    for (size_t i = 0; i < next.size(); ++i)
      next[i] = std::max(last[i], last[i + width]);
    levels.push_back(std::move(next));
  }
  auto indexOf = [&](int64_t time) {
    auto at = std::lower_bound(curve.begin(), curve.end(), time,
                               [](const LoadPoint &p, int64_t t) { return p.time < t; });
    return static_cast<size_t>(at - curve.begin());
  };
  return each(problem, [&](const Buffer &b) {
    size_t from = indexOf(b.begin), to = indexOf(b.end), level = 0;
    while ((size_t(2) << level) <= to - from)
      ++level;
    int64_t load = std::max(levels[level][from], levels[level][to - (size_t(1) << level)]);
    return static_cast<double>(load);
  });
}

/// Bytes of all buffers in conflict with it, times its own.
static std::vector<double> byConflicts(const Problem &problem, const Conflicts &conflicts) {
  std::vector<double> keys;
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    double bytes = 0;
    conflicts.forEach(i, [&](size_t j) { bytes += static_cast<double>(problem.buffers[j].size); });
    keys.push_back(bytes * static_cast<double>(problem.buffers[i].size));
  }
  return keys;
}

std::unique_ptr<Planner> createGreedySize() {
  return std::make_unique<Greedy>(bySize, Fit::Lowest);
}
std::unique_ptr<Planner> createGreedySizeBest() {
  return std::make_unique<Greedy>(bySize, Fit::Tightest);
}
std::unique_ptr<Planner> createGreedyStart() {
  return std::make_unique<Greedy>(byStart, Fit::Lowest);
}
std::unique_ptr<Planner> createGreedyEnd() { return std::make_unique<Greedy>(byEnd, Fit::Lowest); }
std::unique_ptr<Planner> createGreedyArea() {
  return std::make_unique<Greedy>(byArea, Fit::Lowest);
}
std::unique_ptr<Planner> createGreedyLifetime() {
  return std::make_unique<Greedy>(byLifetime, Fit::Lowest);
}
std::unique_ptr<Planner> createGreedyLoad() {
  return std::make_unique<Greedy>(byLoad, Fit::Lowest);
}
std::unique_ptr<Planner> createGreedyConflicts() {
  return std::make_unique<Greedy>(byConflicts, Fit::Lowest);
}

} // namespace ignis::memplan
