//===- EncodeTest.cpp - merges, words, special tokens, bytes ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Mostly on vocabularies of a few merges, whose ids a reader can check.

#include "TestVocabulary.h"

#include "gtest/gtest.h"

#include <ctime>
#include <map>
#include <random>

using namespace ignis::tokenizer;
using namespace ignis::tokenizer::test;

namespace {
std::string repeat(const std::string &text, size_t count) {
  std::string out;
  for (size_t i = 0; i != count; ++i)
    out += text;
  return out;
}

TEST(Encode, Merges) {
  auto t = load(smallVocabulary().file());
  EXPECT_EQ(t->size(), 266);
  EXPECT_EQ(t->encode(""), Ids());
  EXPECT_EQ(t->encode("hello"), Ids({259}));
  EXPECT_EQ(t->encode("hello hello"), Ids({259, 260}));
  EXPECT_EQ(t->encode("helo"), Ids({256, 'l', 'o'}));
  EXPECT_EQ(t->encode("lll"), Ids({257, 'l'})); // leftmost first
  EXPECT_EQ(t->encode("\u00e9"), Ids({261}));
  EXPECT_EQ(t->encode("he llo"), Ids({256, ' ', 257, 'o'})); // not across words
}

TEST(Encode, LowestRankFirst) {
  Vocabulary v = Vocabulary::bytes();
  v.merge("b", "c").merge("a", "b"); // 256, 257
  EXPECT_EQ(load(v.file())->encode("abc"), Ids({'a', 256}));
  Vocabulary w = Vocabulary::bytes();
  w.merge("a", "b").merge("b", "c");
  EXPECT_EQ(load(w.file())->encode("abc"), Ids({256, 'c'}));
  // Of two merges of one pair the later counts, as in the referee.
  w.merges.push_back("a b");
  EXPECT_EQ(load(w.file())->encode("abc"), Ids({'a', 257}));
}

/// Byte-pair encoding as it is defined, step by step.
Ids slowMerge(
    const std::string &word,
    const std::map<std::pair<Ids::value_type, int32_t>, std::pair<size_t, int32_t>> &ranks) {
  Ids ids;
  for (char byte : word)
    ids.push_back(static_cast<uint8_t>(byte));
  for (;;) {
    size_t best = SIZE_MAX, at = 0;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      auto found = ranks.find({ids[i], ids[i + 1]});
      if (found != ranks.end() && found->second.first < best) {
        best = found->second.first;
        at = i;
      }
    }
    if (best == SIZE_MAX)
      return ids;
    ids[at] = ranks.at({ids[at], ids[at + 1]}).second;
    ids.erase(ids.begin() + at + 1);
  }
}

TEST(Encode, RandomMergesOfWordsShortAndLong) {
  std::mt19937 random(1);
  for (int round = 0; round != 20; ++round) {
    // Merges of random tokens over three letters: many overlap, many ranks tie.
    Vocabulary v = Vocabulary::bytes();
    std::vector<std::pair<std::string, int32_t>> known{{"a", 'a'}, {"b", 'b'}, {"c", 'c'}};
    std::map<std::string, int32_t> ids{{"a", 'a'}, {"b", 'b'}, {"c", 'c'}};
    std::map<std::pair<int32_t, int32_t>, std::pair<size_t, int32_t>> ranks;
    for (int i = 0; i != 60; ++i) {
      auto [left, leftId] = known[random() % known.size()];
      auto [right, rightId] = known[random() % known.size()];
      if (ranks.count({leftId, rightId}))
        continue;
      std::string joined = left + right;
      if (!ids.count(joined)) {
        ids[joined] = v.add(joined, TokenKind::Normal);
        known.push_back({joined, ids[joined]});
      }
      v.merges.push_back(left + " " + right);
      ranks[{leftId, rightId}] = {ranks.size(), ids[joined]};
    }
    auto t = load(v.file());
    for (size_t length : {1, 2, 5, 16, 31, 32, 33, 34, 64, 100, 700})
      for (int i = 0; i != 10; ++i) {
        std::string word;
        while (word.size() != length)
          word += "abc"[random() % 3];
        EXPECT_EQ(t->encode(word), slowMerge(word, ranks)) << word;
      }
  }
}

TEST(Encode, LongWordsAreNotQuadratic) {
  // 1 MB each; squares of that would take hours.
  auto t = load(smallVocabulary().file());
  const Tokenizer &q = qwen2();
  std::clock_t start = std::clock(); // time of the processor: a busy machine does not count
  for (std::string unit : {"A", "l", "hello", "\n", " ", "\t", "0", "!", "\u0301", "\U0001f600",
                           "'s", "\u180e", " \n"}) {
    std::string text = repeat(unit, 1000000 / unit.size());
    EXPECT_EQ(t->decode(t->encode(text)), text);
    EXPECT_EQ(q.decode(q.encode(text)), text);
    EXPECT_EQ(q.decode(q.encode(text + "x")), text + "x");
  }
  // Marks that must be sorted: half of them to the other end.
  std::string marks = "a" + repeat("\u0334\u0327\u0323\u0301\u0345", 100000);
  EXPECT_EQ(q.encode(marks), q.encode("a" + repeat("\u0334", 100000) + repeat("\u0327", 100000) +
                                      repeat("\u0323", 100000) + repeat("\u0301", 100000) +
                                      repeat("\u0345", 100000)));
  EXPECT_LT(double(std::clock() - start) / CLOCKS_PER_SEC, 60);
}

