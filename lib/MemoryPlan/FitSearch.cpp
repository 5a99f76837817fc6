//===- FitSearch.cpp - depth-first search for a plan below a height -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// State changes are recorded on a trail and undone in reverse; queues drive the inference to a
// fixpoint after each change. The tree is walked with a stack of frames, not by recursion: pieces
// may have more items than a thread's stack has room for. Rules are numbered in FitSearch.h.

#include "FitSearch.h"

#include <algorithm>
#include <functional>

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

//===- Inference ---------------------------------------------------------------------------===//

void FitSearch::queueSections(int i) {
  for (int s = piece.items[i].from; s < piece.items[i].to; ++s)
    if (!sections[s].queued) {
      sections[s].queued = true;
      sectionQueue.push_back(s);
    }
}

void FitSearch::queueItem(int i) {
  if (!states[i].queued) {
    states[i].queued = true;
    itemQueue.push_back(i);
  }
}

/// Item i moved up or was placed: those whose witness it is may need another.
void FitSearch::queueWatchers(int i) {
  for (int j : piece.neighbours[i])
    if (states[j].placed < 0 && (states[j].above == i || states[j].under == i))
      queueItem(j);
}

void FitSearch::clearQueues() {
  for (int s : sectionQueue)
    sections[s].queued = false;
  for (int i : itemQueue)
    states[i].queued = false;
  sectionQueue.clear();
  itemQueue.clear();
}

void FitSearch::raiseStart(int i, int64_t start) {
  State &state = states[i];
  start = alignUp(start, piece.items[i].align);
  if (start <= state.start)
    return;
  trail.push_back({Change::Start, i, state.start});
  state.start = start;
  queueSections(i);
  queueItem(i);
  queueWatchers(i);
}

/// Rules (1) and (2).
bool FitSearch::checkSection(int s) {
  Section &section = sections[s];
  if (section.count == 0)
    return true;
  sorted.clear();
  int64_t leastTop = INT64_MAX, nextTop = INT64_MAX;
  int lowest = -1;
  for (int k = 0; k < section.count; ++k) {
    int i = section.members[k];
    int64_t start = states[i].start, top = start + piece.items[i].size;
    if (start > latest[i])
      return false;
    sorted.push_back({start, piece.items[i].size});
    if (top < leastTop) {
      nextTop = leastTop;
      leastTop = top;
      lowest = i;
    } else if (top < nextTop) {
      nextTop = top;
    }
  }
  std::sort(sorted.begin(), sorted.end());
  int64_t top = 0;
  for (auto [start, size] : sorted)
    top = std::max(top, start) + size;
  if (top > section.cap)
    return false;
  int64_t lastFirst = section.cap - section.rest; // highest start of the section's lowest item
  if (sorted.back().first <= lastFirst)
    return true;
  for (int k = 0; k < section.count; ++k) {
    int i = section.members[k];
    if (states[i].start > lastFirst)
      raiseStart(i, i == lowest ? nextTop : leastTop);
  }
  return true;
}

/// Must some neighbour be placed before the item? Because it was postponed, because it cannot stand
/// on its floor, or because its twin goes first.
bool FitSearch::isWaiting(const State &state, const Piece::Item &item) const {
  return state.postponed || state.start > state.floor ||
         (item.twin >= 0 && states[item.twin].placed < 0);
}

/// Rules (3) and (4), for items that wait.
bool FitSearch::checkItem(int i) {
  State &state = states[i];
  const Piece::Item &item = piece.items[i];
  if (state.placed >= 0 || !isWaiting(state, item))
    return true;
  int64_t top = state.floor + item.size;
  auto isAbove = [&](int j) {
    return j >= 0 && states[j].placed < 0 && states[j].start + piece.items[j].size <= state.start;
  };
  auto isUnder = [&](int j) { return j >= 0 && states[j].placed < 0 && states[j].start < top; };
  if (isAbove(state.above) && isUnder(state.under))
    return true;
  int64_t leastTop = INT64_MAX, leastStart = INT64_MAX;
  int above = -1, under = -1;
  for (int j : piece.neighbours[i]) {
    if (states[j].placed >= 0)
      continue;
    if (int64_t t = states[j].start + piece.items[j].size; t < leastTop) {
      leastTop = t;
      above = j;
    }
    if (states[j].start < leastStart) {
      leastStart = states[j].start;
      under = j;
    }
  }
  if (above < 0 || leastStart >= top)
    return false;
  if (above != state.above) {
    trail.push_back({Change::Above, i, state.above});
    state.above = above;
  }
  if (under != state.under) {
    trail.push_back({Change::Under, i, state.under});
    state.under = under;
  }
  raiseStart(i, leastTop);
  return true;
}

