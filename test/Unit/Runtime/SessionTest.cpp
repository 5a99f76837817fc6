//===- SessionTest.cpp - the same bits however a model is fed ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// With the shipped model: prompts in chunks of any size on any number of threads, and sequences
// decoded together, each of which gets the bits that it gets alone (the entry `batch` against
// `decode` and `prefill`, for the kernels and for the oracle).

#include "../../../tools/Common/LoadedModel.h"

#include "gtest/gtest.h"

#include <cstdlib>
#include <cstring>
#include <random>

using namespace ignis;
using runtime::Session;

namespace {

constexpr int64_t kSequences = 5;

class Batch : public ::testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    setenv("IGNIS_COMPILER_LIBRARY", IGNIS_COMPILER_LIBRARY, 1);
    auto opened = gguf::File::open(IGNIS_SOURCE_DIR "/models/fairy-tales-20m-q8_0.gguf");
    ASSERT_TRUE(static_cast<bool>(opened)) << llvm::toString(opened.takeError());
    file = std::make_unique<gguf::File>(std::move(*opened));
  }

  std::unique_ptr<Session> open(int64_t sequences, int threads) {
    tools::ModelOptions options;
    options.compile.lowering = GetParam();
    options.compile.modelPath = IGNIS_SOURCE_DIR "/models/fairy-tales-20m-q8_0.gguf";
    options.compile.context = 64;
    options.compile.chunk = 16;
    options.compile.sequences = sequences;
    options.compile.entries = {"embed", "decode", "prefill"};
    if (sequences)
      options.compile.entries.push_back("batch");
    options.cacheDirectory = "off";
    options.threads = threads;
    tools::LoadTimes times;
    auto session = tools::openSession(options, *file, times);
    if (!session) {
      ADD_FAILURE() << llvm::toString(session.takeError());
      return nullptr;
    }
    return std::move(*session);
  }

  static void succeed(llvm::Error error) {
    EXPECT_FALSE(static_cast<bool>(error)) << llvm::toString(std::move(error));
  }
  static std::string message(llvm::Error error) { return llvm::toString(std::move(error)); }

  std::unique_ptr<gguf::File> file;
};

std::vector<float> copy(llvm::ArrayRef<float> logits) { return logits.vec(); }

bool same(llvm::ArrayRef<float> a, llvm::ArrayRef<float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * 4) == 0;
}

} // namespace

TEST_P(Batch, EachSequenceGetsItsOwnBits) {
  std::mt19937 random(7);
  std::unique_ptr<Session> single = open(0, 1);
  ASSERT_TRUE(single);
  EXPECT_EQ(single->sequences(), 1);
  // Prompts of different lengths, then some tokens each. The oracle is slow.
  bool slow = GetParam() == std::string("reference");
  const std::vector<size_t> prompts =
      slow ? std::vector<size_t>{1, 3, 2, 4, 1} : std::vector<size_t>{1, 19, 4, 33, 16};
  const size_t tokens = slow ? 2 : 12;
  std::vector<std::vector<int32_t>> ids(kSequences);
  std::vector<std::vector<std::vector<float>>> expected(kSequences);
  for (size_t s = 0; s < kSequences; ++s) {
    for (size_t i = 0; i < prompts[s] + tokens; ++i)
      ids[s].push_back(
          static_cast<int32_t>(random() % static_cast<uint32_t>(single->vocabulary())));
    single->rewind(0);
    succeed(single->feed(llvm::ArrayRef(ids[s]).take_front(prompts[s])));
    expected[s].push_back(copy(single->lastLogits()));
    for (size_t i = 0; i < tokens; ++i) {
      succeed(single->feed(ids[s][prompts[s] + i]));
      expected[s].push_back(copy(single->lastLogits()));
    }
  }

  for (int threads : {1, 2}) {
    if (slow && threads == 2)
      continue;
    std::unique_ptr<Session> session = open(kSequences, threads);
    ASSERT_TRUE(session);
    ASSERT_EQ(session->sequences(), kSequences);
    for (size_t s = 0; s < kSequences; ++s) {
      succeed(session->select(static_cast<int64_t>(s)));
      succeed(session->feed(llvm::ArrayRef(ids[s]).take_front(prompts[s])));
      EXPECT_TRUE(same(session->lastLogits(), expected[s][0])) << "prompt of sequence " << s;
    }
    // Steps of all, of some, in changing order, and of one sequence several times.
    std::vector<size_t> done(kSequences);
    while (true) {
      std::vector<int64_t> which;
      std::vector<int32_t> next;
      std::vector<size_t> index;
      std::vector<size_t> left = done;
      for (int64_t row = 0; row < kSequences; ++row) {
        auto s = random() % kSequences;
        if (left[s] == tokens)
          continue;
        which.push_back(static_cast<int64_t>(s));
        next.push_back(ids[s][prompts[s] + left[s]]);
        index.push_back(++left[s]);
      }
      if (which.empty()) {
        if (llvm::all_of(done, [&](size_t d) { return d == tokens; }))
          break;
        continue;
      }
      succeed(session->step(which, next));
      done = left;
      for (size_t row = 0; row < which.size(); ++row) {
        auto s = static_cast<size_t>(which[row]);
        ASSERT_TRUE(same(session->stepLogits(static_cast<int64_t>(row)), expected[s][index[row]]))
            << "sequence " << s << ", token " << index[row] << ", " << threads << " threads";
      }
    }
    // And back to one of them alone.
    succeed(session->select(3));
    EXPECT_EQ(session->position(), static_cast<int64_t>(prompts[3] + tokens));
    session->rewind(static_cast<int64_t>(prompts[3]));
    succeed(session->feed(llvm::ArrayRef(ids[3]).take_back(tokens)));
    EXPECT_TRUE(same(session->lastLogits(), expected[3][tokens]));
  }
}

