//===- CPUFeatures.cpp - ask the processor and the operating system ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The hosted half of the library: CPUID and XGETBV on x86-64, the auxiliary vector or sysctl on
// AArch64. Kernels themselves never ask.

#include "ignis/Kernels/CPUFeatures.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <cstdint>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif defined(__aarch64__)
#if defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#endif

using namespace ignis::kernels;

#if defined(__x86_64__)
namespace {

/// XCR0: which register files the operating system saves.
uint64_t readXCR0() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}

constexpr uint64_t kAVXState = 0x6;      // xmm and the upper halves of ymm
constexpr uint64_t kAVX512State = 0xe6;  // and mask registers, upper halves of zmm, zmm16 to zmm31
constexpr uint64_t kTileState = 0x60000; // tile configuration and tile data

/// Linux hands out tile data (8 KiB more per thread's saved state) only on request.
bool requestTilePermission() {
#if defined(__linux__)
  constexpr long kArchReqXCompPerm = 0x1023, kXFeatureXTileData = 18;
  return syscall(SYS_arch_prctl, kArchReqXCompPerm, kXFeatureXTileData) == 0;
#else
  return false;
#endif
}

CPUFeatures detectX86() {
  CPUFeatures f;
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d))
    return f;
  bool osxsave = c >> 27 & 1, avx = c >> 28 & 1;
  if (!osxsave || !avx)
    return f;
  uint64_t xcr0 = readXCR0();
  if ((xcr0 & kAVXState) != kAVXState)
    return f;
  f.fma = c >> 12 & 1;
  f.f16c = c >> 29 & 1;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
    return f;
  uint32_t subleaves = a, ebx = b, ecx = c, edx = d;
  f.avx2 = ebx >> 5 & 1;
  if ((xcr0 & kAVX512State) == kAVX512State) {
    f.avx512f = ebx >> 16 & 1;
    f.avx512dq = ebx >> 17 & 1;
    f.avx512bw = ebx >> 30 & 1;
    f.avx512vl = ebx >> 31 & 1;
    f.avx512Vnni = ecx >> 11 & 1;
  }
  bool tile = edx >> 24 & 1, tileInt8 = edx >> 25 & 1;
  if (tile && tileInt8 && (xcr0 & kTileState) == kTileState && requestTilePermission())
    f.amxTile = f.amxInt8 = true;
  if (subleaves >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d))
    f.avxVnni = a >> 4 & 1;
  return f;
}

} // namespace
#endif

CPUFeatures ignis::kernels::detectCPUFeatures() {
#if defined(__x86_64__)
  return detectX86();
#elif defined(__aarch64__)
  CPUFeatures f;
  f.neon = true; // part of the architecture's baseline
#if defined(__APPLE__)
  auto has = [](const char *name) {
    int value = 0;
    size_t size = sizeof(value);
    return sysctlbyname(name, &value, &size, nullptr, 0) == 0 && value != 0;
  };
  f.dotprod = has("hw.optional.arm.FEAT_DotProd");
  f.i8mm = has("hw.optional.arm.FEAT_I8MM");
#elif defined(__linux__)
  unsigned long hwcap = getauxval(AT_HWCAP), hwcap2 = getauxval(AT_HWCAP2);
  constexpr unsigned long kDotProd = 1ul << 20, kI8MM = 1ul << 13; // HWCAP_ASIMDDP, HWCAP2_I8MM
  f.dotprod = hwcap & kDotProd;
  f.i8mm = hwcap2 & kI8MM;
#endif
  return f;
#else
  return {};
#endif
}

std::optional<CPUFeatures> ignis::kernels::featuresOfCPU(std::string_view name) {
  if (name == "host")
    return detectCPUFeatures();
  CPUFeatures f;
#if defined(__aarch64__)
  f.neon = true;
#endif
  if (name == "generic")
    return f;
#if defined(__x86_64__)
  if (name == "x86-64" || name == "x86-64-v2")
    return f;
  if (name == "x86-64-v3" || name == "x86-64-v4")
    f.avx2 = f.fma = f.f16c = true;
  if (name == "x86-64-v4")
    f.avx512f = f.avx512bw = f.avx512vl = f.avx512dq = true;
  if (f.avx2)
    return f;
#endif
  return std::nullopt;
}

CPUFeatures ignis::kernels::allFeatures() {
  CPUFeatures all;
#define IGNIS_CPU_FEATURE(NAME, SPELLING) all.NAME = true;
#include "ignis/Kernels/CPUFeatures.def"
  return all;
}

CPUFeatures ignis::kernels::intersect(const CPUFeatures &a, const CPUFeatures &b) {
  CPUFeatures both;
#define IGNIS_CPU_FEATURE(NAME, SPELLING) both.NAME = a.NAME && b.NAME;
#include "ignis/Kernels/CPUFeatures.def"
  return both;
}

namespace {
void append(std::string &list, const char *name) {
  if (!list.empty())
    list += ',';
  list += name;
}
} // namespace

std::string ignis::kernels::missingFeatures(const CPUFeatures &wanted, const CPUFeatures &offered) {
  std::string list;
#define IGNIS_CPU_FEATURE(NAME, SPELLING)                                                          \
  if (wanted.NAME && !offered.NAME)                                                                \
    append(list, SPELLING);
#include "ignis/Kernels/CPUFeatures.def"
  return list;
}

std::string ignis::kernels::missingOf(std::string_view wanted) {
  CPUFeatures features;
  while (!wanted.empty()) {
    std::string_view name = wanted.substr(0, wanted.find(','));
    wanted.remove_prefix(name.size() + (name.size() < wanted.size()));
#define IGNIS_CPU_FEATURE(NAME, SPELLING)                                                          \
  if (name == SPELLING)                                                                            \
    features.NAME = true;
#include "ignis/Kernels/CPUFeatures.def"
  }
  return missingFeatures(features, detectCPUFeatures());
}

std::string ignis::kernels::toString(const CPUFeatures &features) {
  std::string list = missingFeatures(features, CPUFeatures());
  return list.empty() ? "none" : list;
}
