//===- Math.h - exponential and logarithm of the sampler --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// libm differs between machines; these differ nowhere: additions, multiplications and bit patterns
// of binary64 in a written order.

#ifndef IGNIS_GENERATE_MATH_H
#define IGNIS_GENERATE_MATH_H

#include <cstdint>
#include <cstring>

namespace ignis::generate {

/// e^x for x in [-700, 700] (clamped); relative error below 1e-15. Branch-free, so loops over it
/// vectorise.
inline double exponential(double x) {
  constexpr double shift = 6755399441055744.0; // 1.5 * 2^52: the integer lands in the low bits
  x = x < -700 ? -700 : x;
  x = x > 700 ? 700 : x;
  double t = x * 1.4426950408889634 + shift;
  double n = t - shift;
  double r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
  double p = 1.0 / 479001600;
  p = p * r + 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1;
  p = p * r + 1;
  uint64_t integer, bits;
  std::memcpy(&integer, &t, 8);
  std::memcpy(&bits, &p, 8);
  bits += integer << 52;
  std::memcpy(&p, &bits, 8);
  return p;
}

/// Natural logarithm of a positive normal x.
inline double logarithm(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, 8);
  double exponent = static_cast<double>(static_cast<int64_t>(bits >> 52) - 1023);
  bits = (bits & ((uint64_t(1) << 52) - 1)) | (uint64_t(1023) << 52);
  std::memcpy(&x, &bits, 8);
  if (x > 1.4142135623730951) {
    x *= 0.5;
    exponent += 1;
  }
  double s = (x - 1) / (x + 1), square = s * s, sum = 0;
  for (int k = 23; k >= 1; k -= 2)
    sum = sum * square + 1.0 / k;
  return exponent * 0.6931471805599453 + 2 * s * sum;
}

} // namespace ignis::generate

#endif
