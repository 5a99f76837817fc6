//===- KernelABI.h - what compiled modules may call -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The contract between the lowering (lib/Conversion) and the kernels (lib/Kernels). It changes only
// together with docs/Numerics.md and kKernelABIVersion, which is part of every cache key and of
// every ahead-of-time module.
//
// Weights `w`: the interleaved layout of the selected variant (docs/Kernels.md), made from the
// file's Q8_0 rows by its pack function. Groups of 16 output features; each group holds, along k,
// 16 rows x 32 8-bit values and 16 float16 scales a block: 544 bytes a block, so group g starts at
// w + g * (k / 32) * 544. n is padded to a multiple of 16 with rows of zeros; nBegin is a multiple
// of 16, nEnd is too or equals n. Speed wants w on a 64-byte boundary, in huge pages; correctness
// wants neither.
//
// Activations `a`: one record of k + k / 4 bytes a row, written by round_q8_0 of the same variant
// and opaque to everybody else. Records of a row follow each other without a gap; row r starts at a
// + r * (k + k / 4); a is on a 4-byte boundary. The scalar definition's record is q[k] int8, d[k /
// 32] float32, s[k / 32] int32 (sum of q over the block). round_q8_0 may fill a record in parts:
// kBegin and kEnd are multiples of 32, x points at column kBegin of row 0, a at row 0's record of k
// values, of which the other blocks are left as they are.
//
// `bias` (or null) points at the value for column nBegin, `residual` (or null) and `y` at column
// nBegin of row 0. y may equal residual. y = (sum + bias) + residual in this order, each one
// float32 addition.

#ifndef IGNIS_KERNELS_KERNELABI_H
#define IGNIS_KERNELS_KERNELABI_H

#include <cstdint>

namespace ignis::kernels {

constexpr int kKernelABIVersion = 2;
constexpr int64_t kBlock = 32;            // values that share one scale
constexpr int64_t kGroupRows = 16;        // output features interleaved together
constexpr int64_t kGroupBlockBytes = 544; // 16 rows x 32 values + 16 float16 scales

constexpr int64_t kMostStackBytes = 256 << 10; // that a kernel and what it calls may use

/// Bytes of one activation record.
constexpr int64_t activationRecordBytes(int64_t k) { return k + k / 4; }
/// Bytes of an interleaved Q8_0 tensor of n output features.
constexpr int64_t packedBytes(int64_t n, int64_t k) {
  return (n + kGroupRows - 1) / kGroupRows * (k / kBlock) * kGroupBlockBytes;
}

/// One function pointer per row of Kernels.def.
struct KernelTable {
#define IGNIS_KERNEL(NAME, RESULT, PARAMETERS, MEANING) RESULT(*NAME) PARAMETERS;
#include "ignis/Kernels/Kernels.def"
};

} // namespace ignis::kernels

#endif
