//===- LoadTest.cpp - metadata, whole and broken ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "TestVocabulary.h"

#include "gtest/gtest.h"

#include <random>

using namespace ignis::tokenizer;
using namespace ignis::tokenizer::test;
using ignis::gguf::ValueType;
using ignis::gguf::test::Builder;

namespace {
template <typename Change> std::string changed(Change change) {
  Builder b = smallVocabulary().file();
  change(b);
  return loadError(b);
}
template <typename Change> std::string changedVocabulary(Change change) {
  Vocabulary v = smallVocabulary();
  change(v);
  return loadError(v.file());
}

TEST(TokenizerLoad, Settings) {
  auto bare = load(smallVocabulary().file());
  EXPECT_FALSE(bare->bos() || bare->padding() || bare->addBos());
  EXPECT_TRUE(bare->normalizesToNFC()); // what Qwen2 does, where the file does not say
  EXPECT_EQ(bare->chatTemplate(), "");
  EXPECT_EQ(bare->endOfText().vec(), Ids({262, 264})); // by name
  EXPECT_TRUE(bare->isEndOfText(262));
  EXPECT_FALSE(bare->isEndOfText(263) || bare->isEndOfText(-1));
  EXPECT_EQ(bare->specialToken("<|im_end|>"), 264);
  EXPECT_EQ(bare->specialToken("hello"), std::nullopt);
  EXPECT_EQ(bare->kind(262), TokenKind::Control);
  EXPECT_EQ(bare->kind(265), TokenKind::UserDefined);
  EXPECT_EQ(bare->kind(-1), TokenKind::Unused);
  EXPECT_TRUE(bare->isControl(264));
  EXPECT_FALSE(bare->isControl(265) || bare->isControl(0) || bare->isControl(1000));

  Builder b = smallVocabulary().file();
  b.u32("tokenizer.ggml.eos_token_id", 264).u32("tokenizer.ggml.eot_token_id", 262);
  b.raw("ignis.tokenizer.eos_token_ids", Builder::array<uint32_t>(ValueType::U32, {264, 262, 7}));
  b.u32("tokenizer.ggml.bos_token_id", 262).u32("tokenizer.ggml.padding_token_id", 262);
  b.boolean("tokenizer.ggml.add_bos_token", 1).boolean("ignis.tokenizer.nfc", 0);
  auto full = load(b);
  EXPECT_EQ(full->endOfText().vec(), Ids({264, 262, 7}));
  EXPECT_EQ(full->bos(), 262);
  EXPECT_EQ(full->padding(), 262);
  EXPECT_TRUE(full->addBos());
  EXPECT_FALSE(full->normalizesToNFC());
}

TEST(TokenizerLoad, OtherTokenizersAreRefusedByName) {
  EXPECT_EQ(changed([](Builder &b) { b.str("tokenizer.ggml.model", "llama"); }),
            "key 'tokenizer.ggml.model': expected gpt2, got 'llama'");
  EXPECT_EQ(changed([](Builder &b) { b.str("tokenizer.ggml.pre", "llama-bpe\n\x1b[31m"); }),
            "key 'tokenizer.ggml.pre': expected qwen2, got 'llama-bpe\\x0a\\x1b[31m'");
}

TEST(TokenizerLoad, MissingKeysAndWrongTypes) {
  for (std::string key : {"tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.tokens",
                          "tokenizer.ggml.merges"}) {
    std::string missing = changed([&](Builder &b) { b.erase(key); });
    EXPECT_NE(missing.find(key), std::string::npos) << missing;
    std::string wrong = changed([&](Builder &b) { b.u32(key, 1); });
    EXPECT_NE(wrong.find(key), std::string::npos) << wrong;
    EXPECT_NE(wrong.find("got u32"), std::string::npos) << wrong;
  }
  for (std::string key :
       {"tokenizer.ggml.token_type", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.bos_token_id",
        "tokenizer.ggml.padding_token_id", "tokenizer.ggml.add_bos_token", "ignis.tokenizer.nfc",
        "tokenizer.chat_template", "ignis.tokenizer.eos_token_ids"}) {
    std::string wrong = changed([&](Builder &b) { b.f32(key, 1); });
    EXPECT_NE(wrong.find(key), std::string::npos) << wrong;
    EXPECT_NE(wrong.find("got f32"), std::string::npos) << wrong;
  }
}

TEST(TokenizerLoad, Tokens) {
  EXPECT_EQ(changed([](Builder &b) { b.strings("tokenizer.ggml.tokens", {}); }),
            "key 'tokenizer.ggml.tokens': expected 1 to 2147483647 tokens, got 0");
  EXPECT_EQ(changedVocabulary([](Vocabulary &v) { v.tokens[0x80] = "x x"; }),
            "key 'tokenizer.ggml.tokens': expected a token for each byte, got none for byte 128");
  // Harmless: two of one text (the first is used), an empty one, a very long one.
  Vocabulary v = smallVocabulary();
  v.add("hello", TokenKind::Normal);
  v.add("", TokenKind::Normal);
  v.add(std::string(1 << 20, 'x'), TokenKind::Normal);
  auto t = load(v.file());
  EXPECT_EQ(t->encode("hello"), Ids({259}));
  EXPECT_EQ(t->decode(266), "hello");
  EXPECT_EQ(t->decode(267), "");
  EXPECT_EQ(t->decode(268).size(), size_t(1) << 20);
}

TEST(TokenizerLoad, TokenTypes) {
  EXPECT_EQ(changedVocabulary([](Vocabulary &v) { v.types.pop_back(); }),
            "key 'tokenizer.ggml.token_type': expected 266 types, one for each token, got 265");
  EXPECT_EQ(changedVocabulary([](Vocabulary &v) { v.types[5] = 99; }),
            "key 'tokenizer.ggml.token_type': token 5: expected a type from 1 to 6, got 99");
  EXPECT_EQ(changedVocabulary([](Vocabulary &v) { v.types[5] = 0; }),
            "key 'tokenizer.ggml.token_type': token 5: expected a type from 1 to 6, got 0");
  EXPECT_EQ(
      changedVocabulary([](Vocabulary &v) { v.add(std::string(1025, 'x'), TokenKind::Control); }),
      "key 'tokenizer.ggml.tokens': token 266: expected a special token of at most 1024 "
      "bytes, got 1025");
  auto untyped = load(smallVocabulary().file().erase("tokenizer.ggml.token_type"));
  EXPECT_EQ(untyped->encode("<|im_end|>", true).size(), 10u);
}

TEST(TokenizerLoad, Merges) {
  auto withMerge = [](const std::string &merge) {
    return changedVocabulary([&](Vocabulary &v) { v.merges.push_back(merge); });
  };
  std::string form = "expected two tokens and one space between them";
  for (std::string merge : {"", "ab", " ", " a", "a ", "a b c", "a  b", "  "})
    EXPECT_EQ(withMerge(merge), "key 'tokenizer.ggml.merges': merge 6 '" + merge + "': " + form);
  std::string tokens = "expected tokens of the vocabulary, got ";
  EXPECT_EQ(withMerge("xyz a"),
            "key 'tokenizer.ggml.merges': merge 6 'xyz a': " + tokens + "'xyz'");
  EXPECT_EQ(withMerge("a xyz"),
            "key 'tokenizer.ggml.merges': merge 6 'a xyz': " + tokens + "'xyz'");
  EXPECT_EQ(withMerge("a b"), "key 'tokenizer.ggml.merges': merge 6 'a b': " + tokens + "'ab'");
  EXPECT_EQ(withMerge("\x1b[0m a"),
            "key 'tokenizer.ggml.merges': merge 6 '\\x1b[0m a': " + tokens + "'\\x1b[0m'");
  // None at all is a tokenizer of bytes.
  EXPECT_EQ(load(smallVocabulary().file().strings("tokenizer.ggml.merges", {}))->encode("he"),
            Ids({'h', 'e'}));
}

TEST(TokenizerLoad, SpecialIds) {
  for (std::string key :
       {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id",
        "tokenizer.ggml.bos_token_id", "tokenizer.ggml.padding_token_id"}) {
    std::string expected =
        "key '" + key + "': expected an id below 266, the number of tokens, got ";
    EXPECT_EQ(changed([&](Builder &b) { b.u32(key, 266); }), expected + "266");
    EXPECT_EQ(changed([&](Builder &b) { b.u32(key, UINT32_MAX); }), expected + "4294967295");
    EXPECT_EQ(
        changed([&](Builder &b) { b.raw(key, Builder::scalar<int32_t>(ValueType::I32, -1)); }),
        expected + "-1");
    EXPECT_EQ(changed([&](Builder &b) { b.u32(key, 265); }), "");
  }
  auto list = [](std::vector<uint32_t> ids) {
    return changed([&](Builder &b) {
      b.raw("ignis.tokenizer.eos_token_ids", Builder::array(ValueType::U32, ids));
    });
  };
  EXPECT_EQ(list({264, 266}), "key 'ignis.tokenizer.eos_token_ids': expected ids below 266, the "
                              "number of tokens, got 266");
  EXPECT_EQ(list(std::vector<uint32_t>(65, 1)),
            "key 'ignis.tokenizer.eos_token_ids': expected at most 64 ids, got 65");
  EXPECT_EQ(changed([](Builder &b) { b.boolean("tokenizer.ggml.add_bos_token", 1); }),
            "key 'tokenizer.ggml.add_bos_token': expected a tokenizer.ggml.bos_token_id beside it, "
            "got none");
}

TEST(TokenizerLoad, DamagedFilesAreRefusedOrWork) {
  Builder b = smallVocabulary().file();
  b.u32("tokenizer.ggml.eos_token_id", 264).str("tokenizer.chat_template", "<|im_start|>");
  const ignis::gguf::test::Bytes whole = b.build();
  std::mt19937 random(4);
  int loaded = 0;
  for (int round = 0; round != 3000; ++round) {
    ignis::gguf::test::Bytes bytes = whole;
    for (int i = random() % 4; i >= 0; --i)
      bytes[random() % bytes.size()] = random() % 2 ? random() : bytes[random() % bytes.size()];
    auto file = ignis::gguf::File::fromMemory(bytes, "m.gguf");
    if (!file) {
      llvm::consumeError(file.takeError());
      continue;
    }
    auto tokenizer = Tokenizer::create(*file);
    if (!tokenizer) {
      std::string message = llvm::toString(tokenizer.takeError());
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
      EXPECT_EQ(message.rfind("m.gguf: ", 0), 0u) << message;
      continue;
    }
    ++loaded;
    std::string text = "hello<|im_end|> \xff hello";
    for (int32_t id : (*tokenizer)->encode(text, round & 1))
      EXPECT_TRUE(id >= 0 && id < (*tokenizer)->size());
  }
  EXPECT_GT(loaded, 100);
}
} // namespace
