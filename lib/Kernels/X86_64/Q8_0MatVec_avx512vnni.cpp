//===- Q8_0MatVec_avx512vnni.cpp - Q8_0 matrix-vector product, AVX-512 VNNI -------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Bound by the memory the weights come from, so what matters is how they are asked for: one
// sequential stream, prefetched a little ahead, was the best of all ways tried (docs/Kernels.md).

#include "Quads.h"
#include "ignis/Kernels/KernelABI.h"

#include <immintrin.h>

#define IGNIS_VARIANT avx512vnni
#include "../Variant.inc"

using namespace ignis::kernels;

namespace {

/// acc of one group after one block.
IGNIS_INLINE __m512 addBlock(const uint8_t *quads, __m512 dw, const uint8_t *block, __m512 acc) {
  int32_t start;
  float da;
  __builtin_memcpy(&da, block + 32, 4);
  __builtin_memcpy(&start, block + 36, 4);
  __m512i dot = _mm512_set1_epi32(start);
#pragma GCC unroll 8
  for (int i = 0; i < kQuadLines; ++i) {
    int32_t quad;
    __builtin_memcpy(&quad, block + 4 * i, 4);
    dot = _mm512_dpbusd_epi32(dot, _mm512_loadu_si512(quads + i * kLine), _mm512_set1_epi32(quad));
  }
  __m512 scale = _mm512_mul_ps(dw, _mm512_set1_ps(da));
  return _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), scale, acc);
}

IGNIS_INLINE __m512 loadScales(const uint8_t *p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)));
}

/// One group.
IGNIS_INLINE __m512 dotGroup(const uint8_t *w, const uint8_t *a, int64_t blocks) {
  __m512 acc = _mm512_setzero_ps();
  int64_t b = 0;
  for (; b + 2 <= blocks; b += 2) {
    prefetchPair(w);
    __m512i scales = _mm512_loadu_si512(w + 16 * kLine);
    __m512 d0 = _mm512_cvtph_ps(_mm512_castsi512_si256(scales));
    __m512 d1 = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(scales, 1));
    acc = addBlock(w, d0, a, acc);
    acc = addBlock(w + kQuadLines * kLine, d1, a + kRecordBlock, acc);
    w += kPairBytes;
    a += 2 * kRecordBlock;
  }
  if (b < blocks)
    acc = addBlock(w, loadScales(w + kQuadLines * kLine), a, acc);
  return acc;
}

IGNIS_INLINE void finish(__m512 acc, const float *bias, const float *residual, float *y,
                         int64_t columns) {
  __mmask16 mask = columns >= 16 ? 0xffff : (1u << columns) - 1;
  if (bias)
    acc = _mm512_add_ps(acc, _mm512_maskz_loadu_ps(mask, bias));
  if (residual)
    acc = _mm512_add_ps(acc, _mm512_maskz_loadu_ps(mask, residual));
  _mm512_mask_storeu_ps(y, mask, acc);
}

} // namespace

void ignis::kernels::avx512vnni::matvec_q8_0(const uint8_t *w, const uint8_t *a, const float *bias,
                                             const float *residual, float *y, int64_t k,
                                             int64_t nBegin, int64_t nEnd) {
  int64_t blocks = k / kBlock, bytes = groupBytes(blocks);
  int64_t groups = (nEnd - nBegin + kGroupRows - 1) / kGroupRows;
  w += nBegin / kGroupRows * bytes;

  for (int64_t g = 0; g < groups; ++g) {
    int64_t j = g * kGroupRows;
    finish(dotGroup(w + g * bytes, a, blocks), bias ? bias + j : nullptr,
           residual ? residual + j : nullptr, y + j, nEnd - nBegin - j);
  }
}
