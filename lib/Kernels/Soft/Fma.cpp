//===- Fma.cpp - fused multiply-add in software -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// libc's fmaf may be slow, absent from a module's permitted symbols, or (on some systems) wrong.
// Here the product of two floats is exact in a double; the sum is rounded to odd in double, which
// has more than two bits to spare over a float, so that the final conversion rounds as if it saw
// the exact sum.

#include "ignis/Kernels/Soft.h"

namespace {
uint64_t bitsOf(double value) {
  uint64_t bits;
  __builtin_memcpy(&bits, &value, sizeof(bits));
  return bits;
}
double ofBits(uint64_t bits) {
  double value;
  __builtin_memcpy(&value, &bits, sizeof(value));
  return value;
}
constexpr uint64_t kExponentMask = 0x7ff0000000000000;
} // namespace

float ignis::kernels::softFma(float a, float b, float c) {
  double product =
      double(a) * double(b); // exact: 24 + 24 bits; neither overflow nor underflow in double
  double sum = product + double(c);
  uint64_t bits = bitsOf(sum);
  if ((bits & kExponentMask) == kExponentMask)
    return float(sum); // infinite or NaN

  // The rounding error of the sum, exactly (Knuth's two-sum).
  double cPart = sum - product;
  double error = (product - (sum - cPart)) + (double(c) - cPart);

  // Round to odd: an inexact sum whose last bit is even moves to its odd neighbour on the side of
  // the error.
  if (error != 0 && (bits & 1) == 0)
    bits += (error > 0) == (sum > 0) ? 1 : uint64_t(-1);
  return float(ofBits(bits));
}
