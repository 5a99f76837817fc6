//===- LocalSearch.cpp - planner `local` --------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A plan is an order of the buffers: each lies at the lowest place that those before it leave free.
// Buffers that end above a *ceiling*, near the lower bound, are too high; the sum of what they
// stick out, the *penalty*, is what the search lowers, as it changes with every move, unlike the
// height. A step takes one of them and one that precedes it and meets it in time, and moves one of
// the two past the other; only what this changes is placed anew. A worse plan is accepted if it is
// better than the one some hundred steps back (late acceptance), or the search would stick at once.
// It works where the exact planner does not get through: a step costs as much as the neighbourhood
// is large, not the problem.
//
// Same seed, same plan, unless the budget ends the search: its other limit is a number of
// placements.

#include "LocalSearch.h"

#include "Conflicts.h"
#include "Pieces.h"
#include "Planners.h"

#include <algorithm>
#include <chrono>

namespace ignis::memplan {

namespace {
/// splitmix64.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  size_t below(size_t limit) {
    uint64_t x = state += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return static_cast<size_t>((x ^ (x >> 31)) % limit);
  }

private:
  uint64_t state;
};

/// The order of one piece's buffers and the plan that follows from it.
class Climber {
public:
  /// `start` is the plan to improve, `goal` the height that is low enough.
  Climber(Problem problem, std::vector<int64_t> start, int64_t goal, uint64_t seed);

  /// Tries one move. Returns whether it lowered best().
  bool step();

  int64_t best() const { return bestHeight; }
  const std::vector<int64_t> &bestOffsets() const { return bestPlan; }
  uint64_t placements() const { return placementCount; }

private:
  void setBest();
  size_t pickBlocker(size_t i);
  int64_t placeOf(size_t i);
  void setOffset(size_t i, int64_t offset);
  void moveTo(size_t from, size_t to);
  void replaceFrom(size_t position);
  bool isTooHigh(size_t i) const { return offsets[i] + problem.buffers[i].size > ceiling; }
  double excess(size_t i) const {
    return isTooHigh(i) ? static_cast<double>(offsets[i] + problem.buffers[i].size - ceiling) : 0.0;
  }

  Problem problem;
  Conflicts conflicts;
  Random random;
  int64_t goal;
  std::vector<size_t> order, position; // inverse of each other
  std::vector<int64_t> offsets;
  std::vector<int64_t> bestPlan;
  int64_t bestHeight = 0, ceiling = 0;
  double penalty = 0;               // sum of excess()
  std::vector<size_t> tooHigh;      // in no order
  std::vector<size_t> tooHighIndex; // in tooHigh, or npos
  std::vector<double> history;      // penalties of the last accepted states
  uint64_t steps = 0, placementCount = 0;
  // Scratch.
  std::vector<std::pair<int64_t, int64_t>> taken;
  std::vector<std::pair<size_t, int64_t>> changed; // buffer, offset before
  std::vector<char> dirty;
  std::vector<size_t> neighbours;

  static constexpr size_t npos = ~size_t(0);
  static constexpr size_t memory = 300; // late acceptance looks this many steps back
};

class LocalSearch : public Planner {
  void run(const Problem &problem, const PlanOptions &options, PlanResult &result) const override;
};
} // namespace

Climber::Climber(Problem p, std::vector<int64_t> start, int64_t goal, uint64_t seed)
    : problem(std::move(p)), conflicts(problem), random(seed), goal(goal),
      offsets(std::move(start)) {
  size_t count = problem.buffers.size();
  // In order of offset nothing lands above where it was.
  order.resize(count);
  for (size_t i = 0; i < count; ++i)
    order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::make_pair(offsets[a], a) < std::make_pair(offsets[b], b);
  });
  position.resize(count);
  for (size_t k = 0; k < count; ++k)
    position[order[k]] = k;
  dirty.assign(count, 1);
  tooHighIndex.assign(count, npos);
  replaceFrom(0);
  setBest();
}

