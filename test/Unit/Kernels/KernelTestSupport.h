//===- KernelTestSupport.h - data for kernel tests --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Random Q8_0 tensors as they lie in files, activations with hard values, and packing and rounding
// for a variant.

#ifndef IGNIS_TEST_UNIT_KERNELS_KERNELTESTSUPPORT_H
#define IGNIS_TEST_UNIT_KERNELS_KERNELTESTSUPPORT_H

#include "ignis/Kernels/Dispatch.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#if IGNIS_TEST_AVXVNNI_EVEX
#define IGNIS_VARIANT_TABLE
#define IGNIS_VARIANT avxvnni_evex
#include "../../../lib/Kernels/Variant.inc"
#undef IGNIS_VARIANT_TABLE
#endif

namespace ignis::kernels::test {

/// Uninitialised bytes that begin on a 64-byte boundary plus `skew`, followed by guard bytes that
/// must not change.
class Buffer {
public:
  explicit Buffer(int64_t size, int64_t skew = 0) : size(size), storage(size + skew + 64 + kGuard) {
    auto address = reinterpret_cast<uintptr_t>(storage.data());
    begin = storage.data() + (64 - address % 64) % 64 + skew;
    std::memset(begin, 0xa5, size + kGuard);
  }
  uint8_t *bytes() { return begin; }
  const uint8_t *bytes() const { return begin; }
  float *floats() { return reinterpret_cast<float *>(begin); }
  bool guardIntact() const {
    for (int64_t i = 0; i < kGuard; ++i)
      if (begin[size + i] != 0xa5)
        return false;
    return true;
  }
  int64_t size;

private:
  static constexpr int64_t kGuard = 64;
  std::vector<uint8_t> storage;
  uint8_t *begin;
};

/// The variants this processor can run and AVX-VNNI's in AVX-512's encoding, scalar last.
inline std::vector<const Variant *> usableVariants() {
  std::vector<const Variant *> list;
  CPUFeatures host = detectCPUFeatures();
#if IGNIS_TEST_AVXVNNI_EVEX
  CPUFeatures needs;
  needs.avx2 = needs.fma = needs.f16c = needs.avx512f = needs.avx512vl = needs.avx512Vnni = true;
  static const Variant evex = {"avxvnni-evex",
                               "AVX-VNNI kernels, EVEX encoding",
                               needs,
                               WeightLayout::QuadsUnsigned,
                               ActivationLayout::BlocksStart,
                               avxvnni_evex::table(),
                               avxvnni_evex::pack};
  if (missingFeatures(needs, host).empty())
    list.push_back(&evex);
#endif
  for (const Variant &variant : variants())
    if (missingFeatures(variant.needs, host).empty())
      list.push_back(&variant);
  return list;
}

enum class Weights { Normal, Extreme };

/// n rows of k columns in the file's blocks. Extreme: values of +-127 and -128 often, scales of any
/// finite half, denormal and negative ones included; Normal: uniform values, scales as in real
/// models.
inline std::vector<uint8_t> makeTensor(int64_t n, int64_t k, Weights kind, uint32_t seed) {
  std::mt19937 rng(seed);
  std::vector<uint8_t> file(n * (k / 32) * 34);
  for (size_t at = 0; at < file.size(); at += 34) {
    uint16_t scale =
        kind == Weights::Normal ? 0x1400 + rng() % 0x800 : rng() % 0x7c00 | (rng() & 1) << 15;
    if (kind == Weights::Extreme && rng() % 4 == 0)
      scale &= 0x83ff;
    std::memcpy(&file[at], &scale, 2);
    for (int i = 0; i < 32; ++i) {
      uint8_t q = rng();
      if (kind == Weights::Extreme && rng() % 2)
        q = rng() % 3 == 0 ? 0x7f : rng() % 2 ? 0x80 : 0x81;
      file[at + 2 + i] = q;
    }
  }
  return file;
}

enum class Activations { Normal, Extreme };

/// rows x k floats. Extreme: whole blocks of zeros, of denormals, of one huge value, of equal
/// values, of ties.
inline std::vector<float> makeActivations(int64_t rows, int64_t k, Activations kind,
                                          uint32_t seed) {
  std::mt19937 rng(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(rows * k);
  for (size_t at = 0; at < x.size(); at += 32) {
    int what = kind == Activations::Normal ? 0 : int(rng() % 9);
    for (int i = 0; i < 32; ++i) {
      float v = normal(rng);
      switch (what) {
      case 1:
        v = i % 2 ? 0.0f : -0.0f;
        break;
      case 2:
        v *= 1e-42f;
        break;
      case 3:
        v = rng() % 4 ? v * 1e30f : v < 0 ? -3.4028235e38f : 3.4028235e38f;
        break;
      case 4:
        v = 1.5f;
        break;
      case 5:
        v = float(int(rng() % 255) - 127) + (i ? 0.5f : 0);
        break; // ties where 127 occurs
      case 6:
        v = v * 0x1p-100f;
        break;
      case 7:
        v = v < 0 ? -1e-30f : 1e-30f;
        break;
      case 8:
        v = i == 5 ? 0x1p-100f : 0;
        break;
      default:
        break;
      }
      if (what == 5 && i == 0)
        v = 127;
      x[at + i] = v;
    }
  }
  return x;
}

inline Buffer packed(const Variant &variant, const std::vector<uint8_t> &file, int64_t n, int64_t k,
                     int64_t skew = 0, bool bypassCache = true) {
  Buffer w(packedBytes(n, k), skew);
  variant.pack(file.data(), n, k, w.bytes(), bypassCache);
  return w;
}

inline Buffer rounded(const Variant &variant, const std::vector<float> &x, int64_t rows,
                      int64_t k) {
  Buffer a(rows * activationRecordBytes(k));
  variant.table.round_q8_0(x.data(), a.bytes(), rows, k, 0, k, k);
  return a;
}

/// What a record says, whatever its layout.
struct Record {
  std::vector<int8_t> q;
  std::vector<float> d;
  std::vector<int32_t> sum;
};

inline Record readRecord(ActivationLayout layout, const uint8_t *record, int64_t k) {
  int64_t blocks = k / 32;
  Record r{std::vector<int8_t>(k), std::vector<float>(blocks), std::vector<int32_t>(blocks)};
  for (int64_t b = 0; b < blocks; ++b) {
    bool planes = layout == ActivationLayout::Planes;
    std::memcpy(&r.q[b * 32], record + (planes ? b * 32 : b * 40), 32);
    std::memcpy(&r.d[b], record + (planes ? k + b * 4 : b * 40 + 32), 4);
    std::memcpy(&r.sum[b], record + (planes ? k + blocks * 4 + b * 4 : b * 40 + 36), 4);
    if (layout == ActivationLayout::BlocksStart)
      r.sum[b] /= -128;
    if (layout == ActivationLayout::BlocksScaled) { // no sum there
      r.sum[b] = 0;
      for (int i = 0; i < 32; ++i)
        r.sum[b] += r.q[b * 32 + i];
    }
  }
  return r;
}

} // namespace ignis::kernels::test

#endif
