//===- ExactSearch.h - does a set of buffers fit below a height? --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The decision procedure of the exact planner: a depth-first search that either finds offsets with
// every top at or below `height`, or proves that there are none, or gives up at a limit.
//
// Words. A *section* is a stretch of time in which the set of live buffers does not change; only
// sections whose set is not part of a neighbour's are kept. The search places buffers from below:
// the *floor* of a buffer is the highest top of the placed buffers that overlap it in time. Every
// feasible plan can be pushed down until no buffer fits anywhere below its place; in such a plan
// each buffer stands on its floor, once all that lie below it are placed. So for any buffer b not
// yet placed exactly one holds:
//
//   * all its unplaced neighbours in time lie above b, and b stands on its floor, or
//   * some unplaced neighbour lies below b: b is *postponed* until a neighbour is placed.
//
// The search branches on this question and nothing else. It reaches each pushed-down plan once, in
// whatever order the strategy picks b, so the order is free to follow the tightest spot.

#ifndef IGNIS_LIB_MEMORYPLAN_EXACTSEARCH_H
#define IGNIS_LIB_MEMORYPLAN_EXACTSEARCH_H

#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

namespace ignis::memplan {

/// Buffers of one connected stretch of time, sizes in units of their common divisor.
struct Piece {
  struct Item {
    int64_t size = 0;     // > 0
    int64_t align = 1;    // >= 1
    int from = 0, to = 0; // sections [from, to)
    int index = 0;        // in the problem
  };
  std::vector<Item> items;
  std::vector<std::vector<int>> sections;   // items live in each section
  std::vector<std::vector<int>> neighbours; // items that share a section with each item
  std::vector<int64_t> padding; // per section: bytes by which the highest item may end early
  int64_t bound = 0;            // maximum load of a section, units
};

/// When to stop. Shared by all searches of one run.
struct SearchLimits {
  std::chrono::steady_clock::time_point deadline;
  const std::atomic<bool> *stop = nullptr;
  bool expired() const {
    return (stop && stop->load(std::memory_order_relaxed)) ||
           std::chrono::steady_clock::now() >= deadline;
  }
};

/// How the search picks the buffer to branch on.
struct Strategy {
  enum Pick { LowestFloor, TightestSection } pick = LowestFloor;
  enum Tie { Area, Width, Size, Total } tie = Area;
  uint64_t seed = 0; // 0: no random perturbation of ties
};

enum class Answer { Fits, DoesNotFit, GaveUp };

class FitSearch {
public:
  FitSearch(const Piece &piece, const SearchLimits &limits);

  /// One search below `height` (units), given up after `maxNodes` nodes. Where it Fits, offsets()
  /// holds the plan.
  Answer run(int64_t height, const Strategy &strategy, uint64_t maxNodes);

  const std::vector<int64_t> &offsets() const { return offset; }
  uint64_t nodes() const { return nodeCount; }

private:
  struct Section {
    int64_t cap = 0;      // height + padding
    int64_t rest = 0;     // sum of sizes of unplaced items
    int64_t minStart = 0; // least start of unplaced items
    int64_t minTop = 0;   // least start + size, and the item it belongs to
    int64_t nextTop = 0;  // least of the others
    int minTopItem = -1;
    int count = 0; // unplaced items: the first `count` of members
    bool dirty = false;
    std::vector<int> members;
  };
  struct Change {
    enum Kind : uint8_t { Floor, Start, Postponed, Unplace, SectionMin } kind;
    int index;
    int64_t a, b, c, d;
    int e;
  };

  Answer search(int lo, int hi);
  Answer branch(int lo, int hi);
  bool propagate();
  bool refresh(int s);
  bool raiseStart(int i, int64_t start);
  bool checkWaiting(int lo, int hi);
  int choose(int lo, int hi);
  bool place(int i);
  void postpone(int i);
  void undo(size_t mark);
  void markDirty(int i);

  const Piece &piece;
  const SearchLimits &limits;
  Strategy strategy;
  uint64_t nodeCount = 0, nodeEnd = 0;
  bool gaveUp = false;

  std::vector<Section> sections;
  std::vector<int64_t> floor;  // per item: top of placed neighbours
  std::vector<int64_t> start;  // per item: proven least offset, >= floor
  std::vector<int64_t> offset; // per item: -1 while unplaced
  std::vector<char> postponed;
  std::vector<double> priority;
  std::vector<int> queue; // dirty sections
  std::vector<Change> trail;
};

} // namespace ignis::memplan

#endif // IGNIS_LIB_MEMORYPLAN_EXACTSEARCH_H
