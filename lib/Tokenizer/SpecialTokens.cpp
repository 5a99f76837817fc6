//===- SpecialTokens.cpp - finds tokens that stand in text as they are ------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The tokens lie sorted, so those that go on as the text does are always neighbours: finding one
// narrows a range, byte by byte.

#include "SpecialTokens.h"

#include <algorithm>
#include <tuple>

using namespace ignis::tokenizer;
using llvm::StringRef;

SpecialTokens::SpecialTokens(std::vector<Token> tokens) : sorted(std::move(tokens)) {
  std::sort(sorted.begin(), sorted.end(), [](const Token &a, const Token &b) {
    return std::tie(a.text, a.id) < std::tie(b.text, b.id);
  });
  sorted.erase(std::unique(sorted.begin(), sorted.end(),
                           [](const Token &a, const Token &b) { return a.text == b.text; }),
               sorted.end());
  for (const Token &token : sorted)
    leads.set(static_cast<uint8_t>(token.text[0]));
}

std::optional<int32_t> SpecialTokens::find(StringRef text) const {
  auto found = std::lower_bound(sorted.begin(), sorted.end(), text,
                                [](const Token &token, StringRef t) { return token.text < t; });
  if (found != sorted.end() && found->text == text)
    return found->id;
  return std::nullopt;
}

const SpecialTokens::Token *SpecialTokens::longestAt(StringRef text) const {
  const Token *best = nullptr;
  auto first = sorted.begin(), last = sorted.end();
  for (size_t depth = 0;; ++depth) {
    // All of [first, last) begin with text[0, depth); the one that ends there sorts first.
    if (first != last && first->text.size() == depth)
      best = &*first++;
    if (first == last || depth == text.size())
      return best;
    uint8_t byte = text[depth];
    auto at = [depth](const Token &token) { return static_cast<uint8_t>(token.text[depth]); };
    first = std::partition_point(first, last, [&](const Token &t) { return at(t) < byte; });
    last = std::partition_point(first, last, [&](const Token &t) { return at(t) == byte; });
  }
}

void SpecialTokens::split(StringRef text, bool parseControl,
                          llvm::function_ref<void(StringRef)> plain,
                          llvm::function_ref<void(int32_t)> token) const {
  size_t done = 0;
  if (!sorted.empty())
    for (size_t at = 0; at < text.size();) {
      const Token *found =
          leads[static_cast<uint8_t>(text[at])] ? longestAt(text.drop_front(at)) : nullptr;
      if (!found) {
        ++at;
        continue;
      }
      if (!found->control || parseControl) {
        if (done != at)
          plain(text.slice(done, at));
        token(found->id);
        done = at + found->text.size();
      }
      at += found->text.size();
    }
  if (done != text.size())
    plain(text.drop_front(done));
}
