//===- Half.cpp - binary16 conversions in software --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Both directions use one multiplication or addition of the float unit to do the shifting and
// rounding of denormals.

#include "ignis/Kernels/Soft.h"

namespace {
uint32_t bitsOf(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof(bits));
  return bits;
}
float ofBits(uint32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof(value));
  return value;
}
} // namespace

float ignis::kernels::softHalfToFloat(uint16_t half) {
  uint32_t sign = uint32_t(half & 0x8000) << 16, magnitude = half & 0x7fff;
  if (magnitude >= 0x7c00) // infinity or NaN: exponent all ones, NaN made quiet
    return ofBits(sign | 0x7f800000 | (magnitude & 0x3ff) << 13 |
                  (magnitude > 0x7c00 ? 0x400000 : 0));
  if (magnitude < 0x400) // zero or denormal: magnitude * 2^-24
    return ofBits(sign | bitsOf(float(int32_t(magnitude)) * 0x1p-24f));
  return ofBits(sign | ((magnitude << 13) + ((127 - 15) << 23)));
}

uint16_t ignis::kernels::softFloatToHalf(float value) {
  uint32_t bits = bitsOf(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) // NaN: keep the upper payload, quiet
    return uint16_t(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
  if (magnitude >= 0x477ff000) // 65520 and more
    return uint16_t(sign | 0x7c00);
  if (magnitude < 0x38800000) // below 2^-14: let an addition of 0.5 shift the value to units of
                              // 2^-24 and round it
    return uint16_t(sign | (bitsOf(ofBits(magnitude) + 0.5f) - 0x3f000000));
  // Normal: add just under half of the last kept place, plus its last bit for ties to even.
  uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
  return uint16_t(sign | (rounded - ((127 - 15) << 23)) >> 13);
}