/// The plan at hand becomes the best, and the ceiling moves down with it.
void Climber::setBest() {
  bestPlan = offsets;
  bestHeight = heightOf(problem, offsets);
  // Well below the height, so that not only its highest buffers count, but never below the goal.
  ceiling = std::max(goal, bestHeight - 1 - (bestHeight - goal) / 10 * 9);
  penalty = 0;
  tooHigh.clear();
  for (size_t i = 0; i < offsets.size(); ++i) {
    tooHighIndex[i] = npos;
    if (isTooHigh(i)) {
      tooHighIndex[i] = tooHigh.size();
      tooHigh.push_back(i);
      penalty += excess(i);
    }
  }
  history.assign(memory, penalty);
}

/// The lowest place that the neighbours before i in the order leave free.
int64_t Climber::placeOf(size_t i) {
  ++placementCount;
  const Buffer &buffer = problem.buffers[i];
  taken.clear();
  conflicts.forEach(i, [&](size_t j) {
    if (position[j] < position[i])
      taken.push_back({offsets[j], offsets[j] + problem.buffers[j].size});
  });
  std::sort(taken.begin(), taken.end());
  int64_t at = 0;
  for (auto [from, to] : taken) {
    if (from - at >= buffer.size)
      return at;
    at = std::max(at, alignUp(to, buffer.align));
  }
  return at;
}

void Climber::setOffset(size_t i, int64_t offset) {
  penalty -= excess(i);
  offsets[i] = offset;
  penalty += excess(i);
  bool listed = tooHighIndex[i] != npos;
  if (isTooHigh(i) == listed)
    return;
  if (!listed) {
    tooHighIndex[i] = tooHigh.size();
    tooHigh.push_back(i);
    return;
  }
  size_t last = tooHigh.back();
  tooHigh[tooHighIndex[i]] = last;
  tooHighIndex[last] = tooHighIndex[i];
  tooHigh.pop_back();
  tooHighIndex[i] = npos;
}

/// Moves the buffer at one position of the order to another.
void Climber::moveTo(size_t from, size_t to) {
  size_t i = order[from];
  int step = from < to ? 1 : -1;
  for (size_t k = from; k != to; k += step) {
    order[k] = order[k + step];
    position[order[k]] = k;
  }
  order[to] = i;
  position[i] = to;
}

/// Places the dirty buffers from a position on, and all that this makes dirty.
void Climber::replaceFrom(size_t first) {
  for (size_t k = first; k < order.size(); ++k) {
    size_t i = order[k];
    if (!dirty[i])
      continue;
    dirty[i] = 0;
    int64_t offset = placeOf(i);
    if (offset == offsets[i])
      continue;
    changed.push_back({i, offsets[i]});
    setOffset(i, offset);
    conflicts.forEach(i, [&](size_t j) {
      if (position[j] > k)
        dirty[j] = 1;
    });
  }
}

/// A neighbour that precedes buffer i (only those can be in its way), mostly one of the last, or
/// npos if there is none.
size_t Climber::pickBlocker(size_t i) {
  neighbours.clear();
  conflicts.forEach(i, [&](size_t j) {
    if (position[j] < position[i])
      neighbours.push_back(j);
  });
  size_t count = neighbours.size();
  if (count == 0)
    return npos;
  // The least of three: cubic towards the last.
  size_t back = std::min({random.below(count), random.below(count), random.below(count)});
  std::nth_element(neighbours.begin(), neighbours.begin() + back, neighbours.end(),
                   [&](size_t a, size_t b) { return position[a] > position[b]; });
  return neighbours[back];
}

