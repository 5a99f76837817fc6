//===- Unicode.cpp - the properties of characters that are frozen in ignis --------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Look-ups in the generated tables, and NFC of the few stretches that need it.

#include "Unicode.h"

#include "UTF8.h"

#include "llvm/ADT/SmallVector.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

using namespace ignis::tokenizer;
using llvm::StringRef;

namespace {
struct Range {
  uint32_t first, last;
};
struct ClassRange {
  uint32_t first, last;
  PatternClass kind;
};
constexpr PatternClass L = PatternClass::Letter, N = PatternClass::Number, O = PatternClass::Other;
#include "UnicodeTables.inc"

// One bit for each 64 characters: set if a table has any of them. Nearly all text stops here.
constexpr unsigned blockBits = 6;
using Blocks = std::array<uint64_t, (0x110000 >> blockBits) / 64>;
template <typename Row, size_t Size> constexpr Blocks blocksOf(const Row (&rows)[Size]) {
  Blocks blocks{};
  for (size_t i = 0; i != Size; ++i)
    for (uint32_t b = rows[i].first >> blockBits; b <= rows[i].last >> blockBits; ++b)
      blocks[b / 64] |= uint64_t(1) << b % 64;
  return blocks;
}
constexpr Blocks reclassifiedBlocks = blocksOf(reclassifiedRanges);
constexpr Blocks unstableBlocks = blocksOf(unstableRanges);

template <typename Row, size_t Size>
const Row *find(const Row (&rows)[Size], const Blocks &blocks, uint32_t codePoint) {
  uint32_t block = codePoint >> blockBits;
  if (!(blocks[block / 64] >> block % 64 & 1))
    return nullptr;
  const Row *row = std::upper_bound(std::begin(rows), std::end(rows), codePoint,
                                    [](uint32_t c, const Row &r) { return c < r.first; });
  return row != std::begin(rows) && codePoint <= row[-1].last ? row - 1 : nullptr;
}
} // namespace

std::optional<PatternClass> ignis::tokenizer::reclassified(uint32_t codePoint) {
  if (const ClassRange *row = find(reclassifiedRanges, reclassifiedBlocks, codePoint))
    return row->kind;
  return std::nullopt;
}

bool ignis::tokenizer::isUnstable(uint32_t codePoint) {
  return find(unstableRanges, unstableBlocks, codePoint);
}

TextTraits ignis::tokenizer::inspect(StringRef text) {
  TextTraits traits;
  size_t at = 0;
  while (at < text.size()) {
    uint64_t eight;
    if (text.size() - at >= sizeof(eight)) {
      std::memcpy(&eight, text.data() + at, sizeof(eight));
      if (!(eight & 0x8080808080808080)) {
        at += sizeof(eight);
        continue;
      }
    }
    Character character = firstCharacter(text.drop_front(at));
    if (character.status != Character::Valid)
      break;
    if (character.codePoint >= 0x300) {
      traits.reclassified |= reclassified(character.codePoint).has_value();
      traits.unstable |= isUnstable(character.codePoint);
    }
    at += character.length;
  }
  traits.length = at;
  return traits;
}

/// Appends the NFC of a segment: any character, then unstable ones. utf8proc sorts marks by
/// exchanging neighbours, which takes forever on a long row of them; hence a sort of our own.
static void appendNormalized(StringRef segment, std::string &out) {
  constexpr auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  llvm::SmallVector<utf8proc_int32_t, 32> points;
  for (size_t at = 0; at < segment.size();) {
    Character character = firstCharacter(segment.drop_front(at));
    at += character.length;
    utf8proc_int32_t parts[16];
    int boundClass = 0;
    utf8proc_ssize_t count =
        utf8proc_decompose_char(character.codePoint, parts, std::size(parts), options, &boundClass);
    if (count < 0 || count > static_cast<utf8proc_ssize_t>(std::size(parts)))
      points.push_back(character.codePoint); // no canonical decomposition is that long
    else
      points.append(parts, parts + count);
  }
  auto combiningClass = [](utf8proc_int32_t c) {
    return utf8proc_get_property(c)->combining_class;
  };
  auto isStarter = [&](utf8proc_int32_t c) { return combiningClass(c) == 0; };
  // A mark that begins the segment although it is stable is one of a later Unicode: it stays.
  bool fixed = !isStarter(points.front()) && !isUnstable(points.front());
  llvm::SmallVector<uint64_t, 16> keys; // class, then place, then the 21 bits of the mark
  for (auto *mark = points.begin() + fixed;;) {
    mark = std::find_if_not(mark, points.end(), isStarter);
    if (mark == points.end())
      break;
    auto *end = std::find_if(mark, points.end(), isStarter);
    keys.clear();
    for (auto *at = mark; at != end; ++at)
      keys.push_back(uint64_t(combiningClass(*at)) << 56 | uint64_t(at - mark) << 21 | *at);
    std::sort(keys.begin(), keys.end());
    for (uint64_t key : keys)
      *mark++ = key & 0x1fffff;
  }
  utf8proc_ssize_t count = utf8proc_normalize_utf32(points.data(), points.size(), options);
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t length = utf8proc_encode_char(points[i], bytes);
    out.append(reinterpret_cast<const char *>(bytes), length);
  }
}

std::string ignis::tokenizer::normalizeNFC(StringRef text) {
  std::string out;
  out.reserve(text.size());
  size_t copied = 0;   // bytes that `out` has seen
  size_t previous = 0; // where the latest stable character begins
  for (size_t at = 0; at < text.size();) {
    Character character = firstCharacter(text.drop_front(at));
    if (!isUnstable(character.codePoint)) {
      previous = at;
      at += character.length;
      continue;
    }
    size_t end = at;
    while (end < text.size()) {
      Character next = firstCharacter(text.drop_front(end));
      if (!isUnstable(next.codePoint))
        break;
      end += next.length;
    }
    out.append(text.data() + copied, previous - copied);
    appendNormalized(text.slice(previous, end), out);
    copied = previous = at = end;
  }
  out.append(text.data() + copied, text.size() - copied);
  return out;
}
