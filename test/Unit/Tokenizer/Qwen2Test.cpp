//===- Qwen2Test.cpp - the real vocabulary ----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Ids that others published, and ids of the referee (tokenizers 0.23.3) for what is easily wrong.

#include "TestVocabulary.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/ConvertUTF.h"

#include "gtest/gtest.h"

using namespace ignis::tokenizer;
using namespace ignis::tokenizer::test;

namespace {
TEST(Qwen2Tokenizer, PublishedVectors) {
  std::string input = readFile("data/tokenizers/qwen2/vectors.inp");
  std::string output = readFile("data/tokenizers/qwen2/vectors.out");
  llvm::SmallVector<llvm::StringRef, 64> texts, lines;
  llvm::StringRef(input).split(texts, "\n__ggml_vocab_test__\n");
  llvm::StringRef(output).split(lines, '\n');
  ASSERT_EQ(texts.size(), 47u);
  ASSERT_GE(lines.size(), 47u);
  for (size_t i = 0; i != texts.size(); ++i) {
    std::string ids;
    for (int32_t id : qwen2().encode(texts[i]))
      ids += " " + std::to_string(id);
    EXPECT_EQ(ids, lines[i].rtrim().str()) << "text " << i << ": " << texts[i].str();
    EXPECT_EQ(qwen2().decode(qwen2().encode(texts[i])), texts[i].str());
  }
}

TEST(Qwen2Tokenizer, NormalisesToNFC) {
  EXPECT_TRUE(qwen2().normalizesToNFC());
  EXPECT_EQ(qwen2().encode("\u00e9"), Ids({963}));
  EXPECT_EQ(qwen2().encode("e\u0301"), Ids({963}));
  EXPECT_EQ(qwen2().encode("cafe\u0301 cafe\u0301"), qwen2().encode("caf\u00e9 caf\u00e9"));
  // Marks in any order; Hangul; a character that is another's duplicate.
  EXPECT_EQ(qwen2().encode("a\u0302\u0323"), qwen2().encode("\u1ead"));
  EXPECT_EQ(qwen2().encode("\u1112\u1161\u11ab"), qwen2().encode("\ud55c"));
  EXPECT_EQ(qwen2().encode("\u212b"), qwen2().encode("\u00c5"));
  // Not across special tokens, nor across a mark that the referee's Unicode 9 does not know.
  EXPECT_EQ(qwen2().encode("e<|im_end|>\u0301", true), Ids({68, 151645, 53839}));
  EXPECT_EQ(qwen2().decode(qwen2().encode("e\u08d3\u0301")), "e\u08d3\u0301");
}

TEST(Qwen2Tokenizer, NoNormalisationWhereTheFileSaysSo) {
  auto plain = load(qwen2Vocabulary().file().boolean("ignis.tokenizer.nfc", 0));
  EXPECT_FALSE(plain->normalizesToNFC());
  EXPECT_EQ(plain->encode("e\u0301"), Ids({68, 53839}));
  EXPECT_EQ(plain->encode("\u00e9"), Ids({963}));
}

TEST(Qwen2Tokenizer, SpecialTokensOnlyWhereAskedFor) {
  EXPECT_EQ(qwen2().encode("<|im_start|>user\n", true), Ids({151644, 872, 198}));
  EXPECT_EQ(qwen2().encode("<|im_start|>", false), Ids({27, 91, 318, 4906, 91, 29}));
  EXPECT_EQ(qwen2().encode("<tool_call>", false), Ids({151657}));
  EXPECT_EQ(qwen2().encode("[PAD151665]", true), qwen2().encode("[PAD151665]", false));
}

/// CRC-32 of the ids of every code point in a surrounding. The referee's is printed by
///   utils/compare-tokenizer.py --digest data/tokenizers/qwen2
uint32_t digest(llvm::StringRef before, llvm::StringRef after) {
  std::vector<uint32_t> points;
  for (uint32_t c = 0; c != 0x110000; ++c)
    if (c < 0xd800 || c > 0xdfff)
      points.push_back(c);
  uint32_t crc = 0;
  for (size_t first = 0; first < points.size(); first += 64) {
    std::string text;
    for (size_t i = first; i != std::min(first + 64, points.size()); ++i) {
      if (i != first)
        text += "\n\u3000x\n";
      char bytes[4], *end = bytes;
      llvm::ConvertCodePointToUTF8(points[i], end);
      text += before;
      text.append(bytes, end);
      text += after;
    }
    Ids ids = qwen2().encode(text);
    crc = llvm::crc32(crc, llvm::ArrayRef(reinterpret_cast<const uint8_t *>(ids.data()),
                                          ids.size() * sizeof(int32_t)));
  }
  return crc;
}

TEST(Qwen2Tokenizer, EveryCodePointAsTheReferee) {
  EXPECT_EQ(digest("", "1"), 0x27927726u);
  EXPECT_EQ(digest("'", "s"), 0x38e01b80u);
  EXPECT_EQ(digest("e\u0345", "\u0334"), 0xc4130d94u);
}
} // namespace
