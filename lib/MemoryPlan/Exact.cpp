//===- Exact.cpp - planner `exact` --------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Starts with the best greedy plan of each piece, then asks FitSearch whether the piece fits below
// the proven bound: a yes is the optimum, a no raises the bound. One search may take for ever on a
// problem that another strategy solves at once, so many are tried in turn, each cut off after a
// number of nodes that grows from round to round: it ends with an answer for every problem, given
// the time. Between the bound and the best plan, heights are bisected for better plans meanwhile; a
// local search helps once.
//
// Where the budget does not end the search, the result depends on the problem and options alone:
// all limits but the last are numbers of nodes.

#include "FitSearch.h"
#include "LocalSearch.h"
#include "Planners.h"

#include <algorithm>

namespace ignis::memplan {

namespace {
/// A piece and what is known about it.
struct Task {
  explicit Task(Piece piece, const SearchLimits &limits)
      : piece(std::move(piece)), search(this->piece, limits), proven(this->piece.bound) {}

  Piece piece;
  FitSearch search;
  int64_t proven;               // bytes: no plan is lower
  int64_t best = INT64_MAX;     // bytes: the height of
  std::vector<int64_t> offsets; // the lowest plan known
  uint64_t tries = 0;

  void take(std::vector<int64_t> found) {
    int64_t height = 0;
    for (size_t i = 0; i < found.size(); ++i)
      height = std::max(height, found[i] + piece.items[i].bytes);
    if (height < best) {
      best = height;
      offsets = std::move(found);
    }
  }

  /// The least height above `height` that some plan may have: a multiple of the grid and a size.
  int64_t nextHeight(int64_t height) const {
    int64_t next = INT64_MAX;
    for (const Piece::Item &item : piece.items) {
      int64_t rest = item.bytes % piece.grid;
      next = std::min(next, alignUp(std::max<int64_t>(0, height + 1 - rest), piece.grid) + rest);
    }
    return next;
  }
};

/// What to try, the most promising first. Found by measurement: on each of the public instances at
/// least one of the first four finds a plan within some hundred nodes.
constexpr Strategy strategies[] = {
    {Strategy::Anywhere, Strategy::LoadLifetime},
    {Strategy::FewestCandidates, Strategy::Lifetime},
    {Strategy::FewestCandidates, Strategy::Area},
    {Strategy::Anywhere, Strategy::Width},
    {Strategy::Anywhere, Strategy::LoadArea},
    {Strategy::FewestCandidates, Strategy::LoadLifetime},
};
constexpr uint64_t strategyCount = std::size(strategies);

class Exact : public Planner {
  void run(const Problem &problem, const PlanOptions &options, PlanResult &result) const override;
};

/// One run of the planner.
class Minimizer {
public:
  Minimizer(const Problem &problem, const PlanOptions &options, PlanResult &result)
      : problem(problem), options(options), result(result) {
    // A budget beyond ten years is no budget; the clock counts in 64 bits.
    limits.deadline = std::chrono::steady_clock::now() +
                      std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                          std::chrono::duration<double>(std::min(options.budgetSeconds, 3e8)));
    limits.stop = options.stop;
  }

  void run();

private:
  void take(const std::vector<int64_t> &offsets);
  bool reached() const;
  void startFromGreedy();
  void searchLocally();
  Answer ask(Task &task, int64_t height, uint64_t nodes);
  Answer askInTurn(Task &task, int64_t height, uint64_t nodes);
  void improve(Task &task, uint64_t nodes);
  int64_t goal() const;
  bool round(uint64_t nodes);

  const Problem &problem;
  const PlanOptions &options;
  PlanResult &result;
  SearchLimits limits;
  std::vector<std::unique_ptr<Task>> tasks;
};
} // namespace

/// Each piece keeps what is better than it has, from a plan of the whole problem.
void Minimizer::take(const std::vector<int64_t> &offsets) {
  for (std::unique_ptr<Task> &task : tasks) {
    std::vector<int64_t> part;
    for (const Piece::Item &item : task->piece.items)
      part.push_back(offsets[item.buffer]);
    task->take(std::move(part));
  }
}

/// Is every piece at or below the goal?
bool Minimizer::reached() const {
  int64_t height = goal();
  return llvm::all_of(tasks,
                      [&](const std::unique_ptr<Task> &task) { return task->best <= height; });
}

void Minimizer::startFromGreedy() {
  for (const PlannerInfo &info : planners()) {
    if (!llvm::StringRef(info.name).starts_with("greedy-"))
      continue;
    llvm::Expected<PlanResult> greedy = info.create()->solve(problem);
    if (!greedy) {
      // A wrong plan (the problem is checked): the others may be right.
      llvm::consumeError(greedy.takeError());
      continue;
    }
    take(greedy->plan.offsets);
    if (reached() || limits.expired())
      return;
  }
}

