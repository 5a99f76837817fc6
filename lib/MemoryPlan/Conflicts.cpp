//===- Conflicts.cpp - conflict graph by a sweep over begins ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The pairs are counted first, so that memory is known before it is taken.

#include "Conflicts.h"

#include <algorithm>
#include <numeric>

namespace ignis::memplan {

static constexpr size_t maxStored = (256u << 20) / sizeof(uint32_t);

Conflicts::Conflicts(const Problem &problem) : buffers(problem.buffers) {
  std::vector<uint32_t> order;
  for (size_t i = 0; i < buffers.size(); ++i)
    if (buffers[i].size > 0)
      order.push_back(static_cast<uint32_t>(i));
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return std::make_pair(buffers[a].begin, a) < std::make_pair(buffers[b].begin, b);
  });

  // Pairs: at each begin, those that have begun less those that have ended.
  std::vector<int64_t> ends;
  for (uint32_t i : order)
    ends.push_back(buffers[i].end);
  std::sort(ends.begin(), ends.end());
  size_t ended = 0, pairs = 0;
  for (size_t begun = 0; begun < order.size(); ++begun) {
    while (ended < ends.size() && ends[ended] <= buffers[order[begun]].begin)
      ++ended;
    pairs += begun - ended;
  }
  if (2 * pairs > maxStored || buffers.size() > UINT32_MAX)
    return;

  std::vector<std::pair<uint32_t, uint32_t>> edges;
  edges.reserve(pairs);
  std::vector<uint32_t> live;
  starts.assign(buffers.size() + 1, 0);
  for (uint32_t i : order) {
    live.erase(std::remove_if(live.begin(), live.end(),
                              [&](uint32_t j) { return buffers[j].end <= buffers[i].begin; }),
               live.end());
    for (uint32_t j : live) {
      edges.push_back({j, i});
      ++starts[i + 1];
      ++starts[j + 1];
    }
    live.push_back(i);
  }
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  flat.resize(2 * edges.size());
  std::vector<size_t> next(starts.begin(), starts.end() - 1);
  for (auto [a, b] : edges) {
    flat[next[a]++] = b;
    flat[next[b]++] = a;
  }
}

} // namespace ignis::memplan