bool Climber::step() {
  ++steps;
  size_t i = tooHigh[random.below(tooHigh.size())], blocker = pickBlocker(i);
  if (blocker == npos)
    return false;
  size_t from = position[i], to = position[blocker];
  if (random.below(2))
    std::swap(from, to);
  size_t moved = order[from], first = std::min(from, to), last = std::max(from, to);
  double before = penalty;
  changed.clear();
  moveTo(from, to);
  dirty[moved] = 1;
  conflicts.forEach(moved, [&](size_t j) {
    if (position[j] >= first && position[j] <= last)
      dirty[j] = 1;
  });
  replaceFrom(first);

  int64_t height = ceiling;
  for (size_t j : tooHigh)
    height = std::max(height, offsets[j] + problem.buffers[j].size);
  if (height < bestHeight) {
    setBest();
    return true;
  }
  double &past = history[steps % memory];
  if (penalty <= before || penalty <= past) {
    past = penalty;
    return false;
  }
  past = before;
  moveTo(to, from);
  for (size_t k = changed.size(); k-- > 0;)
    setOffset(changed[k].first, changed[k].second);
  penalty = before; // without the rounding of the way there and back
  return false;
}

bool improveLocally(const Problem &problem, std::vector<int64_t> &offsets, uint64_t seed,
                    const LocalSearchLimits &limits, uint64_t &steps) {
  std::vector<Piece> pieces = piecesOf(problem, /*maxEntries=*/0);
  std::vector<std::unique_ptr<Climber>> climbers;
  for (size_t p = 0; p < pieces.size(); ++p) {
    Problem part;
    std::vector<int64_t> start;
    for (const Piece::Item &item : pieces[p].items) {
      part.buffers.push_back(problem.buffers[item.buffer]);
      start.push_back(offsets[item.buffer]);
    }
    climbers.push_back(std::make_unique<Climber>(std::move(part), std::move(start), limits.goal,
                                                 seed * 1000003 + p));
  }
  bool finished = true;
  constexpr uint64_t batch = 64;
  uint64_t placements = 0;
  while (!climbers.empty() && placements < limits.maxPlacements) {
    // The highest piece is the one to lower.
    Climber &highest =
        **std::max_element(climbers.begin(), climbers.end(),
                           [](const auto &a, const auto &b) { return a->best() < b->best(); });
    if (highest.best() <= limits.goal)
      break;
    finished = !limits.expired();
    if (!finished)
      break;
    uint64_t before = highest.placements();
    for (uint64_t k = 0; k < batch; ++k, ++steps)
      if (highest.step())
        break;
    // A step that finds nothing to pass places nothing; it counts all the same.
    placements += std::max(batch, highest.placements() - before);
  }
  for (size_t p = 0; p < pieces.size(); ++p)
    for (size_t i = 0; i < pieces[p].items.size(); ++i)
      offsets[pieces[p].items[i].buffer] = climbers[p]->bestOffsets()[i];
  return finished;
}

void LocalSearch::run(const Problem &problem, const PlanOptions &options,
                      PlanResult &result) const {
  auto deadline = std::chrono::steady_clock::now() +
                  std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                      std::chrono::duration<double>(std::min(options.budgetSeconds, 3e8)));
  auto expired = [&] {
    return (options.stop && options.stop->load(std::memory_order_relaxed)) ||
           std::chrono::steady_clock::now() >= deadline;
  };
  llvm::Expected<PlanResult> greedy = createBestOfGreedy()->solve(problem);
  if (!greedy) {
    llvm::consumeError(greedy.takeError()); // solve() reports that there is no plan
    return;
  }
  result.plan = std::move(greedy->plan);
  int64_t goal = options.capacity ? std::max(*options.capacity, result.bound) : result.bound;
  if (result.plan.height <= goal)
    return;
  LocalSearchLimits limits{goal, /*maxPlacements=*/20000000, expired};
  result.budgetHit =
      !improveLocally(problem, result.plan.offsets, options.seed, limits, result.nodes);
}

std::unique_ptr<Planner> createLocalSearch() { return std::make_unique<LocalSearch>(); }

} // namespace ignis::memplan