/// A second or so of local search, for problems that do not fall in the first round.
void Minimizer::searchLocally() {
  std::vector<int64_t> offsets(problem.buffers.size(), 0);
  for (std::unique_ptr<Task> &task : tasks)
    for (size_t i = 0; i < task->piece.items.size(); ++i)
      offsets[task->piece.items[i].buffer] = task->offsets[i];
  auto expired = [this] { return limits.expired(); };
  LocalSearchLimits local{goal(), /*maxPlacements=*/2000000, expired};
  improveLocally(problem, offsets, options.seed, local, result.nodes);
  take(offsets);
}

/// The height that every piece has to reach: what no plan of the whole problem is below, or the
/// capacity where one is given.
int64_t Minimizer::goal() const {
  int64_t proven = 0;
  for (const std::unique_ptr<Task> &task : tasks)
    proven = std::max(proven, task->proven);
  return options.capacity ? std::max(proven, *options.capacity) : proven;
}

/// One search, with the next strategy in turn.
Answer Minimizer::ask(Task &task, int64_t height, uint64_t nodes) {
  Strategy strategy = strategies[task.tries % strategyCount];
  uint64_t turn = task.tries / strategyCount;
  ++task.tries;
  if (turn > 0) {
    strategy.seed = task.tries;
    strategy.noise = turn % 4 == 3 ? 0.3 : 0.05;
  }
  Answer answer = task.search.run(height, strategy, nodes);
  if (answer == Answer::Fits)
    task.take(task.search.offsets());
  if (answer == Answer::DoesNotFit)
    task.proven = std::max(task.proven, task.nextHeight(height));
  return answer;
}

Answer Minimizer::askInTurn(Task &task, int64_t height, uint64_t nodes) {
  for (uint64_t i = 0; i < strategyCount && !limits.expired(); ++i)
    if (Answer answer = ask(task, height, nodes); answer != Answer::GaveUp)
      return answer;
  return Answer::GaveUp;
}

/// Bisects between the goal and the best plan; a search that gave up counts as a no.
void Minimizer::improve(Task &task, uint64_t nodes) {
  int64_t low = goal();
  while (!limits.expired()) {
    low = std::max(low, task.proven);
    if (low >= task.best - 1)
      return;
    int64_t middle = low + (task.best - low) / 2;
    if (askInTurn(task, middle, nodes) != Answer::Fits)
      low = middle;
  }
}

/// Every piece that is above the goal is searched once more. Returns whether one still is.
bool Minimizer::round(uint64_t nodes) {
  bool open = false;
  for (std::unique_ptr<Task> &task : tasks) {
    while (task->best > goal() && !limits.expired())
      if (task->piece.sections.empty() || askInTurn(*task, goal(), nodes) == Answer::GaveUp) {
        open = true;
        break;
      }
    // With a capacity, a proof that it is too low ends the run.
    if (options.capacity && task->proven > *options.capacity)
      return false;
  }
  if (open && !options.capacity)
    for (std::unique_ptr<Task> &task : tasks)
      if (task->best > goal() && !task->piece.sections.empty())
        improve(*task, nodes);
  for (std::unique_ptr<Task> &task : tasks)
    if (task->best > goal())
      open = true;
  return open;
}

void Minimizer::run() {
  for (Piece &piece : piecesOf(problem))
    tasks.push_back(std::make_unique<Task>(std::move(piece), limits));
  startFromGreedy();

  constexpr uint64_t firstNodes = 1500;
  bool searchable = llvm::any_of(
      tasks, [](const std::unique_ptr<Task> &task) { return !task->piece.sections.empty(); });
  bool impossible = options.capacity && goal() > *options.capacity;
  for (uint64_t nodes = firstNodes; !impossible && !reached() && !limits.expired();
       nodes += nodes / 2) {
    bool open = round(nodes);
    if (open && nodes == firstNodes)
      searchLocally();
    if (!open || !searchable)
      break;
  }

  result.plan.offsets.assign(problem.buffers.size(), 0);
  for (std::unique_ptr<Task> &task : tasks) {
    for (size_t i = 0; i < task->piece.items.size(); ++i)
      result.plan.offsets[task->piece.items[i].buffer] = task->offsets[i];
    result.proven = std::max(result.proven, task->proven);
    result.nodes += task->search.nodes();
  }
  int64_t height = heightOf(problem, result.plan.offsets);
  int64_t wanted = options.capacity ? *options.capacity : result.proven;
  result.budgetHit = height > wanted && result.proven <= wanted;
}

void Exact::run(const Problem &problem, const PlanOptions &options, PlanResult &result) const {
  Minimizer(problem, options, result).run();
}

std::unique_ptr<Planner> createExact() { return std::make_unique<Exact>(); }

} // namespace ignis::memplan
