//===- MatMulTest.cpp - Q8_0 products: the definition, and every variant against it -----------===//
// SPDX-License-Identifier: Apache-2.0

#include "KernelTestSupport.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace ignis::kernels;
using namespace ignis::kernels::test;

namespace {

struct Shape {
  int64_t rows, k, n;
};

const Shape kShapes[] = {
    {1, 32, 1},    {1, 32, 16},      {2, 64, 17},     {3, 96, 40},  {5, 160, 33},  {4, 544, 100},
    {7, 896, 64},  {6, 128, 130},    {12, 224, 48},   {13, 32, 77}, {16, 512, 95}, {17, 96, 50},
    {33, 288, 66}, {2, 4864, 37},    {9, 2048, 16},   {31, 64, 16}, {70, 96, 35},  {131, 1088, 18},
    {64, 32, 1},   {150, 1088, 150}, {257, 1056, 131}};

struct Case {
  std::vector<uint8_t> file;
  std::vector<float> x, bias, residual;
};

Case makeCase(const Shape &s, bool extreme) {
  uint32_t seed = uint32_t(s.rows * 7 + s.k * 3 + s.n + extreme);
  std::mt19937 rng(seed);
  std::normal_distribution<float> normal;
  Case c{
      makeTensor(s.n, s.k, extreme ? Weights::Extreme : Weights::Normal, seed),
      makeActivations(s.rows, s.k, extreme ? Activations::Extreme : Activations::Normal, seed + 1),
      std::vector<float>(s.n), std::vector<float>(s.rows * s.n)};
  for (float &f : c.bias)
    f = normal(rng);
  for (float &f : c.residual)
    f = normal(rng);
  return c;
}

// docs/Numerics.md, section 2, straight from the file's bytes, with libm's fma and 64-bit sums.
std::vector<float> referee(const Shape &s, const Case &c, bool bias, bool residual) {
  const Variant &scalar = variants().back();
  Buffer a = rounded(scalar, c.x, s.rows, s.k);
  std::vector<float> y(s.rows * s.n);
  for (int64_t r = 0; r < s.rows; ++r) {
    Record record = readRecord(scalar.activations, a.bytes() + r * activationRecordBytes(s.k), s.k);
    for (int64_t j = 0; j < s.n; ++j) {
      float acc = 0;
      for (int64_t b = 0; b < s.k / 32; ++b) {
        const uint8_t *block = &c.file[(j * (s.k / 32) + b) * 34];
        int half = block[0] | block[1] << 8;
        double dw = half & 0x7c00 ? std::ldexp(1024 + (half & 0x3ff), (half >> 10 & 31) - 25)
                                  : std::ldexp(half & 0x3ff, -24);
        if ((half & 0x7c00) == 0x7c00)
          dw = half & 0x3ff ? NAN : INFINITY;
        int64_t dot = 0;
        for (int i = 0; i < 32; ++i)
          dot += int64_t(int8_t(block[2 + i])) * record.q[b * 32 + i];
        float scale = float(half & 0x8000 ? -dw : dw) * record.d[b];
        acc = std::fma(float(dot), scale, acc);
      }
      if (bias)
        acc += c.bias[j];
      if (residual)
        acc += c.residual[r * s.n + j];
      y[r * s.n + j] = acc;
    }
  }
  return y;
}

// The same bits, where a NaN equals any NaN.
::testing::AssertionResult sameFloats(const float *got, const float *want, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    if (std::memcmp(got + i, want + i, 4) != 0 && !(std::isnan(got[i]) && std::isnan(want[i])))
      return ::testing::AssertionFailure()
             << "at " << i << " got " << got[i] << ", expected " << want[i];
  return ::testing::AssertionSuccess();
}

} // namespace

