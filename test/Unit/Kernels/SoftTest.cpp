//===- SoftTest.cpp - software arithmetic against libm and exhaustively -----------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "ignis/Kernels/Soft.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <random>

using namespace ignis::kernels;

namespace {

uint32_t bits(float f) {
  uint32_t u;
  std::memcpy(&u, &f, 4);
  return u;
}
float value(uint32_t u) {
  float f;
  std::memcpy(&f, &u, 4);
  return f;
}

// libm's fmaf is correct in glibc and musl, and a single instruction where there is one.
::testing::AssertionResult sameFma(float a, float b, float c) {
  float got = softFma(a, b, c), expected = std::fma(a, b, c);
  if (std::isnan(got) && std::isnan(expected))
    return ::testing::AssertionSuccess();
  if (bits(got) == bits(expected))
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << std::hexfloat << "fma(" << a << ", " << b << ", " << c
                                       << ") = " << got << ", expected " << expected;
}

} // namespace

TEST(SoftFma, SpecialValues) {
  const uint32_t values[] = {0,          0x80000000, 1,          0x80000001, 0x007fffff,
                             0x00800000, 0x3f800000, 0xbf800000, 0x3f800001, 0x3f7fffff,
                             0x4b800000, 0x33800000, 0x7f7fffff, 0xff7fffff, 0x7f800000,
                             0xff800000, 0x7fc00000, 0x34000000, 0x0c000000, 0x72000000};
  for (uint32_t a : values)
    for (uint32_t b : values)
      for (uint32_t c : values)
        ASSERT_TRUE(sameFma(value(a), value(b), value(c)));
}

TEST(SoftFma, RandomBits) {
  std::mt19937 rng(1);
  for (int i = 0; i < 3000000; ++i)
    ASSERT_TRUE(sameFma(value(rng()), value(rng()), value(rng())));
}

// Exponents close together, and few significant bits, so that halfway cases and cancellation are
// common.
TEST(SoftFma, NearTies) {
  std::mt19937 rng(2);
  auto draw = [&](int spread) {
    uint32_t mantissa = rng() & (rng() % 2 ? 0x7fffff : 0x7ff800);
    if (rng() % 4 == 0)
      mantissa = uint32_t(1) << rng() % 23;
    return value((rng() & 1) << 31 | uint32_t(127 - spread + int(rng() % (2 * spread + 1))) << 23 |
                 mantissa);
  };
  for (int i = 0; i < 3000000; ++i)
    ASSERT_TRUE(sameFma(draw(3), draw(3), draw(60)));
}

// Results around the smallest normal number and below it, where the last place is fixed.
TEST(SoftFma, Denormals) {
  std::mt19937 rng(3);
  for (int i = 0; i < 2000000; ++i) {
    float a = value(uint32_t(30 + rng() % 40) << 23 | (rng() & 0x7fffff));
    float b = value(uint32_t(30 + rng() % 40) << 23 | (rng() & 0x7ff000));
    float c = value((rng() & 1) << 31 | (rng() & 0x01ffffff));
    ASSERT_TRUE(sameFma(a, b, c));
  }
}

// Referee for half to float: the definition, sign * 2^e * (1 + m / 1024), in double.
TEST(SoftHalf, EveryHalfToFloat) {
  for (uint32_t h = 0; h < 0x10000; ++h) {
    int exponent = int(h >> 10 & 31), mantissa = int(h & 0x3ff);
    float got = softHalfToFloat(uint16_t(h));
    if (exponent == 31 && mantissa) {
      EXPECT_TRUE(std::isnan(got));
      continue;
    }
    double magnitude = exponent == 31 ? INFINITY
                       : exponent     ? std::ldexp(1024 + mantissa, exponent - 25)
                                      : std::ldexp(mantissa, -24);
    float expected = float(h >> 15 ? -magnitude : magnitude);
    ASSERT_EQ(bits(got), bits(expected)) << h;
    ASSERT_EQ(softFloatToHalf(got), h);
  }
}

// Between neighbouring halves: the midpoint goes to the even one, anything else to the nearer one.
TEST(SoftHalf, EveryMidpoint) {
  for (uint32_t h = 0; h < 0x7c00; ++h) {
    float low = softHalfToFloat(uint16_t(h));
    float high = h + 1 == 0x7c00 ? 65536.0f : softHalfToFloat(uint16_t(h + 1));
    float middle = (low + high) / 2; // exact
    uint16_t even = h & 1 ? h + 1 : h;
    for (uint32_t sign : {0u, 0x80000000u}) {
      auto round = [&](float f) { return softFloatToHalf(value(bits(f) | sign)); };
      uint16_t s = sign >> 16;
      ASSERT_EQ(round(middle), even | s) << h;
      ASSERT_EQ(round(value(bits(middle) - 1)), h | s) << h;
      ASSERT_EQ(round(value(bits(middle) + 1)), (h + 1) | s) << h;
    }
  }
  EXPECT_EQ(softFloatToHalf(INFINITY), 0x7c00);
  EXPECT_EQ(softFloatToHalf(3e38f), 0x7c00);
  EXPECT_EQ(softFloatToHalf(-1e6f), 0xfc00);
  EXPECT_EQ(softFloatToHalf(1e-30f), 0);
  EXPECT_EQ(softFloatToHalf(value(1)), 0);
  EXPECT_GT(softFloatToHalf(NAN) & 0x7fff, 0x7c00);
}