TEST_P(Batch, WhatCannotBeDone) {
  if (GetParam() == std::string("reference"))
    GTEST_SKIP() << "the runtime's checks do not depend on the lowering";
  std::unique_ptr<Session> single = open(0, 1), session = open(2, 1);
  ASSERT_TRUE(single && session);
  EXPECT_EQ(message(single->step({0}, {1})), "the module has no entry point 'batch'");
  EXPECT_EQ(message(single->select(1)), "sequence is 1, expected 0 to 0");
  EXPECT_EQ(message(session->select(2)), "sequence is 2, expected 0 to 1");
  EXPECT_EQ(message(session->step({0, 2}, {1, 1})), "sequence is 2, expected 0 to 1");
  EXPECT_EQ(message(session->step({0, 1}, {1})),
            "a step of 1 ids for 2 sequences, expected as many of each and at most 2");
  EXPECT_EQ(message(session->step({0, 1, 0}, {1, 1, 1})),
            "a step of 3 ids for 3 sequences, expected as many of each and at most 2");
  EXPECT_EQ(message(session->step({0}, {-1})).substr(0, 37),
            "token id -1 is outside the vocabulary");
  EXPECT_EQ(session->position(), 0);
  succeed(session->step({}, {}));
  std::vector<int32_t> ids(63, 5);
  succeed(session->feed(ids));
  EXPECT_EQ(message(session->step({0, 0}, {1, 1})),
            "context of 64 positions of sequence 0 is full");
  EXPECT_EQ(session->position(), 63);
}

// Every kernel variant that this machine has, on one thread and on two, with the prompt in calls of
// 1, 7, 64 and 512 rows: the logits after it and after three more tokens.
TEST(Session, PromptInChunks) {
  setenv("IGNIS_COMPILER_LIBRARY", IGNIS_COMPILER_LIBRARY, 1);
  const std::string path = IGNIS_SOURCE_DIR "/models/fairy-tales-20m-q8_0.gguf";
  auto file = gguf::File::open(path);
  ASSERT_TRUE(static_cast<bool>(file)) << llvm::toString(file.takeError());
  std::vector<float> expected[2];
  int variants = 0;
  for (const kernels::Variant &variant : kernels::variants()) {
    if (!kernels::missingFeatures(variant.needs, kernels::detectCPUFeatures()).empty())
      continue;
    ++variants;
    bool slow = variant.name == std::string("scalar"); // A shorter prompt, fewer ways.
    for (int threads : {1, 2}) {
      tools::ModelOptions options;
      options.compile.modelPath = path;
      options.compile.context = 640;
      options.compile.chunk = 512;
      options.compile.entries = {"embed", "decode", "prefill"};
      options.kernelsName = variant.name;
      options.cacheDirectory = "off";
      options.threads = threads;
      tools::LoadTimes times;
      auto session = tools::openSession(options, *file, times);
      ASSERT_TRUE(static_cast<bool>(session)) << llvm::toString(session.takeError());
      for (bool longPrompt : {false, true})
        for (int64_t chunk : {512, 64, 7, 1}) {
          if (slow && (longPrompt || (chunk != 7 && chunk != 64)))
            continue;
          std::vector<int32_t> ids(longPrompt ? 600 : 20);
          for (size_t i = 0; i < ids.size(); ++i)
            ids[i] = static_cast<int32_t>((i * 7919 + 13) % 5000);
          (*session)->rewind(0);
          llvm::Error error = (*session)->feed(ids, chunk);
          ASSERT_FALSE(static_cast<bool>(error)) << llvm::toString(std::move(error));
          std::vector<float> logits = (*session)->lastLogits().vec();
          for (int32_t id : {5, 1, 44}) {
            error = (*session)->feed(id);
            ASSERT_FALSE(static_cast<bool>(error)) << llvm::toString(std::move(error));
            llvm::ArrayRef<float> more = (*session)->lastLogits();
            logits.insert(logits.end(), more.begin(), more.end());
          }
          std::vector<float> &want = expected[longPrompt];
          if (want.empty())
            want = logits;
          EXPECT_TRUE(same(logits, want))
              << variant.name << ", " << threads << " threads, chunks of " << chunk;
        }
    }
  }
  EXPECT_GE(variants, 1);
}

