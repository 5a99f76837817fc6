//===- Dispatch.h - the variants of the kernels and the choice among them ---------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A variant is one implementation of every row of Kernels.def for one set of processor features,
// with the weight layout and the activation record it reads. All variants compute the same bits
// (docs/Numerics.md); a choice changes speed alone.
//
//   auto chosen = selectKernels(detectCPUFeatures());            // the best one
//   auto named = selectKernels(features, "avx2");                // --kernels=avx2
//   chosen->variant->table.matvec_q8_0(...);

#ifndef IGNIS_KERNELS_DISPATCH_H
#define IGNIS_KERNELS_DISPATCH_H

#include "ignis/Kernels/CPUFeatures.h"
#include "ignis/Kernels/KernelABI.h"

#include <string>
#include <string_view>
#include <vector>

namespace ignis::kernels {

/// How a variant arranges the 544 bytes a block of a group (docs/Kernels.md has pictures).
enum class WeightLayout : uint8_t {
  RowMajor,    ///< per block: 16 rows of 32 signed values, then 16 scales (the scalar definition)
  QuadsSigned, ///< two blocks at a time: 16 lines of 16 rows x 4 signed values, then a line of 2 x
               ///< 16 scales
  QuadsUnsigned, ///< the same, values stored + 128
  OctetsSigned,  ///< two blocks at a time: 8 times 16 rows x 8 signed values, rows in the order 0,
                 ///< 2, 1, 3, 4, 6, 5, 7 ..., then 2 x 16 scales
};

/// How a variant arranges an activation record.
enum class ActivationLayout : uint8_t {
  Planes,       ///< q[k] int8, d[k / 32] float32, s[k / 32] int32 sums of q (the scalar definition)
  BlocksSum,    ///< per block: q[32], d, s
  BlocksStart,  ///< per block: q[32], d, -128 * s: what a dot product with unsigned weights starts
                ///< from
  BlocksScaled, ///< per block: q[32], d, d * 2^112 (or infinity: lib/Kernels/ARM64/Layout.h)
};

/// Packs `rowCount` rows of a Q8_0 tensor with k columns, as they lie in a GGUF file (blocks of a
/// float16 scale and 32 signed values, 34 bytes, k / 32 of them a row), into ceil(rowCount / 16)
/// groups at `groups`. Missing rows of the last group become zeros. Calls for different groups are
/// independent, so threads may share a tensor by groups. `bypassCache`: what is written is not read
/// soon, so that it need not displace what is in the caches (a hint).
using PackFunction = void (*)(const uint8_t *rows, int64_t rowCount, int64_t k, uint8_t *groups,
                              bool bypassCache);

/// One implementation of all kernels.
struct Variant {
  const char *name;        ///< as in --kernels=NAME
  const char *description; ///< one line
  CPUFeatures
      needs; ///< never call anything of `table` or `pack` on a processor that lacks one of these
  WeightLayout weights;
  ActivationLayout activations;
  KernelTable table;
  PackFunction pack;
};

/// The variants built into this library, most specific first; the last is `scalar` and needs
/// nothing.
const std::vector<Variant> &variants();

/// The outcome of selectKernels: a variant, or null and the reason.
struct Selection {
  const Variant *variant = nullptr;
  std::string error; ///< lower case, one line; empty if a variant was found
};

/// The first variant whose needs `features` meets. With a name (not empty), that variant or an
/// error that names the usable ones.
Selection selectKernels(const CPUFeatures &features, std::string_view name = {});

/// A table of the variants, one line each: name, chosen (*), usable or what is missing,
/// description. For
/// --print-kernels.
std::string describeVariants(const CPUFeatures &features, const Variant *chosen = nullptr);

/// The names of a layout, for reports and cache keys.
const char *toString(WeightLayout layout);
const char *toString(ActivationLayout layout);

} // namespace ignis::kernels

#endif
