//===- FitSearch.cpp - depth-first search for a plan below a height -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// State changes are recorded on a trail and undone in reverse; after each, the inference
// (FitInference.cpp) runs. The tree is walked with a stack of frames, not by recursion: pieces may
// have more items than a thread's stack has room for.

#include "FitSearch.h"

#include <algorithm>

namespace ignis::memplan {

FitSearch::FitSearch(const Piece &piece, const SearchLimits &limits)
    : piece(piece), limits(limits) {}

/// A well-mixed function of x (splitmix64).
static uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

void FitSearch::reset(int64_t height) {
  size_t items = piece.items.size();
  states.assign(items, {});
  latest.resize(items);
  for (size_t i = 0; i < items; ++i) {
    // Rounded down, also below 0: then the item does not fit at all, and rule (1) sees it.
    int64_t room = height - piece.items[i].bytes;
    latest[i] = room >= 0 ? room / piece.grid : -1;
  }
  sections.resize(piece.sections.size());
  clearQueues();
  for (size_t s = 0; s < sections.size(); ++s) {
    Section &section = sections[s];
    section.members = piece.sections[s];
    section.count = static_cast<int>(section.members.size());
    section.cap = section.rest = 0;
    for (int i : section.members) {
      section.rest += piece.items[i].size;
      section.cap = std::max(section.cap, latest[i] + piece.items[i].size);
    }
    section.queued = true;
    sectionQueue.push_back(static_cast<int>(s));
  }
  trail.clear();
  frames.clear();
}

void FitSearch::rankItems() {
  ranks.resize(piece.items.size());
  loads.assign(piece.items.size(), 0);
  for (size_t i = 0; i < ranks.size(); ++i) {
    const Piece::Item &item = piece.items[i];
    double area = item.lifetime * static_cast<double>(item.size);
    switch (strategy.rank) {
    case Strategy::Lifetime:
    case Strategy::LoadLifetime:
      ranks[i] = item.lifetime;
      break;
    case Strategy::Width:
      ranks[i] = item.to - item.from;
      break;
    case Strategy::Area:
    case Strategy::LoadArea:
      ranks[i] = area;
      break;
    }
    if (strategy.seed) {
      double unit = static_cast<double>(mix(mix(strategy.seed) + i) >> 11) * 0x1p-52 - 1;
      ranks[i] *= 1 + strategy.noise * unit;
    }
  }
}

/// The load that each unplaced item of a part has to share its fullest section with.
void FitSearch::measureLoads(int lo, int hi) {
  if (strategy.rank != Strategy::LoadLifetime && strategy.rank != Strategy::LoadArea)
    return;
  for (int i = piece.firstItem[lo]; i < piece.firstItem[hi]; ++i) {
    if (states[i].placed >= 0)
      continue;
    int64_t load = 0;
    for (int s = piece.items[i].from; s < piece.items[i].to; ++s)
      load = std::max(load, sections[s].rest);
    trail.push_back({Change::Load, i, loads[i]});
    loads[i] = load;
  }
}

//===- Decisions ---------------------------------------------------------------------------===//

bool FitSearch::place(int i) {
  const Piece::Item &item = piece.items[i];
  State &state = states[i];
  if (state.floor > latest[i])
    return false;
  trail.push_back({Change::Placed, i, -1});
  state.placed = state.floor;
  for (int s = item.from; s < item.to; ++s) {
    Section &section = sections[s];
    section.rest -= item.size;
    auto at = std::find(section.members.begin(), section.members.begin() + section.count, i);
    std::swap(*at, section.members[--section.count]);
  }
  queueSections(i);
  int64_t top = state.placed + item.size;
  for (int j : piece.neighbours[i]) {
    State &other = states[j];
    if (other.placed >= 0)
      continue;
    if (other.postponed) {
      trail.push_back({Change::Postponed, j, 1});
      other.postponed = false;
    }
    if (int64_t floor = alignUp(top, piece.items[j].align); floor > other.floor) {
      trail.push_back({Change::Floor, j, other.floor});
      other.floor = floor;
      raiseStart(j, floor);
      queueItem(j);
    } else if (other.above == i || other.under == i) {
      queueItem(j);
    }
  }
  return propagate();
}

bool FitSearch::postpone(int i) {
  trail.push_back({Change::Postponed, i, 0});
  states[i].postponed = true;
  queueItem(i);
  return propagate();
}

void FitSearch::undo(size_t mark) {
  while (trail.size() > mark) {
    Change change = trail.back();
    trail.pop_back();
    State &state = states[change.item];
    switch (change.kind) {
    case Change::Floor:
      state.floor = change.old;
      break;
    case Change::Start:
      state.start = change.old;
      break;
    case Change::Postponed:
      state.postponed = change.old;
      break;
    case Change::Above:
      state.above = static_cast<int>(change.old);
      break;
    case Change::Under:
      state.under = static_cast<int>(change.old);
      break;
    case Change::Load:
      loads[change.item] = change.old;
      break;
    case Change::Placed: {
      const Piece::Item &item = piece.items[change.item];
      state.placed = -1;
      // The swaps of place() are not undone: the item is still the first after the unplaced ones.
      for (int s = item.from; s < item.to; ++s) {
        sections[s].rest += item.size;
        ++sections[s].count;
      }
      break;
    }
    }
  }
}

bool FitSearch::isEligible(int i) const {
  return states[i].placed < 0 && !isWaiting(states[i], piece.items[i]);
}

bool FitSearch::isBetter(int i, int j) const {
  if (j < 0)
    return true;
  if (states[i].floor != states[j].floor)
    return states[i].floor < states[j].floor;
  if (loads[i] != loads[j])
    return loads[i] > loads[j];
  if (ranks[i] != ranks[j])
    return ranks[i] > ranks[j];
  return piece.items[i].size > piece.items[j].size;
}

/// The section with the fewest items that can be its lowest unplaced one, at least one of them to
/// ask about; of equals the one with the least room.
const FitSearch::Section *FitSearch::scarcest(int lo, int hi) const {
  const Section *best = nullptr;
  std::pair<int, int64_t> least;
  for (int s = lo; s < hi; ++s) {
    const Section &section = sections[s];
    int64_t lastFirst = section.cap - section.rest, lowest = INT64_MAX;
    int candidates = 0;
    bool eligible = false;
    for (int k = 0; k < section.count; ++k) {
      int i = section.members[k];
      lowest = std::min(lowest, states[i].start);
      if (states[i].start > lastFirst)
        continue;
      ++candidates;
      eligible = eligible || isEligible(i);
    }
    std::pair<int, int64_t> key{candidates, lastFirst - lowest};
    if (eligible && (!best || key < least)) {
      best = &section;
      least = key;
    }
  }
  return best;
}

/// The item to ask about, or -1 if all unplaced items wait (for each other: a contradiction).
int FitSearch::choose(int lo, int hi) const {
  int best = -1;
  if (strategy.pick == Strategy::FewestCandidates)
    if (const Section *section = scarcest(lo, hi)) {
      for (int k = 0; k < section->count; ++k)
        if (int i = section->members[k];
            isEligible(i) && states[i].start <= section->cap - section->rest && isBetter(i, best))
          best = i;
      return best;
    }
  // Unplaced items of a part begin within it.
  for (int i = piece.firstItem[lo]; i < piece.firstItem[hi]; ++i)
    if (isEligible(i) && isBetter(i, best))
      best = i;
  return best;
}

//===- The tree ----------------------------------------------------------------------------===//

/// The next independent part of the frame's sections, at or after frame.next.
bool FitSearch::nextPart(Frame &frame, int &lo, int &hi) const {
  int s = frame.next;
  while (s < frame.hi && sections[s].count == 0)
    ++s;
  if (s >= frame.hi)
    return false;
  lo = s;
  for (int reach = s + 1; s < reach; ++s)
    for (int k = 0; k < sections[s].count; ++k)
      reach = std::max(reach, piece.items[sections[s].members[k]].to);
  hi = frame.next = s;
  return true;
}

/// Is the number of nodes used up, or (asked now and then) the time?
bool FitSearch::mustStop() {
  gaveUp = gaveUp || nodeCount >= nodeEnd || (nodeCount % 64 == 0 && limits.expired());
  return gaveUp;
}

/// Asks about items until one can be placed; false if there is none, or at a limit.
bool FitSearch::descend(Frame &frame) {
  while (!mustStop()) {
    int i = choose(frame.lo, frame.hi);
    if (i < 0)
      return false;
    frame.item = i;
    frame.mark = trail.size();
    frame.next = frame.lo;
    ++nodeCount;
    if (place(i))
      return true;
    undo(frame.mark);
    if (!postpone(i))
      return false;
  }
  return false;
}

/// Frames are the path from the root; each searches its parts in turn. A part that fails leaves
/// nothing to its siblings: the item placed by the frame above it is postponed instead.
Answer FitSearch::search() {
  int lo, hi;
  Frame root{0, static_cast<int>(sections.size()), -1, 0, 0};
  frames.push_back(root);
  while (true) {
    // All parts of a frame fit: back to the one above.
    while (!nextPart(frames.back(), lo, hi)) {
      frames.pop_back();
      if (frames.empty())
        return Answer::Fits;
    }
    if (frames.size() == 1 || lo != frames.back().lo || hi != frames.back().hi)
      measureLoads(lo, hi);
    frames.push_back({lo, hi, -1, lo, trail.size()});
    while (!descend(frames.back())) {
      if (gaveUp)
        return Answer::GaveUp;
      frames.pop_back();
      bool resumed = false;
      while (frames.size() > 1 && !resumed) {
        Frame &frame = frames.back();
        undo(frame.mark);
        resumed = postpone(frame.item);
        if (!resumed)
          frames.pop_back();
      }
      if (!resumed)
        return Answer::DoesNotFit;
    }
  }
}

Answer FitSearch::run(int64_t height, const Strategy &how, uint64_t maxNodes) {
  strategy = how;
  nodeEnd = maxNodes > UINT64_MAX - nodeCount ? UINT64_MAX : nodeCount + maxNodes;
  gaveUp = false;
  reset(height);
  rankItems();
  if (!propagate())
    return Answer::DoesNotFit;
  return search();
}

std::vector<int64_t> FitSearch::offsets() const {
  std::vector<int64_t> offsets;
  for (const State &state : states)
    offsets.push_back(state.placed * piece.grid);
  return offsets;
}

} // namespace ignis::memplan
