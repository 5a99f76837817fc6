//===- RopeTable.cpp - cosines and sines of rotary position embedding -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Only additions, multiplications and divisions of binary64 in a written order (contraction is
// off), so the bits are the same everywhere. Polynomials: Taylor for 2^x and atanh, fdlibm's
// minimax coefficients for sine and cosine; pi/2 in pieces of 33 bits (Cody and Waite).

#include "ignis/Runtime/RopeTable.h"

#include <cstring>

using namespace ignis::runtime;

static double fromBits(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, 8);
  return value;
}
static uint64_t toBits(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, 8);
  return bits;
}
static double powerOfTwo(int64_t exponent) {
  return fromBits(static_cast<uint64_t>(exponent + 1023) << 52);
}

double ignis::runtime::preciseLog2(double x) {
  int64_t exponent = static_cast<int64_t>(toBits(x) >> 52) - 1023;
  double m = fromBits((toBits(x) & ((uint64_t(1) << 52) - 1)) | (uint64_t(1023) << 52));
  if (m > 1.4142135623730951) {
    m /= 2;
    ++exponent;
  }
  // log(m) = 2 atanh(s), |s| < 0.172: terms fall by s^2 < 0.03.
  double s = (m - 1) / (m + 1), square = s * s, sum = 0;
  for (int k = 23; k >= 1; k -= 2)
    sum = sum * square + 1.0 / k;
  return static_cast<double>(exponent) + 2 * s * sum * 1.4426950408889634;
}

double ignis::runtime::preciseExp2(double x) {
  int64_t whole = static_cast<int64_t>(x < 0 ? x - 0.5 : x + 0.5);
  double r = (x - static_cast<double>(whole)) * 0.6931471805599453;
  double sum = 1;
  for (int k = 18; k >= 1; --k)
    sum = 1 + sum * r / k;
  if (whole < -1000)
    return 0;
  return sum * powerOfTwo(whole);
}

void ignis::runtime::preciseSinCos(double x, double &sine, double &cosine) {
  constexpr double twoOverPi = 0.6366197723675814;
  constexpr double part1 = 1.57079632673412561417e+00, part2 = 6.07710050630396597660e-11,
                   part3 = 2.02226624871116645580e-21, part4 = 8.47842766036889956997e-32;
  double t = x * twoOverPi;
  int64_t quadrant = static_cast<int64_t>(t < 0 ? t - 0.5 : t + 0.5);
  double k = static_cast<double>(quadrant);
  // k * part1 and k * part2 are exact for |k| < 2^20.
  double r = ((x - k * part1) - k * part2) - (k * part3 + k * part4);
  double z = r * r;
  double s =
      r + r * z *
              (-1.66666666666666324348e-01 +
               z * (8.33333333332248946124e-03 +
                    z * (-1.98412698298579493134e-04 +
                         z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 +
                                                                z * 1.58969099521155010221e-10)))));
  double c =
      1 - 0.5 * z +
      z * z *
          (4.16666666666666019037e-02 +
           z * (-1.38888888888741095749e-03 +
                z * (2.48015872894767294178e-05 +
                     z * (-2.75573143513906633035e-07 +
                          z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
  switch (quadrant & 3) {
  case 0:
    sine = s, cosine = c;
    break;
  case 1:
    sine = c, cosine = -s;
    break;
  case 2:
    sine = -s, cosine = -c;
    break;
  default:
    sine = -c, cosine = s;
  }
}

void ignis::runtime::fillRopeTable(float *table, int64_t begin, int64_t end, int64_t d,
                                   double base) {
  double logBase = preciseLog2(base);
  for (int64_t i = 0; i < d / 2; ++i) {
    double frequency =
        preciseExp2(-(2.0 * static_cast<double>(i) / static_cast<double>(d)) * logBase);
    for (int64_t p = begin; p < end; ++p) {
      double sine, cosine;
      preciseSinCos(static_cast<double>(p) * frequency, sine, cosine);
      table[p * d + i] = static_cast<float>(cosine);
      table[p * d + d / 2 + i] = static_cast<float>(sine);
    }
  }
}
