//===- FitSearch.h - does a piece fit below a height? -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The decision procedure of the exact planner: a depth-first search that finds offsets with every
// top at or below a height, or proves that there are none, or gives up at a limit.
//
// The search places items from below. The *floor* of an item is the highest top of its placed
// neighbours (items it meets in time), aligned. Every plan that fits can be pushed down until no
// item fits anywhere below its place, and then each item stands on its floor once all that lie
// below it are placed. So for any unplaced item exactly one holds in such a plan:
//
//   * all its unplaced neighbours lie above it, and it stands on its floor: it is *placed*; or
//   * some unplaced neighbour lies below it: it is *postponed* until a neighbour is placed.
//
// The search branches on this question and nothing else. No plan is met twice, whatever item the
// question is asked for, so the order of questions is free to follow the tightest spot. Items that
// only differ in their names (twins) are placed in their order.
//
// Inference. `start` is a proven least offset of each unplaced item. (1) Per section, the unplaced
// items need their sizes, one upon the other, between the least start and the height. (2) An item
// whose start leaves too little room for all others of a section above it lies above one of them.
// (3) A postponed item lies above some neighbour. (4) If all unplaced neighbours of an item start
// at or above the top it would have on its floor, nothing is lost by placing it there: postponing
// it is pointless. (5) Parts of the piece that no unplaced item links any more are independent.

#ifndef IGNIS_LIB_MEMORYPLAN_FITSEARCH_H
#define IGNIS_LIB_MEMORYPLAN_FITSEARCH_H

#include "Pieces.h"

#include <atomic>
#include <chrono>

namespace ignis::memplan {

/// When to stop, beside the number of nodes. Shared by all searches of one run.
struct SearchLimits {
  std::chrono::steady_clock::time_point deadline;
  const std::atomic<bool> *stop = nullptr;
  bool expired() const {
    return (stop && stop->load(std::memory_order_relaxed)) ||
           std::chrono::steady_clock::now() >= deadline;
  }
};

/// Which item the search asks about next. Any choice is complete; they differ in how soon they find
/// a plan or run into a contradiction.
struct Strategy {
  /// Where to go on. Of several items there, the one with the lowest floor is asked about.
  enum Pick {
    Anywhere,         ///< the lowest floor of all
    FewestCandidates, ///< the section in which the fewest items can be the lowest unplaced one
  } pick = Anywhere;
  /// Among equal floors, the item with the largest of this.
  enum Rank {
    Lifetime,     ///< end - begin
    Width,        ///< number of sections
    Area,         ///< lifetime x size
    LoadLifetime, ///< load of its fullest section when its part was cut off, then lifetime
    LoadArea,     ///< the same, then area
  } rank = Lifetime;
  uint64_t seed = 0; ///< not 0: lifetimes, widths and areas are perturbed,
  double noise = 0;  ///< by a factor of 1 - noise to 1 + noise
};

enum class Answer { Fits, DoesNotFit, GaveUp };

class FitSearch {
public:
  /// `piece` has sections and neighbours, and lives as long as this.
  FitSearch(const Piece &piece, const SearchLimits &limits);

  /// One search for a plan of at most `height` bytes, given up after `maxNodes` nodes or at the
  /// limits. Memory: O(items + sections x live items).
  Answer run(int64_t height, const Strategy &strategy, uint64_t maxNodes);

  /// After run() returned Fits: the offset of each item, in bytes.
  std::vector<int64_t> offsets() const;

  uint64_t nodes() const { return nodeCount; } ///< of all runs

private:
  struct Section {
    int64_t cap = 0;  // no unplaced item, rounded to the grid, may end above
    int64_t rest = 0; // sum of sizes of unplaced items
    int count = 0;    // unplaced items: the first `count` of members
    bool queued = false;
    std::vector<int> members; // items
  };
  struct State {
    int64_t floor = 0;      // top of placed neighbours, aligned
    int64_t start = 0;      // proven least offset, >= floor
    int64_t placed = -1;    // offset, -1: unplaced
    bool postponed = false; // some neighbour must be placed first
    bool queued = false;
    int above = -1; // witness of rule (3): an unplaced neighbour whose top is <= start
    int under = -1; // witness of rule (4): one whose start is < floor + size
  };
  /// One entry of the trail: what a field was.
  struct Change {
    enum Kind : uint8_t { Floor, Start, Postponed, Placed, Above, Under, Load } kind;
    int item;
    int64_t old;
  };
  /// A part of the piece under search: a node of the tree and its place in it.
  struct Frame {
    int lo, hi;  // sections
    int item;    // the item it asked about last
    int next;    // the part below it to be searched next begins here
    size_t mark; // length of the trail before that item was placed
  };

  void reset(int64_t height);
  void rankItems();
  void measureLoads(int lo, int hi);
  bool propagate();
  bool ground();
  bool checkSection(int s);
  bool checkItem(int i);
  bool isWaiting(const State &state, const Piece::Item &item) const;
  void raiseStart(int i, int64_t start);
  void queueSections(int i);
  void queueItem(int i);
  void queueWatchers(int i);
  void clearQueues();
  int choose(int lo, int hi) const;
  const Section *scarcest(int lo, int hi) const;
  bool isEligible(int i) const;
  bool isBetter(int i, int j) const;
  bool place(int i);
  bool postpone(int i);
  void undo(size_t mark);
  bool nextPart(Frame &frame, int &lo, int &hi) const;
  bool mustStop();
  bool descend(Frame &frame);
  Answer search();

  const Piece &piece;
  const SearchLimits &limits;
  Strategy strategy;
  uint64_t nodeCount = 0, nodeEnd = 0;
  bool gaveUp = false;

  std::vector<State> states;
  std::vector<int64_t> latest; // highest offset that ends at or below the height
  std::vector<double> ranks;
  std::vector<int64_t> loads; // 0 unless the strategy ranks by load
  std::vector<Section> sections;
  std::vector<int> sectionQueue, itemQueue;
  std::vector<Change> trail;
  std::vector<Frame> frames;
  // Scratch of checkSection() and ground().
  std::vector<std::pair<int64_t, int64_t>> sorted;
  std::vector<int64_t> grounded;
  std::vector<int> unmet;
  std::vector<char> reached, waits;
};

} // namespace ignis::memplan

#endif // IGNIS_LIB_MEMORYPLAN_FITSEARCH_H
