//===- Dispatch.cpp - the table of variants and the choice ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Which variants exist is decided by CMake (IGNIS_KERNELS_HAVE_*: the architecture, and whether the
// compiler knows the extension); which of them may run, by CPUFeatures.

#include "ignis/Kernels/Dispatch.h"

#define IGNIS_VARIANT_TABLE
#define IGNIS_VARIANT scalar
#include "Variant.inc"
#if IGNIS_KERNELS_HAVE_AVX2
#define IGNIS_VARIANT avx2
#include "Variant.inc"
#endif
#if IGNIS_KERNELS_HAVE_AVXVNNI
#define IGNIS_VARIANT avxvnni
#include "Variant.inc"
#endif
#if IGNIS_KERNELS_HAVE_AVX512VNNI
#define IGNIS_VARIANT avx512vnni
#include "Variant.inc"
#endif
#if IGNIS_KERNELS_HAVE_AMX
#define IGNIS_VARIANT amx
#include "Variant.inc"
#endif
#if IGNIS_KERNELS_HAVE_NEON
#define IGNIS_VARIANT neon
#include "Variant.inc"
#endif
#if IGNIS_KERNELS_HAVE_DOTPROD
#define IGNIS_VARIANT dotprod
#include "Variant.inc"
#endif
#if IGNIS_KERNELS_HAVE_I8MM
#define IGNIS_VARIANT i8mm
#include "Variant.inc"
#endif

using namespace ignis::kernels;

namespace {

[[maybe_unused]] CPUFeatures avx2Features() {
  CPUFeatures f;
  f.avx2 = f.fma = f.f16c = true;
  return f;
}

[[maybe_unused]] CPUFeatures avxVnniFeatures() {
  CPUFeatures f = avx2Features();
  f.avxVnni = true;
  return f;
}

[[maybe_unused]] CPUFeatures avx512VnniFeatures() {
  CPUFeatures f = avx2Features();
  f.avx512f = f.avx512bw = f.avx512vl = f.avx512dq = f.avx512Vnni = true;
  return f;
}

[[maybe_unused]] CPUFeatures amxFeatures() {
  CPUFeatures f = avx512VnniFeatures();
  f.amxTile = f.amxInt8 = true;
  return f;
}

[[maybe_unused]] CPUFeatures neonFeatures() {
  CPUFeatures f;
  f.neon = true;
  return f;
}

[[maybe_unused]] CPUFeatures dotprodFeatures() {
  CPUFeatures f = neonFeatures();
  f.dotprod = true;
  return f;
}

[[maybe_unused]] CPUFeatures i8mmFeatures() {
  CPUFeatures f = dotprodFeatures();
  f.i8mm = true;
  return f;
}

std::vector<Variant> makeVariants() {
  return {
#if IGNIS_KERNELS_HAVE_AVX512VNNI
      {"avx512vnni", "AVX-512 VNNI, 512-bit vpdpbusd", avx512VnniFeatures(),
       WeightLayout::QuadsUnsigned, ActivationLayout::BlocksStart, avx512vnni::table(),
       avx512vnni::pack},
#endif
#if IGNIS_KERNELS_HAVE_AMX
      // By name only: in whole prefills it is no faster (docs/Kernels.md).
      {"amx", "AMX int8 tiles for many rows, AVX-512 VNNI for few", amxFeatures(),
       WeightLayout::QuadsUnsigned, ActivationLayout::BlocksStart, amx::table(), amx::pack},
#endif
#if IGNIS_KERNELS_HAVE_AVXVNNI
      {"avxvnni", "AVX-VNNI, 256-bit vpdpbusd", avxVnniFeatures(), WeightLayout::QuadsUnsigned,
       ActivationLayout::BlocksStart, avxvnni::table(), avxvnni::pack},
#endif
#if IGNIS_KERNELS_HAVE_AVX2
      {"avx2", "AVX2 and FMA, vpmaddubsw", avx2Features(), WeightLayout::QuadsSigned,
       ActivationLayout::BlocksSum, avx2::table(), avx2::pack},
#endif
#if IGNIS_KERNELS_HAVE_I8MM
      {"i8mm", "NEON with 8-bit matrix multiplication, smmla", i8mmFeatures(),
       WeightLayout::OctetsSigned, ActivationLayout::BlocksScaled, i8mm::table(), i8mm::pack},
#endif
#if IGNIS_KERNELS_HAVE_DOTPROD
      {"dotprod", "NEON with dot products, sdot", dotprodFeatures(), WeightLayout::QuadsSigned,
       ActivationLayout::BlocksScaled, dotprod::table(), dotprod::pack},
#endif
#if IGNIS_KERNELS_HAVE_NEON
      {"neon", "base NEON, smull", neonFeatures(), WeightLayout::RowMajor,
       ActivationLayout::BlocksScaled, neon::table(), neon::pack},
#endif
      {"scalar", "the definition: plain C++, any processor", CPUFeatures(), WeightLayout::RowMajor,
       ActivationLayout::Planes, scalar::table(), scalar::pack},
  };
}

bool usable(const Variant &variant, const CPUFeatures &features) {
  return missingFeatures(variant.needs, features).empty();
}

} // namespace

const std::vector<Variant> &ignis::kernels::variants() {
  static const std::vector<Variant> list = makeVariants();
  return list;
}

Selection ignis::kernels::selectKernels(const CPUFeatures &features, std::string_view name) {
  std::string names;
  for (const Variant &variant : variants()) {
    bool ok = usable(variant, features);
    if (name.empty() ? ok : name == variant.name && ok)
      return {&variant, {}};
    if (name == variant.name)
      return {nullptr, "kernels '" + std::string(name) +
                           "' need processor features that are missing: " +
                           missingFeatures(variant.needs, features)};
    if (ok)
      names += (names.empty() ? "" : ", ") + std::string(variant.name);
  }
  return {nullptr, "unknown kernels '" + std::string(name) + "': expected one of " + names};
}

std::string ignis::kernels::describeVariants(const CPUFeatures &features, const Variant *chosen) {
  std::string text = "cpu features: " + toString(features) + "\n";
  for (const Variant &variant : variants()) {
    std::string missing = missingFeatures(variant.needs, features);
    std::string name = variant.name;
    name.resize(12, ' ');
    text += (&variant == chosen ? "* " : "  ") + name + variant.description;
    text += missing.empty() ? "\n" : " (missing: " + missing + ")\n";
  }
  return text;
}

const char *ignis::kernels::toString(WeightLayout layout) {
  switch (layout) {
  case WeightLayout::RowMajor:
    return "row-major";
  case WeightLayout::QuadsSigned:
    return "quads-signed";
  case WeightLayout::QuadsUnsigned:
    return "quads-unsigned";
  case WeightLayout::OctetsSigned:
    return "octets-signed";
  }
  return "unknown";
}

const char *ignis::kernels::toString(ActivationLayout layout) {
  switch (layout) {
  case ActivationLayout::Planes:
    return "planes";
  case ActivationLayout::BlocksSum:
    return "blocks-sum";
  case ActivationLayout::BlocksStart:
    return "blocks-start";
  case ActivationLayout::BlocksScaled:
    return "blocks-scaled";
  }
  return "unknown";
}
