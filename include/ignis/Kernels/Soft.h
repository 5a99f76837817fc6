//===- Soft.h - fused multiply-add and half conversions without the instructions --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Exact in plain baseline C++ and free of libc, for processors (or `--cpu` levels) without FMA or
// F16C: the scalar kernels call them, and the JIT binds them where generated code would otherwise
// ask libc or compiler-rt. The results are those of the instructions, bit for bit, in the default
// rounding mode; a NaN comes back as some quiet NaN.

#ifndef IGNIS_KERNELS_SOFT_H
#define IGNIS_KERNELS_SOFT_H

#include <cstdint>

namespace ignis::kernels {

/// a * b + c with one rounding.
float softFma(float a, float b, float c);

/// The value of an IEEE-754 binary16, denormals included. Exact.
float softHalfToFloat(uint16_t half);

/// The nearest binary16, ties to even; values from 65520 up become infinity, small ones denormals
/// or zero.
uint16_t softFloatToHalf(float value);

} // namespace ignis::kernels

#endif
