//===- RopeTableTest.cpp - against libm's long double -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The functions are the project's own for the sake of bits; that they are also right is checked
// here.

#include "ignis/Runtime/RopeTable.h"

#include <cmath>
#include <gtest/gtest.h>
#include <vector>

using namespace ignis::runtime;

TEST(RopeTable, Log2) {
  for (double x : {1.0, 1.4142135623730951, 1.5, 2.0, 10000.0, 1e6, 5e5, 123456.789})
    EXPECT_NEAR(preciseLog2(x), static_cast<double>(std::log2(static_cast<long double>(x))), 1e-14);
}

TEST(RopeTable, Exp2) {
  for (double x = -20; x <= 20; x += 0.37) {
    double expected = static_cast<double>(std::exp2(static_cast<long double>(x)));
    EXPECT_NEAR(preciseExp2(x) / expected, 1, 1e-15) << x;
  }
}

TEST(RopeTable, SinCos) {
  for (double x = -40000; x < 40000; x += 17.31) {
    double sine, cosine;
    preciseSinCos(x, sine, cosine);
    EXPECT_NEAR(sine, static_cast<double>(std::sin(static_cast<long double>(x))), 2e-15) << x;
    EXPECT_NEAR(cosine, static_cast<double>(std::cos(static_cast<long double>(x))), 2e-15) << x;
  }
}

TEST(RopeTable, FillsTheRowsAskedFor) {
  constexpr int64_t d = 64, rows = 40;
  std::vector<float> table(rows * d, 7.0f);
  fillRopeTable(table.data(), 10, rows, d, 1e6);
  EXPECT_EQ(table[9 * d], 7.0f);
  for (int64_t p = 10; p < rows; ++p)
    for (int64_t i = 0; i < d / 2; ++i) {
      long double angle =
          static_cast<long double>(p) * std::pow(1e6L, -2.0L * static_cast<long double>(i) / d);
      EXPECT_NEAR(table[p * d + i], std::cos(angle), 6e-8);
      EXPECT_NEAR(table[p * d + d / 2 + i], std::sin(angle), 6e-8);
    }
}
