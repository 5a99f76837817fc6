//===- SamplerTest.cpp - docs/Numerics.md, section 7 ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Known vectors of the generator, and distributions that can be counted.

#include "ignis/Generate/Sampler.h"
#include "ignis/Generate/Math.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <map>

using namespace ignis::generate;

TEST(Math, ExponentialAndLogarithm) {
  for (double x = -60; x < 60; x += 0.173) {
    double expected = static_cast<double>(std::exp(static_cast<long double>(x)));
    EXPECT_NEAR(exponential(x) / expected, 1, 2e-15) << x;
    EXPECT_NEAR(logarithm(expected), x, 2e-14) << x;
  }
  EXPECT_EQ(exponential(0), 1);
  EXPECT_EQ(logarithm(1), 0);
}

TEST(Sampler, GreedyTakesTheFirstOfEquals) {
  Sampler sampler({});
  EXPECT_EQ(sampler.sample({1, 5, 5, 2}), 1);
  float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(sampler.sample({nan, 1, 3}), 2);
}

TEST(Sampler, TheLargestAnywhere) {
  float infinity = std::numeric_limits<float>::infinity();
  for (size_t size : {1, 15, 16, 17, 33, 100})
    for (size_t place = 0; place < size; ++place) {
      std::vector<float> logits(size, -2);
      logits[place] = -1;
      if (place + 3 < size)
        logits[place + 3] = -1; // The first of both counts.
      EXPECT_EQ(argmax(logits), static_cast<int32_t>(place)) << size;
      std::fill(logits.begin(), logits.end(), -infinity);
      EXPECT_EQ(argmax(logits), 0);
      logits[place] = infinity;
      EXPECT_EQ(argmax(logits), static_cast<int32_t>(place)) << size;
    }
}

TEST(Sampler, SameSeedSameTokens) {
  std::vector<float> logits;
  for (int i = 0; i < 1000; ++i)
    logits.push_back(static_cast<float>((i * 37) % 101) / 20);
  SamplerOptions options;
  options.temperature = 0.9;
  options.topK = 50;
  options.topP = 0.9;
  options.seed = 7;
  Sampler a(options), b(options);
  options.seed = 8;
  Sampler c(options);
  int differ = 0;
  for (int i = 0; i < 100; ++i) {
    int32_t token = a.sample(logits);
    EXPECT_EQ(token, b.sample(logits));
    differ += token != c.sample(logits);
  }
  EXPECT_GT(differ, 50);
}

TEST(Sampler, FollowsTheDistribution) {
  SamplerOptions options;
  options.temperature = 1;
  Sampler sampler(options);
  // Probabilities 0.5, 0.25, 0.25.
  std::vector<float> logits = {std::log(2.0f), 0, 0};
  std::map<int32_t, int> counts;
  for (int i = 0; i < 20000; ++i)
    ++counts[sampler.sample(logits)];
  EXPECT_NEAR(counts[0], 10000, 350);
  EXPECT_NEAR(counts[1], 5000, 300);
  EXPECT_NEAR(counts[2], 5000, 300);
}

TEST(Sampler, TopKAndTopPCut) {
  std::vector<float> logits = {3, 2, 1, 0};
  SamplerOptions options;
  options.temperature = 1;
  options.topK = 2;
  Sampler k(options);
  options.topK = 0;
  options.topP = 0.6; // The best has 0.64.
  Sampler p(options);
  for (int i = 0; i < 300; ++i) {
    EXPECT_LE(k.sample(logits), 1);
    EXPECT_EQ(p.sample(logits), 0);
  }
}

TEST(Sampler, MinPCutsBelowAShareOfTheBest) {
  // Weights 1, 0.5, 0.25, 0.125.
  std::vector<float> logits;
  for (double weight : {1.0, 0.5, 0.25, 0.125})
    logits.push_back(static_cast<float>(std::log(weight)));
  SamplerOptions options;
  options.temperature = 1;
  options.minP = 0.4;
  Sampler two(options);
  options.minP = 1;
  Sampler one(options);
  std::map<int32_t, int> counts;
  for (int i = 0; i < 3000; ++i) {
    ++counts[two.sample(logits)];
    EXPECT_EQ(one.sample(logits), 0);
  }
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_NEAR(counts[0], 2000, 100);
}

TEST(Sampler, BiasAddsAndBans) {
  SamplerOptions options;
  options.bias = {{0, 2.5f}, {1, -std::numeric_limits<float>::infinity()}, {99, 1}};
  EXPECT_EQ(Sampler(options).sample({1, 5, 3}), 0); // 3.5, banned, 3; 99 is no token
}

TEST(Sampler, PenaltiesCountWhatIsInTheWindow) {
  SamplerOptions options;
  options.repetitionPenalty = 2;
  Sampler repetition(options);
  EXPECT_EQ(repetition.sample({4, 3, 1}), 0); // Nothing has occurred.
  repetition.accept({0, 0});
  EXPECT_EQ(repetition.sample({4, 3, 1}), 1);    // 2, 3, 1: once is enough
  EXPECT_EQ(repetition.sample({-1, -1.5}), 1);   // -2, -1.5: not nearer to 0
  EXPECT_EQ(repetition.sample({6.1f, 3, 1}), 0); // 3.05

  options = {};
  options.frequencyPenalty = 0.5;
  options.presencePenalty = 0.25;
  options.penaltyWindow = 3;
  Sampler counts(options);
  counts.accept({0, 0, 1});
  EXPECT_EQ(counts.sample({4, 3.4f, 2}), 0);    // 2.75, 2.65, 2
  EXPECT_EQ(counts.sample({4, 3.51f, 2}), 1);   // 2.75, 2.76, 2
  counts.accept({2, 2});                        // The window is 1, 2, 2.
  EXPECT_EQ(counts.sample({1, 1.7f, 2.2f}), 0); // 1, 0.95, 0.95

  options.penaltyWindow = -1;
  Sampler all(options);
  all.accept({0, 1, 1, 1, 1, 1});
  EXPECT_EQ(all.sample({1.7f, 3.6f}), 0); // 0.95, 0.85
  options.penaltyWindow = 0;
  Sampler none(options);
  none.accept({0, 0, 0});
  EXPECT_EQ(none.sample({1.1f, 1}), 0);
}

TEST(Sampler, UsableLogits) {
  float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(areUsable({-inf, 0}));
  EXPECT_TRUE(areUsable({inf}));
  EXPECT_FALSE(areUsable({1, nan}));
  EXPECT_FALSE(areUsable({-inf, -inf}));
  EXPECT_FALSE(areUsable({}));
}
