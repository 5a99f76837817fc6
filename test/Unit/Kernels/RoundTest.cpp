//===- RoundTest.cpp - rounding of activations ------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "KernelTestSupport.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace ignis::kernels;
using namespace ignis::kernels::test;

namespace {

// docs/Numerics.md, section 1, with libm.
Record referee(const float *x, int64_t k) {
  Record r{std::vector<int8_t>(k), std::vector<float>(k / 32), std::vector<int32_t>(k / 32)};
  for (int64_t b = 0; b < k / 32; ++b) {
    float amax = 0;
    for (int i = 0; i < 32; ++i)
      amax = std::fmax(amax, std::fabs(x[b * 32 + i]));
    if (amax < std::ldexp(1.0f, -100))
      continue;
    r.d[b] = amax / 127.0f;
    float inv = 1.0f / r.d[b];
    for (int i = 0; i < 32; ++i) {
      r.q[b * 32 + i] =
          int8_t(std::fmin(127, std::fmax(-127, std::nearbyint(x[b * 32 + i] * inv))));
      r.sum[b] += r.q[b * 32 + i];
    }
  }
  return r;
}

} // namespace

TEST(Round, EveryVariantEqualsTheReferee) {
  for (const Variant *v : usableVariants()) {
    for (int64_t k : {32, 64, 96, 160, 512, 544, 896, 4864}) {
      for (Activations kind : {Activations::Normal, Activations::Extreme}) {
        int64_t rows = 7;
        std::vector<float> x = makeActivations(rows, k, kind, uint32_t(k));
        Buffer a = rounded(*v, x, rows, k);
        EXPECT_TRUE(a.guardIntact());
        for (int64_t r = 0; r < rows; ++r) {
          Record got = readRecord(v->activations, a.bytes() + r * activationRecordBytes(k), k);
          Record want = referee(&x[r * k], k);
          ASSERT_EQ(got.q, want.q) << v->name << " k=" << k << " row " << r;
          ASSERT_EQ(got.sum, want.sum) << v->name << " k=" << k;
          ASSERT_EQ(std::memcmp(got.d.data(), want.d.data(), k / 32 * 4), 0)
              << v->name << " k=" << k;
        }
      }
    }
  }
}

TEST(Round, OnlyTheRowsAskedFor) {
  for (const Variant *v : usableVariants()) {
    int64_t k = 96, rows = 5, bytes = activationRecordBytes(k);
    std::vector<float> x = makeActivations(rows, k, Activations::Normal, 3);
    Buffer all = rounded(*v, x, rows, k), some(rows * bytes);
    v->table.round_q8_0(x.data(), some.bytes(), 2, 4, k);
    EXPECT_EQ(std::memcmp(some.bytes() + 2 * bytes, all.bytes() + 2 * bytes, 2 * bytes), 0);
    for (int64_t i = 0; i < rows * bytes; ++i)
      if (i < 2 * bytes || i >= 4 * bytes) {
        ASSERT_EQ(some.bytes()[i], 0xa5) << v->name << " byte " << i;
      }
  }
}

// The second scale of a record: what a weight scale shifted instead of converted is multiplied by.
TEST(Round, ShiftedScales) {
  for (const Variant *v : usableVariants()) {
    if (v->activations != ActivationLayout::BlocksScaled)
      continue;
    for (Activations kind : {Activations::Normal, Activations::Extreme}) {
      int64_t k = 4864;
      std::vector<float> x = makeActivations(1, k, kind, 17);
      Buffer a = rounded(*v, x, 1, k);
      for (int64_t b = 0; b < k / 32; ++b) {
        float d, shifted;
        std::memcpy(&d, a.bytes() + b * 40 + 32, 4);
        std::memcpy(&shifted, a.bytes() + b * 40 + 36, 4);
        bool tiny = d > 0 && d < std::ldexp(1.0f, -80);
        ASSERT_EQ(shifted, tiny ? INFINITY : std::ldexp(d, 112)) << v->name << " block " << b;
      }
    }
  }
}
