//===- StreamDecoderTest.cpp - whole characters at a time -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Tokens are single bytes here wherever it matters, the hardest case.

#include "TestVocabulary.h"

#include "ignis/Tokenizer/StreamDecoder.h"

#include "llvm/Support/ConvertUTF.h"

#include "gtest/gtest.h"

#include <random>

using namespace ignis::tokenizer;
using namespace ignis::tokenizer::test;

namespace {
class Stream : public ::testing::Test {
protected:
  std::unique_ptr<Tokenizer> tokenizer = load(smallVocabulary().file());

  /// What comes out after each byte, "|" between, then what flush() gives.
  std::string pieces(const std::string &bytes, StreamOptions options = {}) {
    StreamDecoder decoder(*tokenizer, options);
    std::string out;
    for (char byte : bytes)
      out += decoder.push(static_cast<uint8_t>(byte)) + "|";
    return out + decoder.flush();
  }
};

TEST_F(Stream, HoldsCharactersBackUntilTheyAreWhole) {
  EXPECT_EQ(pieces("ab"), "a|b|");
  EXPECT_EQ(pieces("\u00e9x"), "|\u00e9|x|");
  EXPECT_EQ(pieces("\u4e2d"), "||\u4e2d|");
  EXPECT_EQ(pieces("\U0001f600!"), "|||\U0001f600|!|");
}

TEST_F(Stream, ReplacesWhatCannotBecomeACharacter) {
  EXPECT_EQ(pieces("\x80"
                   "a"),
            "\ufffd|a|");
  EXPECT_EQ(pieces("\xe4"
                   "a"),
            "|\ufffd"
            "a|");                                                // cut short by a letter
  EXPECT_EQ(pieces("\xf0\x9f\x98"), "|||\ufffd");                 // by the end: one for the prefix
  EXPECT_EQ(pieces("\xf0\x9f\xe4\xb8\xad"), "||\ufffd||\u4e2d|"); // by another character
  EXPECT_EQ(pieces("\xed\xa0\x80"), "|\ufffd\ufffd|\ufffd|");     // a surrogate: no prefix of any
  EXPECT_EQ(pieces("\xf4\x90"), "|\ufffd\ufffd|");
  EXPECT_EQ(pieces("\xc0\xaf"), "\ufffd|\ufffd|");
}

TEST_F(Stream, PassesBytesWhereAskedFor) {
  StreamOptions raw;
  raw.replaceInvalid = false;
  EXPECT_EQ(pieces("\xe4"
                   "a\x80",
                   raw),
            "|\xe4"
            "a|\x80|");
  EXPECT_EQ(pieces("\xf0\x9f\x98", raw), "|||\xf0\x9f\x98");
  EXPECT_EQ(pieces("\u00e9", raw), "|\u00e9|");
}

TEST_F(Stream, FlushBeginsAnew) {
  StreamDecoder decoder(*tokenizer);
  EXPECT_EQ(decoder.flush(), "");
  EXPECT_EQ(decoder.push(0xc3), "");
  EXPECT_TRUE(decoder.pending());
  EXPECT_EQ(decoder.flush(), "\ufffd");
  EXPECT_FALSE(decoder.pending());
  EXPECT_EQ(decoder.push(0xa9), "\ufffd");
}

TEST_F(Stream, ControlTokensAndIdsThatAreNone) {
  StreamDecoder decoder(*tokenizer);
  EXPECT_EQ(decoder.push(264), "");
  EXPECT_EQ(decoder.push(265), "<tool>");
  for (int32_t id : {-1, 266, INT32_MAX, INT32_MIN})
    EXPECT_EQ(decoder.push(id), "");
  StreamOptions options;
  options.skipControl = false;
  EXPECT_EQ(StreamDecoder(*tokenizer, options).push(264), "<|im_end|>");
}

TEST_F(Stream, RandomIdsGiveValidTextWhateverTheirOrder) {
  std::mt19937 random(3);
  for (int round = 0; round != 2000; ++round) {
    StreamDecoder decoder(*tokenizer), other(*tokenizer);
    std::string text;
    Ids ids;
    auto check = [&](const std::string &part) {
      auto *bytes = reinterpret_cast<const llvm::UTF8 *>(part.data());
      EXPECT_TRUE(llvm::isLegalUTF8String(&bytes, bytes + part.size()));
      text += part;
    };
    for (int i = 0; i != 40; ++i) {
      int32_t id = random() % 3 ? 0x80 + random() % 0x80 : random() % 266;
      ids.push_back(id);
      check(decoder.push(id));
    }
    check(decoder.flush());
    // The same bytes as UTF-8 at once: the replacement does not depend on where tokens end.
    std::string whole;
    for (int32_t id : ids)
      if (!tokenizer->isControl(id))
        whole += tokenizer->decode(id);
    std::string split;
    for (char byte : whole)
      split += other.push(static_cast<uint8_t>(byte));
    EXPECT_EQ(split + other.flush(), text);
  }
}

TEST(Decode, TokensOfTheRealVocabulary) {
  const Tokenizer &q = qwen2();
  EXPECT_EQ(q.size(), 151936);
  EXPECT_EQ(q.decode(0), "!");
  EXPECT_EQ(q.decode(220), " ");
  EXPECT_EQ(q.decode(198), "\n");
  EXPECT_EQ(q.decode(151645), "<|im_end|>");
  EXPECT_EQ(q.decode(151935), "[PAD151935]");
  EXPECT_EQ(q.decode(151936), "");
  EXPECT_EQ(q.decode(-1), "");
  EXPECT_EQ(q.decode(Ids{0, -5, 220, 1 << 30}), "! ");
  // An emoji of more than one token streams as one character.
  Ids ids = q.encode("\U0001fae8");
  ASSERT_GT(ids.size(), 1u);
  StreamDecoder decoder(q);
  for (size_t i = 0; i + 1 != ids.size(); ++i)
    EXPECT_EQ(decoder.push(ids[i]), "");
  EXPECT_EQ(decoder.push(ids.back()), "\U0001fae8");
}

TEST(Decode, TextOutsideTheByteAlphabetIsItself) {
  Vocabulary v = Vocabulary::bytes();
  v.add("\u4e2d", TokenKind::Normal); // no character of the alphabet
  v.add(byteCharacters("\u4e2d"), TokenKind::Normal);
  v.add(byteCharacter(' ') + "a b", TokenKind::Normal); // a space is none either: all stays
  v.add("\u0120x", TokenKind::Control);                 // control tokens are never in the alphabet
  v.add("\xff\xfe", TokenKind::Normal);                 // not even UTF-8
  auto t = load(v.file());
  EXPECT_EQ(t->decode(256), "\u4e2d");
  EXPECT_EQ(t->decode(257), "\u4e2d");
  EXPECT_EQ(t->decode(258), "\u0120a b");
  EXPECT_EQ(t->decode(259), "\u0120x");
  EXPECT_EQ(t->decode(260), "\xff\xfe");
}
} // namespace