TEST(Encode, EveryByteStringComesBack) {
  auto t = load(smallVocabulary().file().boolean("ignis.tokenizer.nfc", 0));
  std::mt19937 random(2);
  for (int i = 0; i != 20000; ++i) {
    std::string text;
    for (size_t length = random() % 24; text.size() != length;)
      text += static_cast<char>(random() % 3 ? 0x80 | random() : random());
    Ids ids = t->encode(text, i & 1);
    EXPECT_EQ(t->decode(ids), text);
  }
}

TEST(Encode, BytesThatAreNotUTF8) {
  auto t = load(smallVocabulary().file());
  auto single = [](const std::string &bytes) {
    Ids ids;
    for (char byte : bytes)
      ids.push_back(static_cast<uint8_t>(byte));
    return ids;
  };
  // Continuation alone, cut short, overlong, surrogate, beyond U+10FFFF, never a byte of UTF-8.
  for (const char *text : {"\x80", "\xc3", "\xe4\xb8", "\xf0\x9f\x98", "\xc0\xaf", "\xe0\x80\xaf",
                           "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff\xfe"})
    EXPECT_EQ(t->encode(text), single(text));
  EXPECT_EQ(t->encode("hello\xffhello"), Ids({259, 0xff, 259}));
  EXPECT_EQ(t->encode("\xc3\xc3\xa9"), Ids({0xc3, 261})); // no merge begins in a broken character
  EXPECT_EQ(t->encode(llvm::StringRef("\0hello\0", 7)), Ids({0, 259, 0}));
}

TEST(Encode, SpecialTokens) {
  auto t = load(smallVocabulary().file());
  EXPECT_EQ(t->encode("hello<|im_end|>hello", true), Ids({259, 264, 259}));
  Ids text = t->encode("<|im_end|>");
  EXPECT_EQ(text.size(), 10u);
  EXPECT_EQ(t->encode("<|im_end|><|im_end|>", true), Ids({264, 264}));
  EXPECT_EQ(t->encode("<<tool>>"), Ids({'<', 265, '>'})); // user-defined: always
  EXPECT_EQ(t->encode("<|im_end|", true).size(), 9u);
  EXPECT_EQ(t->encode("\xff<|im_end|>\xff", true), Ids({0xff, 264, 0xff}));
}

TEST(Encode, LongestSpecialTokenWins) {
  Vocabulary v = Vocabulary::bytes();
  v.add("<a", TokenKind::UserDefined);  // 256
  v.add("<ab>", TokenKind::Control);    // 257
  v.add("<ab>cd", TokenKind::Control);  // 258
  v.add("b>c", TokenKind::UserDefined); // 259
  v.add("<a", TokenKind::Control);      // 260, never found
  v.add("", TokenKind::Control);        // 261, likewise
  auto t = load(v.file());
  EXPECT_EQ(t->encode("<ab>c", true), Ids({257, 'c'}));
  EXPECT_EQ(t->encode("<ab>cd<ab>", true), Ids({258, 257}));
  EXPECT_EQ(t->encode("<a<ac", true), Ids({256, 256, 'c'}));
  // As the referee: no other token begins inside of a control token that is not parsed.
  EXPECT_EQ(t->encode("<ab>c", false), Ids({'<', 'a', 'b', '>', 'c'}));
  EXPECT_EQ(t->decode(260), "<a");
  EXPECT_EQ(t->decode(261), "");
}

TEST(Encode, DigitsApartContractionsAndSpace) {
  // What the pattern does, seen through a vocabulary that would merge more.
  Vocabulary v = Vocabulary::bytes();
  v.merge("1", "2").merge(" ", "1").merge("'", "S").merge("'S", "a").merge(" ", " ").merge(" ",
                                                                                           "a");
  v.merge("'", "\xc5").merge("'\xc5", "\xbf").merge("'\xc5\xbf", "a");
  auto t = load(v.file());
  EXPECT_EQ(t->encode("12 1"), Ids({'1', '2', ' ', '1'}));
  EXPECT_EQ(t->encode("'Sa"), Ids({258, 'a'}));
  EXPECT_EQ(t->encode("'\u017fa"), Ids({263, 'a'})); // long s is an s when case does not count
  EXPECT_EQ(t->encode("  a"), Ids({' ', 261}));
  EXPECT_EQ(t->encode("   a"), Ids({260, 261}));
  EXPECT_EQ(t->encode("  "), Ids({260}));
}

} // namespace
