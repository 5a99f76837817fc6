//===- Layout.h - where things lie for the NEON kernels ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Addresses inside a group of 16 output features and inside an activation record, and the exact
// shortcuts that all NEON kernels share. All functions here are static and always inlined: nothing
// of this header may become a symbol (Variant.inc says why).
//
// dotprod (WeightLayout::QuadsSigned) and i8mm (OctetsSigned) place two blocks at a time: 512 bytes
// of values for each, then the 16 float16 scales of each. neon (RowMajor) places each block alone.
//
// Records (ActivationLayout::BlocksScaled): per block 32 values, the scale d, and d * 2^112, or
// infinity where 0 < d < 2^-80. The last is for weight scales that are not converted from float16
// but shifted (one operation instead of two or three): the bits of a finite half that is not
// negative, 13 to the left, are the float32 of its value * 2^-112, so that one multiplication by
// d * 2^112 gives the rounded product of Numerics.md. All other halves make the result infinite or
// NaN: shifted with their sign, negative ones become at most -2^97, whose product with any d but 0
// overflows; infinities and NaN get bits in pack() for which that holds too (encodeScales). So does
// d >= 2^16. Sums that are not finite are computed once more, with conversions.

#ifndef IGNIS_LIB_KERNELS_ARM64_LAYOUT_H
#define IGNIS_LIB_KERNELS_ARM64_LAYOUT_H

#include "ignis/Kernels/KernelABI.h"

#include <arm_neon.h>

#define IGNIS_INLINE static inline __attribute__((always_inline))
#define IGNIS_INLINE_MEMBER inline __attribute__((always_inline))

