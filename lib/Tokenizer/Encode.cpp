//===- Encode.cpp - byte-level BPE
//----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Special tokens first, then normalisation, then words, then merges within a word: always the pair
// of best rank, the leftmost of equals (Sennrich et al., 2016).

#include "Data.h"
#include "UTF8.h"
#include "Unicode.h"

#include "llvm/ADT/StringMap.h"

#include <queue>

using namespace ignis::tokenizer;
using llvm::StringRef;

namespace ignis::tokenizer {
/// Ids so far, and the words of this text that have been seen.
struct EncodeState {
  std::vector<int32_t> ids;
  llvm::StringMap<std::pair<uint32_t, uint32_t>> words; ///< word -> [begin, end) in `known`
  std::vector<int32_t> known;
};
} // namespace ignis::tokenizer

namespace {
constexpr size_t kShortWord = 32;      // up to here a scan for the best pair beats a heap
constexpr size_t kMostKnown = 1 << 16; // words remembered in one text

/// Merges by repeated scans; for short words.
void mergeByScan(const MergeTable &merges, std::vector<uint32_t> &symbols) {
  while (symbols.size() > 1) {
    const MergeTable::Merge *best = nullptr;
    size_t at = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i)
      if (const MergeTable::Merge *merge = merges.find(symbols[i], symbols[i + 1]);
          merge && (!best || merge->rank < best->rank)) {
        best = merge;
        at = i;
      }
    if (!best)
      return;
    symbols[at] = best->result;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

/// Merges by a heap of candidate pairs over a linked list; n log n.
void mergeByHeap(const MergeTable &merges, std::vector<uint32_t> &symbols) {
  constexpr uint32_t kNone = UINT32_MAX;
  auto count = static_cast<uint32_t>(symbols.size());
  std::vector<uint32_t> previous(count), next(count);
  struct Candidate {
    uint32_t rank, at, left, right, result;
    bool operator<(const Candidate &other) const {
      return rank != other.rank ? rank > other.rank : at > other.at;
    }
  };
  std::priority_queue<Candidate> heap;
  auto consider = [&](uint32_t at) {
    if (at == kNone || next[at] == kNone)
      return;
    uint32_t left = symbols[at], right = symbols[next[at]];
    if (const MergeTable::Merge *merge = merges.find(left, right))
      heap.push({merge->rank, at, left, right, merge->result});
  };
  for (uint32_t i = 0; i < count; ++i) {
    previous[i] = i ? i - 1 : kNone;
    next[i] = i + 1 < count ? i + 1 : kNone;
  }
  for (uint32_t i = 0; i < count; ++i)
    consider(i);
  while (!heap.empty()) {
    Candidate best = heap.top();
    heap.pop();
    // Stale: one of the two has been merged since.
    if (symbols[best.at] != best.left || next[best.at] == kNone ||
        symbols[next[best.at]] != best.right)
      continue;
    uint32_t gone = next[best.at];
    symbols[best.at] = best.result;
    symbols[gone] = kNone;
    next[best.at] = next[gone];
    if (next[gone] != kNone)
      previous[next[gone]] = best.at;
    consider(previous[best.at]);
    consider(best.at);
  }
  symbols.erase(std::remove(symbols.begin(), symbols.end(), kNone), symbols.end());
}
} // namespace

std::vector<int32_t> Tokenizer::encode(StringRef text, bool parseSpecial) const {
  EncodeState state;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    int32_t found = -1;
    for (int32_t id : data->special[static_cast<uint8_t>(text[at])])
      if ((parseSpecial || data->kinds[static_cast<size_t>(id)] == TokenKind::UserDefined) &&
          text.drop_front(at).starts_with(data->text(id))) {
        found = id;
        break;
      }
    if (found < 0) {
      ++at;
      continue;
    }
    encodeText(text.slice(begin, at), state);
    state.ids.push_back(found);
    at += data->text(found).size();
    begin = at;
  }
  encodeText(text.drop_front(begin), state);
  return std::move(state.ids);
}

void Tokenizer::encodeText(StringRef text, EncodeState &state) const {
  std::vector<uint32_t> symbols;
  auto encodeWord = [&](StringRef word) {
    auto known = state.words.find(word);
    if (known != state.words.end()) {
      state.ids.insert(state.ids.end(), state.known.begin() + known->second.first,
                       state.known.begin() + known->second.second);
      return;
    }
    symbols.clear();
    for (char byte : word)
      symbols.push_back(data->byteTokens[static_cast<uint8_t>(byte)]);
    if (symbols.size() <= kShortWord)
      mergeByScan(data->merges, symbols);
    else
      mergeByHeap(data->merges, symbols);
    state.ids.insert(state.ids.end(), symbols.begin(), symbols.end());
    if (word.size() <= 64 && state.words.size() < kMostKnown) {
      auto begin = static_cast<uint32_t>(state.known.size());
      state.known.insert(state.known.end(), symbols.begin(), symbols.end());
      state.words[word] = {begin, static_cast<uint32_t>(state.known.size())};
    }
  };
  while (!text.empty()) {
    TextTraits traits = inspect(text);
    StringRef valid = text.take_front(traits.length);
    text = text.drop_front(traits.length);
    if (data->nfc && traits.unstable)
      data->preTokenizer.split(normalizeNFC(valid), true, encodeWord);
    else if (!valid.empty())
      data->preTokenizer.split(valid, traits.reclassified, encodeWord);
    // What is no UTF-8 becomes the tokens of its bytes.
    if (!text.empty()) {
      Character character = firstCharacter(text);
      for (char byte : text.take_front(character.length))
        state.ids.push_back(static_cast<int32_t>(data->byteTokens[static_cast<uint8_t>(byte)]));
      text = text.drop_front(character.length);
    }
  }
}
