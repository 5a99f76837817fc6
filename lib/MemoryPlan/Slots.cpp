//===- Slots.cpp - planners `slots*`: reuse of whole buffers ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A linear scan in order of definition. Each buffer gets a slot of its own for its lifetime; when
// it dies the slot is free for a later one, which may make it larger. Policies differ in the free
// slot they pick. For the decode graph of Qwen2.5-0.5B all of them find 5 slots; their bytes
// differ. Slots of size-0 buffers exist like others: the number of slots counts pointers, not
// bytes.

#include "Planners.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace ignis::memplan {

namespace {
struct Slot {
  int64_t size = 0;
  int64_t align = 1;
  int64_t freeFrom = INT64_MIN; // end of the last buffer in it
};

/// The cost of putting `size` bytes into a free slot: the least cost wins, the first of equals.
using Cost = std::function<std::pair<int64_t, int64_t>(const Slot &, int64_t size)>;

class Slots : public Planner {
public:
  explicit Slots(Cost cost) : cost(std::move(cost)) {}

private:
  void run(const Problem &problem, const PlanOptions &, PlanResult &result) const override {
    size_t count = problem.buffers.size();
    std::vector<size_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      int64_t aBegin = problem.buffers[a].begin, bBegin = problem.buffers[b].begin;
      return aBegin != bBegin ? aBegin < bBegin : a < b;
    });
    std::vector<Slot> slots;
    result.slotOf.assign(count, 0);
    for (size_t i : order) {
      const Buffer &buffer = problem.buffers[i];
      size_t slot = pick(slots, buffer);
      if (slot == slots.size())
        slots.emplace_back();
      slots[slot].size = std::max(slots[slot].size, buffer.size);
      slots[slot].align = std::max(slots[slot].align, buffer.align);
      slots[slot].freeFrom = buffer.end;
      result.slotOf[i] = static_cast<int>(slot);
    }
    std::vector<int64_t> slotOffsets;
    int64_t top = 0;
    for (const Slot &slot : slots) {
      top = alignUp(top, slot.align);
      slotOffsets.push_back(top);
      result.slotSizes.push_back(slot.size);
      top += slot.size;
    }
    for (size_t i = 0; i < count; ++i)
      result.plan.offsets.push_back(slotOffsets[result.slotOf[i]]);
  }

  /// The free slot of least cost, or slots.size() for a new one.
  size_t pick(const std::vector<Slot> &slots, const Buffer &buffer) const {
    size_t best = slots.size();
    std::pair<int64_t, int64_t> bestCost;
    for (size_t s = 0; s < slots.size(); ++s) {
      if (slots[s].freeFrom > buffer.begin)
        continue;
      // Alignments need not be powers of two. A slot serves those that divide each other.
      if (slots[s].align % buffer.align != 0 && buffer.align % slots[s].align != 0)
        continue;
      std::pair<int64_t, int64_t> slotCost = cost(slots[s], buffer.size);
      if (best == slots.size() || slotCost < bestCost) {
        best = s;
        bestCost = slotCost;
      }
    }
    return best;
  }

  Cost cost;
};
} // namespace

std::unique_ptr<Planner> createSlotsBestFit() {
  // Among those that fit the smallest; only if there is none, the largest.
  return std::make_unique<Slots>([](const Slot &slot, int64_t size) {
    bool fits = slot.size >= size;
    return std::pair<int64_t, int64_t>(fits ? 0 : 1, fits ? slot.size : -slot.size);
  });
}

std::unique_ptr<Planner> createSlotsFirst() {
  return std::make_unique<Slots>(
      [](const Slot &, int64_t) { return std::pair<int64_t, int64_t>(0, 0); });
}

std::unique_ptr<Planner> createSlotsLargest() {
  return std::make_unique<Slots>(
      [](const Slot &slot, int64_t) { return std::pair<int64_t, int64_t>(0, -slot.size); });
}

std::unique_ptr<Planner> createSlotsNearest() {
  return std::make_unique<Slots>([](const Slot &slot, int64_t size) {
    return std::pair<int64_t, int64_t>(slot.size > size ? slot.size - size : size - slot.size, 0);
  });
}

} // namespace ignis::memplan
