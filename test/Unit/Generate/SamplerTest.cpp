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
