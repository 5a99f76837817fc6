//===- FitInference.cpp - what a partial plan rules out -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The inference of FitSearch: raises the proven least offsets of unplaced items until nothing
// changes or a contradiction shows. Rules are numbered in FitSearch.h.

#include "FitSearch.h"

#include <algorithm>
#include <functional>

namespace ignis::memplan {

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

} // namespace ignis::memplan
