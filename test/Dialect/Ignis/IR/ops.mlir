// RUN: ignis-opt %s --verify-roundtrip | FileCheck %s
// RUN: ignis-opt %s --emit-bytecode | ignis-opt | FileCheck %s
// Every op, on tensors and on memrefs, survives text and bytecode.

// CHECK-LABEL: func.func @tensors
func.func @tensors(%x: tensor<4x64xf32>, %ids: tensor<4xi32>, %table: tensor<32x32xf32>, %position: index, %rows: index,
                   %k: tensor<1x1x2x32x16xf16>, %v: tensor<1x1x32x32xf16>) -> tensor<4x64xf32> {
  // CHECK: ignis.weight "embedding" : tensor<100x64x!ignis.q8_0>
  %e = ignis.weight "embedding" : tensor<100x64x!ignis.q8_0>
  // CHECK: ignis.weight "a", "b" : tensor<64x64xf16>
  %w = ignis.weight "a", "b" : tensor<64x64xf16>
  %q = ignis.weight "q" : tensor<64x64x!ignis.q8_0>
  %kw = ignis.weight "k" : tensor<32x64x!ignis.q8_0>
  %n = ignis.weight "n" : tensor<64xf32>
  %o = tensor.empty() : tensor<4x64xf32>
  %o32 = tensor.empty() : tensor<4x32xf32>
  %last = tensor.empty() : tensor<1x64xf32>
  %r = tensor.empty() : tensor<4x64x!ignis.q8_act>
  // CHECK: ignis.last_row ins(%{{.*}} : tensor<4x64xf32>) outs(%{{.*}} : tensor<1x64xf32>) rows(%{{.*}}) -> tensor<1x64xf32>
  %or = tensor.empty() : tensor<1x64xf32>
  %lr = ignis.last_row ins(%o : tensor<4x64xf32>) outs(%or : tensor<1x64xf32>) rows(%rows) -> tensor<1x64xf32>
  // CHECK: ignis.embed ins(%{{.*}}, %{{.*}} : tensor<4xi32>, tensor<100x64x!ignis.q8_0>) outs(%{{.*}} : tensor<4x64xf32>) rows(%{{.*}}) -> tensor<4x64xf32>
  %0 = ignis.embed ins(%ids, %e : tensor<4xi32>, tensor<100x64x!ignis.q8_0>) outs(%o : tensor<4x64xf32>) rows(%rows) -> tensor<4x64xf32>
  // CHECK: ignis.rms_normalize
  %1 = ignis.rms_normalize ins(%0 : tensor<4x64xf32>) outs(%o : tensor<4x64xf32>) rows(%rows) {eps = 1.0e-06 : f32} -> tensor<4x64xf32>
  // CHECK: ignis.scale
  %2 = ignis.scale ins(%1, %n : tensor<4x64xf32>, tensor<64xf32>) outs(%o : tensor<4x64xf32>) -> tensor<4x64xf32>
  // CHECK: ignis.rms_norm
  %3 = ignis.rms_norm ins(%2, %n : tensor<4x64xf32>, tensor<64xf32>) outs(%o : tensor<4x64xf32>) {eps = 1.0e-06 : f32} -> tensor<4x64xf32>
  // CHECK: %{{.*}}:2 = ignis.add_rms_norm ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<4x64xf32>, tensor<4x64xf32>, tensor<64xf32>) outs(%{{.*}}, %{{.*}} : tensor<4x64xf32>, tensor<4x64xf32>) rows(%{{.*}}) {eps = 9.99999997E-7 : f32} -> tensor<4x64xf32>, tensor<4x64xf32>
  %sum:2 = ignis.add_rms_norm ins(%2, %3, %n : tensor<4x64xf32>, tensor<4x64xf32>, tensor<64xf32>) outs(%o, %o : tensor<4x64xf32>, tensor<4x64xf32>) rows(%rows)
           {eps = 1.0e-06 : f32} -> tensor<4x64xf32>, tensor<4x64xf32>
  // CHECK: ignis.round {{.*}} -> tensor<4x64x!ignis.q8_act>
  %4 = ignis.round ins(%3 : tensor<4x64xf32>) outs(%r : tensor<4x64x!ignis.q8_act>) -> tensor<4x64x!ignis.q8_act>
  // CHECK: ignis.linear {{.*}} bias({{.*}}) residual({{.*}}) outs
  %5 = ignis.linear ins(%4, %q : tensor<4x64x!ignis.q8_act>, tensor<64x64x!ignis.q8_0>) bias(%n : tensor<64xf32>)
       residual(%x : tensor<4x64xf32>) outs(%o : tensor<4x64xf32>) rows(%rows) -> tensor<4x64xf32>
  // CHECK: ignis.linear {{.*}} {select = {{.*}}} -> tensor<1x64xf32>
  %6 = ignis.linear ins(%5, %w : tensor<4x64xf32>, tensor<64x64xf16>) outs(%last : tensor<1x64xf32>) rows(%rows) {select = #ignis.select<last>} -> tensor<1x64xf32>
  // CHECK: ignis.linear_group
  %7:2 = ignis.linear_group ins(%4 : tensor<4x64x!ignis.q8_act>) weights(%q, %kw : tensor<64x64x!ignis.q8_0>, tensor<32x64x!ignis.q8_0>)
         outs(%o, %o32 : tensor<4x64xf32>, tensor<4x32xf32>) -> tensor<4x64xf32>, tensor<4x32xf32>
  // CHECK: ignis.linear_swiglu
  %8 = ignis.linear_swiglu ins(%4, %q, %q : tensor<4x64x!ignis.q8_act>, tensor<64x64x!ignis.q8_0>, tensor<64x64x!ignis.q8_0>) outs(%o : tensor<4x64xf32>) -> tensor<4x64xf32>
  // CHECK: ignis.rope
  %9 = ignis.rope ins(%7#1, %table : tensor<4x32xf32>, tensor<32x32xf32>) position(%position) outs(%o32 : tensor<4x32xf32>) -> tensor<4x32xf32>
  // CHECK: ignis.attention
  %10:3 = ignis.attention ins(%8, %9, %7#1 : tensor<4x64xf32>, tensor<4x32xf32>, tensor<4x32xf32>) position(%position)
          outs(%o, %k, %v : tensor<4x64xf32>, tensor<1x1x2x32x16xf16>, tensor<1x1x32x32xf16>) rows(%rows) {layer = 0 : i64}
          -> tensor<4x64xf32>, tensor<1x1x2x32x16xf16>, tensor<1x1x32x32xf16>
  // CHECK: ignis.cache_write
  %11:2 = ignis.cache_write ins(%9, %7#1 : tensor<4x32xf32>, tensor<4x32xf32>) position(%position)
          outs(%10#1, %10#2 : tensor<1x1x2x32x16xf16>, tensor<1x1x32x32xf16>) {layer = 0 : i64} -> tensor<1x1x2x32x16xf16>, tensor<1x1x32x32xf16>
  // CHECK: ignis.rope_cache
  %12:2 = ignis.rope_cache ins(%9, %7#1, %table : tensor<4x32xf32>, tensor<4x32xf32>, tensor<32x32xf32>) position(%position)
          outs(%11#0, %11#1 : tensor<1x1x2x32x16xf16>, tensor<1x1x32x32xf16>) {layer = 0 : i64} -> tensor<1x1x2x32x16xf16>, tensor<1x1x32x32xf16>
  // CHECK: ignis.attend
  %13 = ignis.attend ins(%8, %12#0, %12#1 : tensor<4x64xf32>, tensor<1x1x2x32x16xf16>, tensor<1x1x32x32xf16>) position(%position)
        outs(%o : tensor<4x64xf32>) {layer = 0 : i64} -> tensor<4x64xf32>
  // CHECK: ignis.add
  %14 = ignis.add ins(%13, %10#0 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%o : tensor<4x64xf32>) -> tensor<4x64xf32>
  // CHECK: ignis.mul
  %15 = ignis.mul ins(%14, %x : tensor<4x64xf32>, tensor<4x64xf32>) outs(%o : tensor<4x64xf32>) -> tensor<4x64xf32>
  // CHECK: ignis.silu
  %16 = ignis.silu ins(%15 : tensor<4x64xf32>) outs(%o : tensor<4x64xf32>) -> tensor<4x64xf32>
  // CHECK: ignis.swiglu
  %17 = ignis.swiglu ins(%16, %x : tensor<4x64xf32>, tensor<4x64xf32>) outs(%o : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %17 : tensor<4x64xf32>
}

// CHECK-LABEL: func.func @memrefs
func.func @memrefs(%x: memref<4x64xf32>, %y: memref<4x64xf32>, %r: memref<4x64x!ignis.q8_act>) {
  %w = ignis.weight "w" : memref<64x64x!ignis.q8_0>
  // CHECK: ignis.round ins(%{{.*}} : memref<4x64xf32>) outs(%{{.*}} : memref<4x64x!ignis.q8_act>)
  ignis.round ins(%x : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  // CHECK: ignis.barrier
  ignis.barrier
  // CHECK: ignis.linear
  ignis.linear ins(%r, %w : memref<4x64x!ignis.q8_act>, memref<64x64x!ignis.q8_0>) outs(%y : memref<4x64xf32>)
  ignis.silu ins(%y : memref<4x64xf32>) outs(%y : memref<4x64xf32>)
  %n = ignis.weight "n" : memref<64xf32>
  // CHECK: ignis.add_rms_norm ins({{.*}}) outs(%{{.*}}, %{{.*}} : memref<4x64xf32>, memref<4x64xf32>) {eps = 9.99999997E-7 : f32}{{$}}
  ignis.add_rms_norm ins(%x, %y, %n : memref<4x64xf32>, memref<4x64xf32>, memref<64xf32>) outs(%x, %y : memref<4x64xf32>, memref<4x64xf32>) {eps = 1.0e-06 : f32}
  return
}

// Rows of several sequences.
// CHECK-LABEL: func.func @sequences
func.func @sequences(%q: tensor<4x64xf32>, %k: tensor<4x32xf32>, %table: tensor<32x32xf32>, %p: tensor<4xi32>, %s: tensor<4xi32>, %rows: index,
                     %kc: tensor<3x1x1x2x32x16xf16>, %vc: tensor<3x1x1x32x32xf16>) -> tensor<4x64xf32> {
  %o = tensor.empty() : tensor<4x64xf32>
  // CHECK: ignis.rope {{.*}} position(%{{.*}} : tensor<4xi32>) outs
  %0 = ignis.rope ins(%q, %table : tensor<4x64xf32>, tensor<32x32xf32>) position(%p : tensor<4xi32>) outs(%o : tensor<4x64xf32>) rows(%rows) -> tensor<4x64xf32>
  // CHECK: ignis.rope_cache {{.*}} position(%{{.*}} : tensor<4xi32>) sequences(%{{.*}} : tensor<4xi32>) outs({{.*}}) rows(%{{.*}})
  %1:2 = ignis.rope_cache ins(%k, %k, %table : tensor<4x32xf32>, tensor<4x32xf32>, tensor<32x32xf32>) position(%p : tensor<4xi32>) sequences(%s : tensor<4xi32>)
         outs(%kc, %vc : tensor<3x1x1x2x32x16xf16>, tensor<3x1x1x32x32xf16>) rows(%rows) {layer = 0 : i64}
         -> tensor<3x1x1x2x32x16xf16>, tensor<3x1x1x32x32xf16>
  // CHECK: ignis.attend {{.*}} sequences(%{{.*}} : tensor<4xi32>)
  %2 = ignis.attend ins(%0, %1#0, %1#1 : tensor<4x64xf32>, tensor<3x1x1x2x32x16xf16>, tensor<3x1x1x32x32xf16>) position(%p : tensor<4xi32>) sequences(%s : tensor<4xi32>)
       outs(%o : tensor<4x64xf32>) rows(%rows) {layer = 0 : i64} -> tensor<4x64xf32>
  return %2 : tensor<4x64xf32>
}
