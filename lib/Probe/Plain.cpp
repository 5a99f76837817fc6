//===- Plain.cpp - probe loops for any processor ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Vector types of the compiler, so that AArch64 gets NEON and x86-64 SSE2 from the same lines.

#include "Loops.h"

namespace {
typedef uint64_t Vector __attribute__((vector_size(16)));
inline Vector load(const uint8_t *p) { return *reinterpret_cast<const Vector *>(p); }
inline Vector join(Vector a, Vector b) { return a ^ b; }
inline uint64_t fold(Vector a) { return a[0] ^ a[1]; }
} // namespace

#define IGNIS_READ_NAME readPlain
#define VECTOR Vector
#define LOAD load
#define JOIN join
#define FOLD fold
#include "ReadLoop.inc"

uint32_t ignis::probe::dotPlain(int64_t count) {
  int32_t sums[16] = {};
  for (int64_t i = 0; i < count; ++i)
    for (int j = 0; j < 16; ++j) {
      int8_t a = int8_t(i + j), b = int8_t(i - j);
      sums[j] += a * b;
      __asm__ volatile("" : "+r"(sums[j]));
    }
  uint32_t all = 0;
  for (int32_t sum : sums)
    all += uint32_t(sum);
  return all;
}
