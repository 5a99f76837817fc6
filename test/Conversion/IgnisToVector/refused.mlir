// RUN: ignis-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(ignis-lower-ops)' -o /dev/null
// RUN: not ignis-opt %s --ignis-lower-ops=isa=sse2 2>&1 | FileCheck %s
// CHECK: error: unknown isa 'sse2', expected avx512, avx2 or neon

func.func private @whole(%q: memref<4x64xf32>, %k: memref<4x32xf32>, %p: index, %kc: memref<2x1x2x32x16xf16>, %vc: memref<2x1x32x32xf16>) -> i64
    attributes {ignis.outlined} {
  // expected-error @+1 {{'ignis.attention' op has no lowering to vectors or kernels}}
  ignis.attention ins(%q, %k, %k : memref<4x64xf32>, memref<4x32xf32>, memref<4x32xf32>) position(%p)
    outs(%q, %kc, %vc : memref<4x64xf32>, memref<2x1x2x32x16xf16>, memref<2x1x32x32xf16>) {layer = 0 : i64}
  %c0 = arith.constant 0 : i64
  return %c0 : i64
}
