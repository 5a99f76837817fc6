//===- Bounds.cpp - what bounds generated code ------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Bounds.h. The best of several runs counts.

#include "Bounds.h"

#include "ignis/Kernels/CPUFeatures.h"

#include <chrono>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

constexpr int kChains = 16; // more than latency times throughput anywhere

#if defined(__x86_64__)
__attribute__((target("avx512f"))) float fma512(int64_t count) {
  __m512 acc[kChains];
  for (__m512 &a : acc)
    a = _mm512_set1_ps(1);
  __m512 x = _mm512_set1_ps(0.5f), y = _mm512_set1_ps(0.25f);
  for (int64_t i = 0; i < count; ++i)
#pragma GCC unroll 16
    for (int j = 0; j < kChains; ++j) {
      acc[j] = _mm512_fmadd_ps(acc[j], x, y);
      __asm__ volatile("" : "+v"(acc[j]));
    }
  return acc[0][0];
}
__attribute__((target("avx2,fma"))) float fma256(int64_t count) {
  __m256 acc[12];
  for (__m256 &a : acc)
    a = _mm256_set1_ps(1);
  __m256 x = _mm256_set1_ps(0.5f), y = _mm256_set1_ps(0.25f);
  for (int64_t i = 0; i < count; ++i)
#pragma GCC unroll 12
    for (int j = 0; j < 12; ++j) {
      acc[j] = _mm256_fmadd_ps(acc[j], x, y);
      __asm__ volatile("" : "+x"(acc[j]));
    }
  return acc[0][0];
}
__attribute__((target("avx512f"))) void add512(const float *a, const float *b, float *y,
                                               int64_t n) {
  for (int64_t i = 0; i + 16 <= n; i += 16)
    _mm512_storeu_ps(y + i, _mm512_add_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i)));
}
__attribute__((target("avx2"))) void add256(const float *a, const float *b, float *y, int64_t n) {
  for (int64_t i = 0; i + 8 <= n; i += 8)
    _mm256_storeu_ps(y + i, _mm256_add_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i)));
}
#endif

typedef float Vector __attribute__((vector_size(16)));

float fmaPlain(int64_t count) {
  Vector acc[kChains];
  for (Vector &a : acc)
    a = Vector{1, 1, 1, 1};
  for (int64_t i = 0; i < count; ++i)
#pragma GCC unroll 16
    for (int j = 0; j < kChains; ++j) {
      acc[j] = acc[j] * 0.5f + 0.25f;
#if defined(__aarch64__)
      __asm__ volatile("" : "+w"(acc[j]));
#else
      __asm__ volatile("" : "+x"(acc[j]));
#endif
    }
  return acc[0][0];
}
void addPlain(const float *a, const float *b, float *y, int64_t n) {
  for (int64_t i = 0; i + 4 <= n; i += 4)
    *reinterpret_cast<Vector *>(y + i) =
        *reinterpret_cast<const Vector *>(a + i) + *reinterpret_cast<const Vector *>(b + i);
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Least seconds of one call, over 8 measurements of about a millisecond.
template <typename F> double best(const F &f) {
  int64_t calls = 1;
  for (double seconds = 0; seconds < 1e-3; calls *= 2) {
    double begin = now();
    for (int64_t i = 0; i < calls; ++i)
      f();
    seconds = now() - begin;
  }
  double least = 1e9;
  for (int i = 0; i < 8; ++i) {
    double begin = now();
    for (int64_t j = 0; j < calls; ++j)
      f();
    double seconds = (now() - begin) / static_cast<double>(calls);
    least = seconds < least ? seconds : least;
  }
  return least;
}

} // namespace

double ignis::bench::measureFlops() {
  float (*loop)(int64_t) = fmaPlain;
  int64_t flops = 2 * 4 * kChains;
#if defined(__x86_64__)
  kernels::CPUFeatures features = kernels::detectCPUFeatures();
  if (features.avx512f) {
    loop = fma512;
    flops = 2 * 16 * kChains;
  } else if (features.avx2 && features.fma) {
    loop = fma256;
    flops = 2 * 8 * 12;
  }
#endif
  volatile float sink = 0;
  constexpr int64_t count = 1000;
  return static_cast<double>(flops * count) / best([&] { sink = loop(count); });
}

double ignis::bench::measureMove(int64_t bytes) {
  int64_t n = (bytes / 12 + 63) / 64 * 64;
  n = n < 256 ? 256 : n;
  std::vector<float> memory(static_cast<size_t>(3 * n + 64), 1.0f);
  auto address = reinterpret_cast<uintptr_t>(memory.data());
  float *a = memory.data() + (64 - address % 64) % 64 / 4, *b = a + n, *y = b + n;
  void (*loop)(const float *, const float *, float *, int64_t) = addPlain;
#if defined(__x86_64__)
  kernels::CPUFeatures features = kernels::detectCPUFeatures();
  if (features.avx512f)
    loop = add512;
  else if (features.avx2)
    loop = add256;
#endif
  return static_cast<double>(12 * n) / best([&] { loop(a, b, y, n); });
}
