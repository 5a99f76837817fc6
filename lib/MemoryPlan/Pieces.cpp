//===- Pieces.cpp - sections, components and grid of a problem ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One sweep over begins and ends cuts the problem into pieces; a second one, per piece, makes its
// sections. Sizes of lists are counted before they are made.

#include "Pieces.h"

#include "ignis/MemoryPlan/LowerBound.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

namespace ignis::memplan {

/// The grid of a set of buffers, see the header. Two candidates: the common divisor of the
/// alignments (every offset is a multiple of its buffer's), and that of the sizes, if each
/// alignment divides it (and then changes nothing) or is a multiple of it.
static int64_t gridOf(const Problem &problem, const std::vector<int> &buffers) {
  int64_t ofAligns = 0, ofSizes = 0;
  for (int i : buffers) {
    ofAligns = std::gcd(ofAligns, problem.buffers[i].align);
    ofSizes = std::gcd(ofSizes, problem.buffers[i].size);
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (int i : buffers) {
      int64_t align = problem.buffers[i].align;
      if (ofSizes % align == 0 || align % ofSizes == 0)
        continue;
      ofSizes = std::gcd(ofSizes, align);
      changed = true;
    }
  }
  return std::max(ofAligns, ofSizes);
}

/// Sections [from, to) of each item from the order of begins and ends: a new section starts with
/// the first begin after an end. Returns the number of sections.
static int cutIntoSections(const Problem &problem, std::vector<Piece::Item> &items) {
  struct Event {
    int64_t time;
    bool begins; // ends come first: lifetimes are half-open
    int item;
    bool operator<(const Event &other) const {
      return std::tie(time, begins, item) < std::tie(other.time, other.begins, other.item);
    }
  };
  std::vector<Event> events;
  for (size_t i = 0; i < items.size(); ++i) {
    const Buffer &buffer = problem.buffers[items[i].buffer];
    events.push_back({buffer.begin, true, static_cast<int>(i)});
    events.push_back({buffer.end, false, static_cast<int>(i)});
  }
  std::sort(events.begin(), events.end());
  int section = 0;
  bool ended = false;
  for (const Event &event : events) {
    if (event.begins) {
      section += ended;
      items[event.item].from = section;
    } else {
      items[event.item].to = section + 1;
    }
    ended = !event.begins;
  }
  return section + 1;
}

/// Fills in everything but the items' buffers.
static void complete(const Problem &problem, Piece &piece, size_t maxEntries) {
  std::vector<int> buffers;
  Problem alone;
  for (const Piece::Item &item : piece.items) {
    buffers.push_back(item.buffer);
    alone.buffers.push_back(problem.buffers[item.buffer]);
  }
  piece.bound = lowerBound(alone);
  piece.grid = gridOf(problem, buffers);
  int sections = cutIntoSections(problem, piece.items);
  std::sort(piece.items.begin(), piece.items.end(), [](const auto &a, const auto &b) {
    return std::tie(a.from, a.buffer) < std::tie(b.from, b.buffer);
  });
  size_t entries = 0;
  std::map<std::tuple<int, int, int64_t, int64_t>, int> last;
  for (size_t i = 0; i < piece.items.size(); ++i) {
    Piece::Item &item = piece.items[i];
    const Buffer &buffer = problem.buffers[item.buffer];
    item.bytes = buffer.size;
    item.lifetime = static_cast<double>(static_cast<uint64_t>(buffer.end) -
                                        static_cast<uint64_t>(buffer.begin));
    item.size = alignUp(buffer.size, piece.grid) / piece.grid;
    item.align = std::max<int64_t>(1, buffer.align / piece.grid);
    auto key = std::make_tuple(item.from, item.to, buffer.size, item.align);
    auto [twin, isNew] = last.try_emplace(key, static_cast<int>(i));
    if (!isNew) {
      item.twin = twin->second;
      twin->second = static_cast<int>(i);
    }
    entries += static_cast<size_t>(item.to - item.from);
  }
  if (entries > maxEntries)
    return;

  std::vector<std::vector<int>> members(sections);
  for (size_t i = 0; i < piece.items.size(); ++i)
    for (int s = piece.items[i].from; s < piece.items[i].to; ++s)
      members[s].push_back(static_cast<int>(i));
  // Neighbours: those live where the item begins, and those that begin while it lives.
  size_t pairs = 0;
  for (size_t i = 0; i < piece.items.size(); ++i)
    pairs += members[piece.items[i].from].size();
  if (2 * pairs > maxEntries)
    return;
  piece.firstItem.assign(sections + 1, 0);
  for (const Piece::Item &item : piece.items)
    ++piece.firstItem[item.from + 1];
  std::partial_sum(piece.firstItem.begin(), piece.firstItem.end(), piece.firstItem.begin());
  piece.neighbours.resize(piece.items.size());
  for (int i = 0; i < static_cast<int>(piece.items.size()); ++i)
    for (int j : members[piece.items[i].from])
      if (j < i) {
        piece.neighbours[i].push_back(j);
        piece.neighbours[j].push_back(i);
      }
  piece.sections = std::move(members);
}

std::vector<Piece> piecesOf(const Problem &problem, size_t maxEntries) {
  std::vector<int> order;
  for (size_t i = 0; i < problem.buffers.size(); ++i)
    if (problem.buffers[i].size > 0)
      order.push_back(static_cast<int>(i));
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    return std::make_pair(problem.buffers[a].begin, a) <
           std::make_pair(problem.buffers[b].begin, b);
  });
  std::vector<Piece> pieces;
  int64_t end = INT64_MIN;
  for (int i : order) {
    const Buffer &buffer = problem.buffers[i];
    if (pieces.empty() || buffer.begin >= end)
      pieces.emplace_back();
    end = std::max(end, buffer.end);
    Piece::Item item;
    item.buffer = i;
    pieces.back().items.push_back(item);
  }
  for (Piece &piece : pieces)
    complete(problem, piece, maxEntries);
  return pieces;
}

} // namespace ignis::memplan
