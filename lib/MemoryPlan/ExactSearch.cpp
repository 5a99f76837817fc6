//===- ExactSearch.cpp - depth-first search for a plan below a height ----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See ExactSearch.h for the words and the branching rule.

#include "ExactSearch.h"

#include "ignis/MemoryPlan/Problem.h"

#include <algorithm>
#include <cassert>

namespace ignis::memplan {

FitSearch::FitSearch(const Piece &piece, const SearchLimits &limits)
    : piece(piece), limits(limits) {}

static uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

Answer FitSearch::run(int64_t height, const Strategy &how, uint64_t maxNodes) {
  strategy = how;
  nodeEnd = nodeCount + maxNodes;
  if (nodeEnd < nodeCount)
    nodeEnd = UINT64_MAX;
  gaveUp = false;
  size_t n = piece.items.size(), m = piece.sections.size();
  sections.assign(m, {});
  floor.assign(n, 0);
  start.assign(n, 0);
  offset.assign(n, -1);
  postponed.assign(n, 0);
  priority.assign(n, 0);
  trail.clear();
  queue.clear();
  for (size_t s = 0; s < m; ++s) {
    Section &x = sections[s];
    x.members = piece.sections[s];
    x.count = (int)x.members.size();
    x.cap = height + piece.padding[s];
    for (int i : x.members)
      x.rest += piece.items[i].size;
    x.dirty = true;
    queue.push_back((int)s);
  }
  for (size_t i = 0; i < n; ++i) {
    const Piece::Item &it = piece.items[i];
    double width = it.to - it.from, total = 0;
    for (int s = it.from; s < it.to; ++s)
      total = std::max(total, (double)sections[s].rest);
    switch (strategy.tie) {
    case Strategy::Area:
      priority[i] = width * it.size;
      break;
    case Strategy::Width:
      priority[i] = width * 1e9 + it.size;
      break;
    case Strategy::Size:
      priority[i] = it.size * 1e6 + width;
      break;
    case Strategy::Total:
      priority[i] = total * 1e9 + width * it.size;
      break;
    }
    if (strategy.seed)
      priority[i] *= 0.5 + (mix(strategy.seed * 1000003 + i) >> 11) * 0x1p-53;
  }
  if (!propagate())
    return Answer::DoesNotFit;
  Answer a = search(0, (int)m);
  return a;
}

void FitSearch::markDirty(int i) {
  const Piece::Item &it = piece.items[i];
  for (int s = it.from; s < it.to; ++s)
    if (!sections[s].dirty) {
      sections[s].dirty = true;
      queue.push_back(s);
    }
}

bool FitSearch::raiseStart(int i, int64_t value) {
  value = alignUp(value, piece.items[i].align);
  if (value <= start[i])
    return true;
  trail.push_back({Change::Start, i, start[i], 0, 0, 0, 0});
  start[i] = value;
  markDirty(i);
  return true;
}

bool FitSearch::refresh(int s) {
  Section &x = sections[s];
  if (x.count == 0)
    return true;
  int64_t minStart = INT64_MAX, minTop = INT64_MAX, nextTop = INT64_MAX;
  int who = -1;
  for (int k = 0; k < x.count; ++k) {
    int i = x.members[k];
    minStart = std::min(minStart, start[i]);
    int64_t top = start[i] + piece.items[i].size;
    if (top < minTop) {
      nextTop = minTop;
      minTop = top;
      who = i;
    } else if (top < nextTop)
      nextTop = top;
  }
  if (minStart != x.minStart || minTop != x.minTop || nextTop != x.nextTop || who != x.minTopItem) {
    trail.push_back({Change::SectionMin, s, x.minStart, x.minTop, x.nextTop, 0, x.minTopItem});
    x.minStart = minStart;
    x.minTop = minTop;
    x.nextTop = nextTop;
    x.minTopItem = who;
  }
  if (minStart + x.rest > x.cap)
    return false;
  // release-date bound
  if (x.count <= 64) {
    std::pair<int64_t, int64_t> v[64];
    for (int k = 0; k < x.count; ++k) {
      int i = x.members[k];
      v[k] = {start[i], piece.items[i].size};
    }
    std::sort(v, v + x.count);
    int64_t c = 0;
    for (int k = 0; k < x.count; ++k)
      c = std::max(c, v[k].first) + v[k].second;
    if (c > x.cap)
      return false;
  }
  int64_t latest = x.cap - x.rest;
  for (int k = 0; k < x.count; ++k) {
    int i = x.members[k];
    if (start[i] > latest)
      raiseStart(i, i == who ? nextTop : minTop);
  }
  return true;
}

bool FitSearch::propagate() {
  while (!queue.empty()) {
    int s = queue.back();
    queue.pop_back();
    sections[s].dirty = false;
    if (!refresh(s)) {
      for (int q : queue)
        sections[q].dirty = false;
      queue.clear();
      return false;
    }
  }
  return true;
}

// Rules for buffers that cannot stand on their floor now.
bool FitSearch::checkWaiting(int lo, int hi) {
  bool again = true;
  int rounds = 0;
  while (again && rounds++ < 4) {
    again = false;
    for (size_t i = 0; i < piece.items.size(); ++i) {
      const Piece::Item &it = piece.items[i];
      if (it.from < lo || it.to > hi || offset[i] >= 0)
        continue;
      if (!postponed[i] && start[i] == floor[i])
        continue;
      int64_t below = INT64_MAX, least = INT64_MAX;
      for (int s = it.from; s < it.to; ++s) {
        const Section &x = sections[s];
        below = std::min(below, x.minTopItem == (int)i ? x.nextTop : x.minTop);
        least = std::min(least, x.minStart);
      }
      if (below == INT64_MAX)
        return false;
      if (least >= floor[i] + it.size)
        return false;
      if (below > start[i]) {
        raiseStart((int)i, below);
        again = true;
      }
    }
    if (!propagate())
      return false;
  }
  return true;
}

int FitSearch::choose(int lo, int hi) {
  int best = -1;
  auto better = [&](int i, int j) {
    if (j < 0)
      return true;
    if (floor[i] != floor[j])
      return floor[i] < floor[j];
    return priority[i] > priority[j];
  };
  if (strategy.pick == Strategy::TightestSection) {
    int64_t slack = INT64_MAX;
    int sec = -1;
    for (int s = lo; s < hi; ++s) {
      const Section &x = sections[s];
      if (x.count == 0)
        continue;
      int64_t sl = x.cap - x.rest - x.minStart;
      if (sl < slack || (sl == slack && x.minStart < sections[sec].minStart)) {
        slack = sl;
        sec = s;
      }
    }
    const Section &x = sections[sec];
    for (int k = 0; k < x.count; ++k) {
      int i = x.members[k];
      if (postponed[i] || start[i] != floor[i] || start[i] > x.cap - x.rest)
        continue;
      if (better(i, best))
        best = i;
    }
    if (best >= 0)
      return best;
  }
  for (size_t i = 0; i < piece.items.size(); ++i) {
    const Piece::Item &it = piece.items[i];
    if (it.from < lo || it.to > hi || offset[i] >= 0 || postponed[i] || start[i] != floor[i])
      continue;
    if (better((int)i, best))
      best = (int)i;
  }
  return best;
}

bool FitSearch::place(int i) {
  const Piece::Item &it = piece.items[i];
  trail.push_back({Change::Unplace, i, 0, 0, 0, 0, 0});
  offset[i] = floor[i];
  for (int s = it.from; s < it.to; ++s) {
    Section &x = sections[s];
    x.rest -= it.size;
    auto at = std::find(x.members.begin(), x.members.begin() + x.count, i);
    std::swap(*at, x.members[x.count - 1]);
    --x.count;
  }
  int64_t top = offset[i] + it.size;
  markDirty(i);
  for (int j : piece.neighbours[i]) {
    if (offset[j] >= 0)
      continue;
    if (postponed[j]) {
      trail.push_back({Change::Postponed, j, 1, 0, 0, 0, 0});
      postponed[j] = 0;
    }
    int64_t t = alignUp(top, piece.items[j].align);
    if (t > floor[j]) {
      trail.push_back({Change::Floor, j, floor[j], 0, 0, 0, 0});
      floor[j] = t;
      raiseStart(j, t);
    }
  }
  return propagate();
}

void FitSearch::postpone(int i) {
  trail.push_back({Change::Postponed, i, 0, 0, 0, 0, 0});
  postponed[i] = 1;
}

void FitSearch::undo(size_t mark) {
  while (trail.size() > mark) {
    const Change &c = trail.back();
    switch (c.kind) {
    case Change::Floor:
      floor[c.index] = c.a;
      break;
    case Change::Start:
      start[c.index] = c.a;
      break;
    case Change::Postponed:
      postponed[c.index] = (char)c.a;
      break;
    case Change::SectionMin: {
      Section &x = sections[c.index];
      x.minStart = c.a;
      x.minTop = c.b;
      x.nextTop = c.c;
      x.minTopItem = c.e;
      break;
    }
    case Change::Unplace: {
      const Piece::Item &it = piece.items[c.index];
      offset[c.index] = -1;
      for (int s = it.from; s < it.to; ++s) {
        sections[s].rest += it.size;
        ++sections[s].count;
      }
      break;
    }
    }
    trail.pop_back();
  }
}

Answer FitSearch::search(int lo, int hi) {
  // Sections without unplaced items split the rest into independent parts.
  size_t mark = trail.size();
  int s = lo;
  while (s < hi) {
    while (s < hi && sections[s].count == 0)
      ++s;
    if (s >= hi)
      break;
    // extend as long as some unplaced item crosses to the next
    int from = s, reach = s + 1;
    while (s < reach && s < hi) {
      for (int k = 0; k < sections[s].count; ++k)
        reach = std::max(reach, piece.items[sections[s].members[k]].to);
      ++s;
    }
    Answer a = branch(from, s);
    if (a != Answer::Fits) {
      undo(mark);
      return a;
    }
  }
  return Answer::Fits;
}

Answer FitSearch::branch(int lo, int hi) {
  size_t entry = trail.size();
  while (true) {
    if (gaveUp || nodeCount >= nodeEnd || ((nodeCount & 255) == 0 && limits.expired())) {
      gaveUp = true;
      undo(entry);
      return Answer::GaveUp;
    }
    ++nodeCount;
    if (!checkWaiting(lo, hi)) {
      undo(entry);
      return Answer::DoesNotFit;
    }
    int i = choose(lo, hi);
    if (i < 0) {
      undo(entry);
      return Answer::DoesNotFit;
    }
    size_t mark = trail.size();
    Answer a = place(i) ? search(lo, hi) : Answer::DoesNotFit;
    if (a == Answer::Fits)
      return a;
    undo(mark);
    if (a == Answer::GaveUp) {
      undo(entry);
      return a;
    }
    postpone(i);
  }
}

} // namespace ignis::memplan