TEST(MatMul, EveryVariantEqualsTheReferee) {
  for (const Shape &s : kShapes) {
    for (bool extreme : {false, true}) {
      Case c = makeCase(s, extreme);
      for (int terms = 0; terms < 4; ++terms) {
        bool bias = terms & 1, residual = terms & 2;
        std::vector<float> want = referee(s, c, bias, residual);
        for (const Variant *v : usableVariants()) {
          SCOPED_TRACE(testing::Message()
                       << v->name << " rows=" << s.rows << " k=" << s.k << " n=" << s.n
                       << " terms=" << terms << (extreme ? " extreme" : ""));
          Buffer w = packed(*v, c.file, s.n, s.k), a = rounded(*v, c.x, s.rows, s.k),
                 y(s.rows * s.n * 4);
          v->table.matmul_q8_0(w.bytes(), a.bytes(), bias ? c.bias.data() : nullptr,
                               residual ? c.residual.data() : nullptr, y.floats(), s.rows, s.k, 0,
                               s.n, s.n);
          ASSERT_TRUE(sameFloats(y.floats(), want.data(), s.rows * s.n));
          ASSERT_TRUE(y.guardIntact());
          // Row by row through the matrix-vector kernel.
          for (int64_t r = 0; r < s.rows; ++r) {
            Buffer row(s.n * 4);
            v->table.matvec_q8_0(w.bytes(), a.bytes() + r * activationRecordBytes(s.k),
                                 bias ? c.bias.data() : nullptr,
                                 residual ? &c.residual[r * s.n] : nullptr, row.floats(), s.k, 0,
                                 s.n);
            ASSERT_TRUE(sameFloats(row.floats(), &want[r * s.n], s.n)) << "matvec of row " << r;
            ASSERT_TRUE(row.guardIntact());
          }
        }
      }
    }
  }
}

namespace {

// Column ranges, an output with a row stride, results in place of the residual, and weights off
// their boundary.
void rangesStridesAndInPlace(const Shape &s) {
  const int64_t stride = 163;
  Case c = makeCase(s, false);
  std::vector<float> want = referee(s, c, true, true);
  for (const Variant *v : usableVariants()) {
    Buffer w = packed(*v, c.file, s.n, s.k, 4), a = rounded(*v, c.x, s.rows, s.k);
    Buffer y(s.rows * stride * 4), z(s.rows * stride * 4);
    for (int64_t r = 0; r < s.rows; ++r) {
      std::memcpy(y.floats() + r * stride, &c.residual[r * s.n], s.n * 4);
      std::memcpy(z.floats() + r * stride, &c.residual[r * s.n], s.n * 4);
    }
    const int64_t cuts[] = {0, 16, 64, 112, 150};
    for (int i = 0; i < 4; ++i) {
      int64_t begin = cuts[i], end = cuts[i + 1];
      v->table.matmul_q8_0(w.bytes(), a.bytes(), &c.bias[begin], y.floats() + begin,
                           y.floats() + begin, s.rows, s.k, begin, end, stride);
      for (int64_t r = 0; r < s.rows; ++r)
        v->table.matvec_q8_0(w.bytes(), a.bytes() + r * activationRecordBytes(s.k), &c.bias[begin],
                             z.floats() + r * stride + begin, z.floats() + r * stride + begin, s.k,
                             begin, end);
    }
    for (int64_t r = 0; r < s.rows; ++r) {
      ASSERT_TRUE(sameFloats(y.floats() + r * stride, &want[r * s.n], s.n))
          << v->name << " matmul row " << r;
      ASSERT_TRUE(sameFloats(z.floats() + r * stride, &want[r * s.n], s.n))
          << v->name << " matvec row " << r;
      // The gap between rows is not ours.
      for (int64_t j = s.n; r + 1 < s.rows && j < stride; ++j) {
        ASSERT_EQ(reinterpret_cast<uint32_t *>(y.floats())[r * stride + j], 0xa5a5a5a5) << v->name;
      }
    }
  }
}

} // namespace

