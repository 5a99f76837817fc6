//===- TileBenchmark.cpp - what the steps of an AMX product cost ------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Loops of single steps of the kernel amx (docs/Kernels.md), all data in the first-level cache. The
// counter `cycles` is per product of 16 rows x 16 features x 32 values, with the clock's rate taken
// from a chain of multiplications (3 cycles each) just before. Take the smallest of many repeats:
//
//   ignis-tile-benchmark --benchmark_repetitions=25 --benchmark_min_time=0.01

#include "ignis/Kernels/CPUFeatures.h"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdio>
#include <immintrin.h>

namespace {

constexpr int kProducts = 16; // that the buffers hold

struct alignas(4096) Buffers {
  unsigned char rows[kProducts * 512], weights[kProducts * 512], products[kProducts * 1024];
  float weightScales[kProducts * 16], rowScales[kProducts * 16];
} buffers;

struct alignas(64) Configuration {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t bytesPerRow[16] = {64, 64, 64, 64, 32, 32, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 8, 8};
} configuration;

double cyclesPerSecond() {
  constexpr int kCount = 100000;
  double best = 1e9;
  uint64_t x = 3;
  for (int round = 0; round < 3; ++round) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kCount; ++i)
      __asm__ volatile("imul %0, %0\n imul %0, %0\n imul %0, %0\n imul %0, %0" : "+r"(x));
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = took.count() < best ? took.count() : best;
  }
  return kCount * 12.0 / best;
}

struct Sums {
  __m512 row[16];
};

/// Converts, scales and adds 16 rows: the part of AVX-512.
inline __attribute__((always_inline)) void accumulate(int slot, Sums &sums) {
  __m512 dw = _mm512_load_ps(buffers.weightScales + slot * 16);
#pragma GCC unroll 16
  for (int r = 0; r < 16; ++r) {
    __m512 dot = _mm512_cvtepi32_ps(_mm512_load_si512(buffers.products + slot * 1024 + r * 64));
    __m512 scale = _mm512_mul_ps(dw, _mm512_set1_ps(buffers.rowScales[slot * 16 + r]));
    sums.row[r] = _mm512_fmadd_ps(dot, scale, sums.row[r]);
    __asm__ volatile("" : "+v"(sums.row[r]));
  }
}

// The intrinsics want literal tile numbers.
#define LOAD(A, B, SLOT)                                                                           \
  _tile_loadd(B, buffers.weights + (SLOT) * 512, 64);                                              \
  _tile_loadd(A, buffers.rows + (SLOT) * 512, 32)
#define STORE(C, SLOT) _tile_stored(C, buffers.products + (SLOT) * 1024, 64)
#define MULTIPLIES(TYPE)                                                                           \
  __asm__ volatile("vpxorq %%zmm30, %%zmm30, %%zmm30\n"                                            \
                   ".rept 32\n " TYPE " %%zmm30, %%zmm30, %%zmm29\n .endr" ::                      \
                       : "xmm29", "xmm30")

/// Four products a turn; STEP(C, A, B, D): product tile, its operands, the tile of two steps ago.
#define TILE_BENCHMARK(NAME, STEP)                                                                 \
  void NAME(benchmark::State &state) {                                                             \
    Sums sums;                                                                                     \
    for (__m512 &row : sums.row)                                                                   \
      row = _mm512_setzero_ps();                                                                   \
    _tile_loadconfig(&configuration);                                                              \
    double rate = cyclesPerSecond();                                                               \
    int slot = 0;                                                                                  \
    for (auto _ : state) {                                                                         \
      STEP(0, 4, 6, 2, slot);                                                                      \
      STEP(1, 5, 7, 3, slot + 1);                                                                  \
      STEP(2, 4, 6, 0, slot + 2);                                                                  \
      STEP(3, 5, 7, 1, slot + 3);                                                                  \
      slot = (slot + 4) % kProducts;                                                               \
    }                                                                                              \
    _tile_release();                                                                               \
    benchmark::DoNotOptimize(sums);                                                                \
    state.counters["cycles"] =                                                                     \
        benchmark::Counter(4 * double(state.iterations()) / rate,                                  \
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);             \
  }                                                                                                \
  BENCHMARK(NAME)

#define EARLIER(SLOT, STEPS) (((SLOT) - (STEPS)) & (kProducts - 1))
#define DOT(C, A, B, D, SLOT) _tile_dpbssd(C, A, B)
#define STORED(C, A, B, D, SLOT) STORE(C, SLOT)
#define LOADS(C, A, B, D, SLOT) LOAD(A, B, SLOT)
#define SUMS(C, A, B, D, SLOT) accumulate(SLOT, sums)
#define MULPS(C, A, B, D, SLOT) MULTIPLIES("vmulps")
#define PADDD(C, A, B, D, SLOT) MULTIPLIES("vpaddd")
#define BEGIN(C, A, B, SLOT)                                                                       \
  _tile_zero(C);                                                                                   \
  LOAD(A, B, SLOT);                                                                                \
  _tile_dpbssd(C, A, B)
#define AT_ONCE(C, A, B, D, SLOT)                                                                  \
  BEGIN(C, A, B, SLOT);                                                                            \
  STORE(C, SLOT);                                                                                  \
  accumulate(EARLIER(SLOT, 2), sums)
#define TWO_STEPS_LATER(C, A, B, D, SLOT)                                                          \
  STORE(D, SLOT);                                                                                  \
  BEGIN(C, A, B, SLOT);                                                                            \
  accumulate(EARLIER(SLOT, 2), sums)
#define DOT_MULPS(C, A, B, D, SLOT)                                                                \
  _tile_dpbssd(C, A, B);                                                                           \
  MULTIPLIES("vmulps")
#define DOT_PADDD(C, A, B, D, SLOT)                                                                \
  _tile_dpbssd(C, A, B);                                                                           \
  MULTIPLIES("vpaddd")

TILE_BENCHMARK(dot, DOT);
TILE_BENCHMARK(store, STORED);
TILE_BENCHMARK(load, LOADS);
TILE_BENCHMARK(sums, SUMS);
TILE_BENCHMARK(vmulps_32, MULPS);
TILE_BENCHMARK(vpaddd_32, PADDD);
TILE_BENCHMARK(dot_and_vmulps_32, DOT_MULPS);
TILE_BENCHMARK(dot_and_vpaddd_32, DOT_PADDD);
TILE_BENCHMARK(all_stored_at_once, AT_ONCE);
TILE_BENCHMARK(all_stored_two_steps_later, TWO_STEPS_LATER);

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  ignis::kernels::CPUFeatures host = ignis::kernels::detectCPUFeatures();
  if (!host.amxTile || !host.amxInt8) {
    std::fprintf(stderr, "ignis-tile-benchmark: this machine has no AMX int8\n");
    return 1;
  }
  for (int i = 0; i < kProducts * 16; ++i)
    buffers.weightScales[i] = buffers.rowScales[i] = 1.0f + float(i) * 0.001f;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
