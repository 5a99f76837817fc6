//===- CPUFeatures.h - what the processor offers to the kernels -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A plain struct of booleans, filled from the processor (detectCPUFeatures) or from the name of a
// processor level (featuresOfCPU), so that the choice of kernels (Dispatch.h) is a pure function
// that tests can drive.

#ifndef IGNIS_KERNELS_CPUFEATURES_H
#define IGNIS_KERNELS_CPUFEATURES_H

#include <optional>
#include <string>
#include <string_view>

namespace ignis::kernels {

/// Every feature that some kernel asks for. A feature is true only if the operating system also
/// saves the registers it needs. Fields of the other architecture stay false.
struct CPUFeatures {
#define IGNIS_CPU_FEATURE(NAME, SPELLING) bool NAME = false;
#include "ignis/Kernels/CPUFeatures.def"
};

/// What this processor and operating system offer. Asks the Linux kernel for permission to use AMX
/// tiles, which holds for the whole process and its later threads; where that is refused, amxInt8
/// is false.
CPUFeatures detectCPUFeatures();

/// The features a processor of this name guarantees: `x86-64`, `x86-64-v2`, `x86-64-v3`,
/// `x86-64-v4`, `generic` (nothing beyond the architecture's baseline) or `host`
/// (detectCPUFeatures). Empty for any other name; levels of the other architecture are unknown too.
std::optional<CPUFeatures> featuresOfCPU(std::string_view name);

/// Every feature of the list.
CPUFeatures allFeatures();

/// What both offer. `--cpu=x86-64-v4` on a machine without AVX-512 is the caller's to refuse: see
/// missingFeatures.
CPUFeatures intersect(const CPUFeatures &a, const CPUFeatures &b);

/// The names in `wanted` that `offered` lacks, separated by commas; empty if none.
std::string missingFeatures(const CPUFeatures &wanted, const CPUFeatures &offered);

/// Those of the features named in `wanted` (separated by commas) that this machine lacks, likewise.
/// Names that stand in no CPUFeatures.def are left out.
std::string missingOf(std::string_view wanted);

/// The names of the features that are true, separated by commas, or "none".
std::string toString(const CPUFeatures &features);

} // namespace ignis::kernels

#endif