// Row counts for kernels of few rows, for tiles that overlap, and for several panels of rows.
TEST(MatMul, RangesStridesAndInPlace) {
  for (int64_t rows : {11, 37, 150}) {
    SCOPED_TRACE(testing::Message() << rows << " rows");
    rangesStridesAndInPlace({rows, 352, 150});
  }
}

TEST(MatMul, NothingToDo) {
  for (const Variant *v : usableVariants()) {
    std::vector<uint8_t> file = makeTensor(16, 32, Weights::Normal, 1);
    Buffer w = packed(*v, file, 16, 32), a = rounded(*v, std::vector<float>(32), 1, 32), y(64);
    v->table.matmul_q8_0(w.bytes(), a.bytes(), nullptr, nullptr, y.floats(), 0, 32, 0, 16, 16);
    v->table.matmul_q8_0(w.bytes(), a.bytes(), nullptr, nullptr, y.floats(), 1, 32, 16, 16, 16);
    v->table.matvec_q8_0(w.bytes(), a.bytes(), nullptr, nullptr, y.floats(), 32, 16, 16);
    for (int i = 0; i < 64; ++i)
      ASSERT_EQ(y.bytes()[i], 0xa5) << v->name;
  }
}

// Longer rows than the kernels' buffers hold.
TEST(MatMul, LongRows) {
  for (const Shape &s : {Shape{5, 32768, 20}, Shape{3, 33024, 17}, Shape{9, 32768, 17}}) {
    Case c = makeCase(s, false);
    std::vector<float> want = referee(s, c, true, true);
    for (const Variant *v : usableVariants()) {
      Buffer w = packed(*v, c.file, s.n, s.k), a = rounded(*v, c.x, s.rows, s.k),
             y(s.rows * s.n * 4);
      v->table.matmul_q8_0(w.bytes(), a.bytes(), c.bias.data(), c.residual.data(), y.floats(),
                           s.rows, s.k, 0, s.n, s.n);
      ASSERT_TRUE(sameFloats(y.floats(), want.data(), s.rows * s.n)) << v->name << " k=" << s.k;
      ASSERT_TRUE(y.guardIntact());
    }
  }
}

// Scales that no tool writes: infinities and NaNs of every kind, one in a group, and huge and tiny
// activation scales.
TEST(MatMul, ScalesThatAreNotFinite) {
  const uint16_t kScales[] = {0x7c00, 0xfc00, 0x7c01, 0x7e01, 0xfe00, 0xfe01, 0xffff, 0x8000};
  for (uint16_t scale : kScales) {
    for (auto [rows, factor] : {std::pair(3, 1.0f), {3, 1e30f}, {3, 1e-28f}, {9, 1e30f}}) {
      const Shape s = {rows, 160, 33};
      Case c = makeCase(s, false);
      for (float &x : c.x)
        x *= factor;
      for (int64_t row : {5, 16, 31})
        std::memcpy(&c.file[(row * 5 + row % 5) * 34], &scale, 2);
      std::vector<float> want = referee(s, c, false, false);
      for (const Variant *v : usableVariants()) {
        Buffer w = packed(*v, c.file, s.n, s.k), a = rounded(*v, c.x, s.rows, s.k),
               y(s.rows * s.n * 4), z(s.n * 4);
        v->table.matmul_q8_0(w.bytes(), a.bytes(), nullptr, nullptr, y.floats(), s.rows, s.k, 0,
                             s.n, s.n);
        ASSERT_TRUE(sameFloats(y.floats(), want.data(), s.rows * s.n))
            << v->name << std::hex << " scale " << scale << " activations times " << factor;
        v->table.matvec_q8_0(w.bytes(), a.bytes(), nullptr, nullptr, z.floats(), s.k, 0, s.n);
        ASSERT_TRUE(sameFloats(z.floats(), want.data(), s.n))
            << v->name << std::hex << " scale " << scale << " activations times " << factor;
      }
    }
  }
}
