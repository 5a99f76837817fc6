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

// Rows 2 and 3 of 5 alone, in parts of several widths, from rows that lie apart.
TEST(Round, PartsOfRowsMakeTheWhole) {
  for (const Variant *v : usableVariants()) {
    for (int64_t part : {32, 64, 96, 160, 352}) {
      int64_t k = 352, rows = 5, stride = k + 7, bytes = activationRecordBytes(k);
      std::vector<float> x = makeActivations(rows, k, Activations::Normal, 3);
      std::vector<float> apart(rows * stride, NAN);
      for (int64_t r = 0; r < rows; ++r)
        std::copy_n(&x[r * k], k, &apart[r * stride]);
      Buffer all = rounded(*v, x, rows, k), some(rows * bytes);
      for (int64_t begin = 0; begin < k; begin += part)
        v->table.round_q8_0(&apart[2 * stride + begin], some.bytes() + 2 * bytes, 2, k, begin,
                            std::min(begin + part, k), stride);
      EXPECT_EQ(std::memcmp(some.bytes() + 2 * bytes, all.bytes() + 2 * bytes, 2 * bytes), 0)
          << v->name << " in parts of " << part;
      for (int64_t i = 0; i < rows * bytes; ++i)
        if (i < 2 * bytes || i >= 4 * bytes) {
          ASSERT_EQ(some.bytes()[i], 0xa5) << v->name << " byte " << i;
        }
    }
  }
}

TEST(Round, OnlyTheColumnsAskedFor) {
  for (const Variant *v : usableVariants()) {
    int64_t k = 96, rows = 3, bytes = activationRecordBytes(k);
    std::vector<float> x = makeActivations(rows, k, Activations::Normal, 5);
    Buffer all = rounded(*v, x, rows, k), some(rows * bytes);
    v->table.round_q8_0(&x[32], some.bytes(), rows, k, 32, 64, k);
    Buffer untouched(rows * bytes);
    for (int64_t r = 0; r < rows; ++r) {
      Record want = readRecord(v->activations, all.bytes() + r * bytes, k);
      Record got = readRecord(v->activations, some.bytes() + r * bytes, k);
      Record before = readRecord(v->activations, untouched.bytes() + r * bytes, k);
      for (int64_t i = 0; i < k; ++i)
        ASSERT_EQ(got.q[i], i / 32 == 1 ? want.q[i] : before.q[i]) << v->name << " value " << i;
      for (int64_t b = 0; b < k / 32; ++b)
        ASSERT_EQ(std::memcmp(&got.d[b], b == 1 ? &want.d[b] : &before.d[b], 4), 0)
            << v->name << " block " << b;
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
