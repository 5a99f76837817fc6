//===- MergeTable.cpp - byte-pair merges of one word ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two ways to the same result: nearly all words are so short that looking through their pairs again
// after each merge is cheaper than a heap; a heap keeps a word of a million letters from taking a
// million times a million steps.

#include "MergeTable.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <functional>

using namespace ignis::tokenizer;

/// The topmost bits, which choose the slot, depend on all bits of both ids.
static uint64_t hashPair(int32_t left, int32_t right) {
  uint64_t key =
      static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  key ^= key >> 29; // a product carries bits upwards only
  return key * 0x9e3779b97f4a7c15u;
}

MergeTable::MergeTable(std::vector<Merge> list) : merges(std::move(list)) {
  // Two thirds full at most: a pair that has no merge, the usual case, is found missing at once.
  uint64_t size = llvm::PowerOf2Ceil(std::max<uint64_t>(merges.size() + merges.size() / 2, 16));
  shift = 64 - llvm::Log2_64(size);
  slots.assign(size, {0, none});
  for (uint32_t rank = 0; rank != merges.size(); ++rank) {
    const Merge &merge = merges[rank];
    uint64_t hash = hashPair(merge.left, merge.right);
    uint32_t tag = static_cast<uint32_t>(hash >> 8);
    for (uint64_t at = hash >> shift;; at = (at + 1) & (size - 1)) {
      Slot &slot = slots[at];
      bool same = slot.rank != none && slot.tag == tag && merges[slot.rank].left == merge.left &&
                  merges[slot.rank].right == merge.right;
      if (slot.rank == none || same) {
        slot = {tag, rank};
        break;
      }
    }
  }
}

uint32_t MergeTable::rankOf(int32_t left, int32_t right) const {
  uint64_t hash = hashPair(left, right);
  uint32_t tag = static_cast<uint32_t>(hash >> 8);
  for (uint64_t at = hash >> shift;; at = (at + 1) & (slots.size() - 1)) {
    const Slot &slot = slots[at];
    if (slot.rank == none)
      return none;
    if (slot.tag == tag && merges[slot.rank].left == left && merges[slot.rank].right == right)
      return slot.rank;
  }
}

static constexpr size_t shortWord = 32;

void MergeTable::apply(std::vector<int32_t> &ids, size_t begin, Scratch &scratch) const {
  size_t count = ids.size() - begin;
  if (count < 2)
    return;
  if (count <= shortWord)
    applyShort(ids, begin);
  else
    applyLong(ids, begin, scratch);
}

void MergeTable::applyShort(std::vector<int32_t> &ids, size_t begin) const {
  int32_t *word = ids.data() + begin;
  size_t count = ids.size() - begin;
  uint32_t ranks[shortWord]; // of the pair that begins at each id but the last
  for (size_t i = 0; i + 1 != count; ++i)
    ranks[i] = rankOf(word[i], word[i + 1]);
  while (count > 1) {
    size_t best = std::min_element(ranks, ranks + count - 1) - ranks;
    if (ranks[best] == none)
      break;
    word[best] = merges[ranks[best]].result;
    std::copy(word + best + 2, word + count, word + best + 1);
    std::copy(ranks + best + 1, ranks + count - 1, ranks + best);
    --count;
    if (best != 0)
      ranks[best - 1] = rankOf(word[best - 1], word[best]);
    if (best + 1 != count)
      ranks[best] = rankOf(word[best], word[best + 1]);
  }
  ids.resize(begin + count);
}

void MergeTable::applyLong(std::vector<int32_t> &ids, size_t begin, Scratch &scratch) const {
  std::vector<Scratch::Symbol> &symbols = scratch.symbols;
  std::vector<uint64_t> &heap = scratch.heap;
  const uint32_t count = static_cast<uint32_t>(ids.size() - begin);
  symbols.clear();
  heap.clear();
  auto entry = [](uint32_t rank, uint32_t at) { return static_cast<uint64_t>(rank) << 32 | at; };
  for (uint32_t i = 0; i != count; ++i) {
    uint32_t rank = i + 1 == count ? none : rankOf(ids[begin + i], ids[begin + i + 1]);
    symbols.push_back({ids[begin + i], rank, i == 0 ? count : i - 1, i + 1});
    if (rank != none)
      heap.push_back(entry(rank, i));
  }
  std::make_heap(heap.begin(), heap.end(), std::greater<>());

  auto update = [&](uint32_t at) {
    Scratch::Symbol &symbol = symbols[at];
    symbol.rank = symbol.next == count ? none : rankOf(symbol.id, symbols[symbol.next].id);
    if (symbol.rank != none) {
      heap.push_back(entry(symbol.rank, at));
      std::push_heap(heap.begin(), heap.end(), std::greater<>());
    }
  };
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    uint32_t rank = static_cast<uint32_t>(heap.back() >> 32);
    uint32_t at = static_cast<uint32_t>(heap.back());
    heap.pop_back();
    Scratch::Symbol &symbol = symbols[at];
    if (symbol.rank != rank) // the pair is gone: one of the two has merged since
      continue;
    Scratch::Symbol &gone = symbols[symbol.next];
    symbol.id = merges[rank].result;
    gone.rank = none;
    symbol.next = gone.next;
    if (symbol.next != count)
      symbols[symbol.next].previous = at;
    update(at);
    if (symbol.previous != count)
      update(symbol.previous);
  }
  ids.resize(begin);
  for (uint32_t at = 0; at != count; at = symbols[at].next)
    ids.push_back(symbols[at].id);
}