namespace ignis::kernels {

constexpr int64_t kRecordBlock = 40;    // 32 values, d, d * 2^112
constexpr int64_t kValueBytes = 512;    // values of a block of a group
constexpr int64_t kPairBytes = 2 * 544; // two blocks of a group

/// Bytes of a group of k / 32 = `blocks` blocks.
IGNIS_INLINE int64_t groupBytes(int64_t blocks) { return blocks * kGroupBlockBytes; }

/// The values of block `b` where blocks lie in pairs.
IGNIS_INLINE int64_t valuesOffset(int64_t b) { return b / 2 * kPairBytes + b % 2 * kValueBytes; }

/// The 16 scales of block `b` where blocks lie in pairs; a single last block has its own behind it.
IGNIS_INLINE int64_t scalesOffset(int64_t b, int64_t blocks) {
  bool single = b % 2 == 0 && b + 1 == blocks;
  return b / 2 * kPairBytes + (single ? kValueBytes : 2 * kValueBytes + b % 2 * 32);
}

/// 1.5 * 2^23. An int32 sum that starts from its bits is, read as float32, 1.5 * 2^23 + sum; the
/// subtraction of 1.5 * 2^23 makes the sum of it exactly, as |sum| < 2^22. It is one operation on
/// any vector pipe, where the conversion is two on one pipe of many processors.
constexpr float kMagic = 12582912.0f;

/// The start of such a sum.
alignas(16) constexpr int32_t kStart[4] = {0x4b400000, 0x4b400000, 0x4b400000, 0x4b400000};

/// kStart, loaded anew: kept in a register it would be one more vector operation.
IGNIS_INLINE int32x4_t loadStart() {
  int32x4_t v;
  __asm__ volatile("ldr %q0, %1" : "=w"(v) : "m"(*reinterpret_cast<const int32x4_t *>(kStart)));
  return v;
}

/// Loads stay on their side of this: compilers that move them all to the front run out of
/// registers.
IGNIS_INLINE void keepOrder() { __asm__ volatile("" ::: "memory"); }

/// The same, and what is in v is computed before.
template <typename V> IGNIS_INLINE void finishBefore(V &v) {
  __asm__ volatile("" : "+w"(v) : : "memory");
}
IGNIS_INLINE void finishBefore(int32x4_t (&v)[4]) {
  __asm__ volatile("" : "+w"(v[0]), "+w"(v[1]), "+w"(v[2]), "+w"(v[3]) : : "memory");
}

IGNIS_INLINE float32x4_t toFloat(int32x4_t sum) {
  return vsubq_f32(vreinterpretq_f32_s32(sum), vdupq_n_f32(kMagic));
}

constexpr uint16_t kNaN = 0xfe00, kPlusInfinity = 0xfe01; // in packed weights

/// Scales as they lie in packed weights.
IGNIS_INLINE uint16x8_t encodeScales(uint16x8_t halves) {
  uint16x8_t magnitude = vandq_u16(halves, vdupq_n_u16(0x7fff));
  uint16x8_t nan = vcgtq_u16(magnitude, vdupq_n_u16(0x7c00));
  uint16x8_t infinite = vceqq_u16(halves, vdupq_n_u16(0x7c00));
  halves = vbslq_u16(nan, vdupq_n_u16(kNaN), halves);
  return vbslq_u16(infinite, vdupq_n_u16(kPlusInfinity), halves);
}

IGNIS_INLINE uint16x8_t decodeScales(uint16x8_t halves) {
  return vbslq_u16(vceqq_u16(halves, vdupq_n_u16(kPlusInfinity)), vdupq_n_u16(0x7c00), halves);
}

/// 8 scales of packed weights; `shifted`: as they are.
template <bool shifted> IGNIS_INLINE uint16x8_t loadScales(const uint8_t *p) {
  uint16x8_t halves;
  __builtin_memcpy(&halves, p, 16);
  return shifted ? halves : decodeScales(halves);
}

/// 4 loaded scales as float32; `shifted`: times 2^-112, or nonsense that shows in the result.
template <bool shifted> IGNIS_INLINE float32x4_t widen(uint16x4_t halves) {
  if (shifted)
    return vreinterpretq_f32_s32(vshll_n_s16(vreinterpret_s16_u16(halves), 13));
  return vcvt_f32_f16(vreinterpret_f16_u16(halves));
}

/// The factor of a record's block that belongs to widen<shifted>.
template <bool shifted> IGNIS_INLINE float32_t activationScale(const uint8_t *block) {
  float32_t d;
  __builtin_memcpy(&d, block + (shifted ? 36 : 32), 4);
  return d;
}

/// Whether one of 16 sums is infinite or NaN: shifted scales may have made it so.
IGNIS_INLINE bool anyNotFinite(const float32x4_t *acc) {
  uint32x4_t worst = vdupq_n_u32(0);
  for (int i = 0; i < 4; ++i)
    worst = vmaxq_u32(worst, vshlq_n_u32(vreinterpretq_u32_f32(acc[i]), 1));
  return vmaxvq_u32(worst) >= 0xff000000;
}

/// Stores 4 results of a row, (sum + bias) + residual, of which `columns` exist.
IGNIS_INLINE void finish(float32x4_t acc, const float *bias, const float *residual, float *y,
                         int64_t columns) {
  if (columns >= 4) {
    if (bias)
      acc = vaddq_f32(acc, vld1q_f32(bias));
    if (residual)
      acc = vaddq_f32(acc, vld1q_f32(residual));
    vst1q_f32(y, acc);
    return;
  }
  float values[4];
  vst1q_f32(values, acc);
  for (int64_t i = 0; i < columns; ++i) {
    float value = values[i];
    if (bias)
      value += bias[i];
    if (residual)
      value += residual[i];
    y[i] = value;
  }
}

/// The same for the 16 features of a group.
IGNIS_INLINE void finishGroup(const float32x4_t *acc, const float *bias, const float *residual,
                              float *y, int64_t columns) {
  for (int64_t i = 0; i < 4; ++i)
    finish(acc[i], bias ? bias + 4 * i : nullptr, residual ? residual + 4 * i : nullptr, y + 4 * i,
           columns - 4 * i);
}

} // namespace ignis::kernels

#endif