/// Rules (2) and (3) for all unplaced items at once. One by one they converge slowly where items
/// wait for each other: each lifts the other by a little, round after round. But in a plan some
/// item is the lowest, so there is an order in which every item that must lie above another comes
/// after it. Taking items by ascending top, as Dijkstra takes nodes, gives each its least start
/// that has such a ground; an item without one is a contradiction.
bool FitSearch::ground() {
  size_t count = piece.items.size();
  unmet.assign(count, 0); // conditions "above one of these" that nothing has met yet
  reached.assign(sections.size(), 0);
  waits.assign(count, 0);
  grounded.resize(count);
  sorted.clear(); // a heap of (top, item), least top first
  auto later = std::greater<std::pair<int64_t, int64_t>>();
  auto push = [&](int i) {
    sorted.push_back({grounded[i] + piece.items[i].size, i});
    std::push_heap(sorted.begin(), sorted.end(), later);
  };
  for (const Section &section : sections)
    for (int k = 0; k < section.count; ++k)
      unmet[section.members[k]] += states[section.members[k]].start > section.cap - section.rest;
  size_t open = 0;
  for (size_t i = 0; i < count; ++i) {
    if (states[i].placed >= 0)
      continue;
    ++open;
    grounded[i] = states[i].start;
    waits[i] = isWaiting(states[i], piece.items[i]);
    unmet[i] += waits[i];
    if (unmet[i] == 0)
      push(static_cast<int>(i));
  }
  auto meet = [&](int i, int64_t top) {
    grounded[i] = std::max(grounded[i], alignUp(top, piece.items[i].align));
    if (--unmet[i] == 0)
      push(i);
  };
  while (!sorted.empty()) {
    std::pop_heap(sorted.begin(), sorted.end(), later);
    int64_t top = sorted.back().first;
    int j = static_cast<int>(sorted.back().second);
    sorted.pop_back();
    --open;
    for (int i : piece.neighbours[j])
      if (states[i].placed < 0 && waits[i]) {
        waits[i] = false;
        meet(i, top);
      }
    for (int s = piece.items[j].from; s < piece.items[j].to; ++s) {
      if (reached[s])
        continue;
      reached[s] = true;
      const Section &section = sections[s];
      for (int k = 0; k < section.count; ++k)
        if (int i = section.members[k]; states[i].start > section.cap - section.rest)
          meet(i, top);
    }
  }
  if (open > 0)
    return false;
  for (size_t i = 0; i < count; ++i)
    if (states[i].placed < 0)
      raiseStart(static_cast<int>(i), grounded[i]);
  return true;
}

/// Applies all rules until nothing changes; false at a contradiction. After a number of steps,
/// which some hard states would exceed by far, the rest is left to the search: every rule is a
/// short cut, place() alone makes sure that a plan is right.
bool FitSearch::propagate() {
  constexpr unsigned patience = 200, attempts = 4;
  unsigned steps = 0, attempt = 0;
  bool ok = true;
  while (ok) {
    if (++steps > patience) {
      if (++attempt > attempts) {
        clearQueues();
        return true;
      }
      steps = 0;
      ok = ground();
    } else if (!sectionQueue.empty()) {
      int s = sectionQueue.back();
      sectionQueue.pop_back();
      sections[s].queued = false;
      ok = checkSection(s);
    } else if (!itemQueue.empty()) {
      int i = itemQueue.back();
      itemQueue.pop_back();
      states[i].queued = false;
      ok = checkItem(i);
    } else {
      return true;
    }
  }
  clearQueues();
  return false;
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