// A first call of few ids leaves the weights in the file; whatever comes next packs them.
TEST(Session, PacksWhenItPays) {
  setenv("IGNIS_COMPILER_LIBRARY", IGNIS_COMPILER_LIBRARY, 1);
  const std::string path = IGNIS_SOURCE_DIR "/models/fairy-tales-20m-q8_0.gguf";
  auto file = gguf::File::open(path);
  ASSERT_TRUE(static_cast<bool>(file)) << llvm::toString(file.takeError());
  tools::ModelOptions options;
  options.compile.modelPath = path;
  options.compile.context = 320;
  options.compile.chunk = 256;
  options.compile.sequences = 2;
  options.compile.entries = {"embed", "decode", "prefill", "batch"};
  options.cacheDirectory = "off";
  options.threads = 2;
  tools::LoadTimes times;
  auto variant = tools::completeOptions(options, *file);
  ASSERT_TRUE(static_cast<bool>(variant)) << llvm::toString(variant.takeError());
  auto model = tools::compileModel(options, *file, **variant, times);
  ASSERT_TRUE(static_cast<bool>(model)) << llvm::toString(model.takeError());
  auto packedAfter = [&](const std::function<llvm::Error(Session &)> &call) {
    runtime::SessionOptions how;
    how.threads = 2;
    how.kernels = *variant;
    auto session = Session::create(*file, *model, how);
    EXPECT_TRUE(static_cast<bool>(session));
    EXPECT_EQ((*session)->memory().weightsPacked, 0);
    llvm::Error error = call(**session);
    EXPECT_FALSE(static_cast<bool>(error)) << llvm::toString(std::move(error));
    return (*session)->memory().weightsPacked > 0;
  };
  std::vector<int32_t> ids(Session::kRowsBeforePacking + 1, 7);
  llvm::ArrayRef<int32_t> all(ids);
  EXPECT_FALSE(packedAfter([&](Session &s) { return s.feed(1); }));
  EXPECT_FALSE(packedAfter([&](Session &s) { return s.feed(all.drop_back()); }));
  EXPECT_TRUE(packedAfter([&](Session &s) { return s.feed(all); }));
  EXPECT_TRUE(packedAfter([&](Session &s) { return s.feed(all.take_front(20), 10); }));
  EXPECT_TRUE(packedAfter([&](Session &s) {
    llvm::Error error = s.feed(1);
    return error ? std::move(error) : s.feed(2);
  }));
  EXPECT_TRUE(packedAfter(
      [&](Session &s) { return s.score({1, 2}, [](int64_t, llvm::ArrayRef<float>) {}); }));
  EXPECT_TRUE(packedAfter([&](Session &s) { return s.step({1}, {3}); }));
  EXPECT_TRUE(packedAfter([&](Session &s) {
    s.prepare();
    return llvm::Error::success();
  }));
}

INSTANTIATE_TEST_SUITE_P(Lowerings, Batch, ::testing::Values("kernels", "reference"),
                         [](const auto &info) { return std::string(info.param); });
