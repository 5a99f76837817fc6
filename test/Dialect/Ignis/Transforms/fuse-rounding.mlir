// RUN: ignis-opt %s --ignis-fuse-rounding | FileCheck %s
// RUN: ignis-opt %s --ignis-fuse-rounding -o %t.once
// RUN: ignis-opt %t.once --ignis-fuse-rounding | diff %t.once -
// Ops that can write rounded rows do so where nobody reads the unrounded ones, and the buffer goes.

// CHECK-LABEL: func.func @norms
// CHECK-NOT: ignis.round
// CHECK: %[[R:.*]] = memref.alloc() : memref<4x64x!ignis.q8_act>
// CHECK-NEXT: ignis.rms_norm ins(%arg0, %arg1 : {{.*}}) outs(%[[R]] : memref<4x64x!ignis.q8_act>) rows(%arg2)
// CHECK-NEXT: ignis.linear ins(%[[R]]
// CHECK-NEXT: ignis.linear ins(%[[R]]
// CHECK: %[[S:.*]] = memref.alloc() : memref<4x64xf32>
// CHECK: %[[T:.*]] = memref.alloc() : memref<4x64x!ignis.q8_act>
// CHECK-NEXT: ignis.add_rms_norm {{.*}} outs(%[[S]], %[[T]] : memref<4x64xf32>, memref<4x64x!ignis.q8_act>)
// CHECK-NOT: ignis.round
func.func @norms(%x: memref<4x64xf32>, %w: memref<64xf32>, %rows: index, %a: memref<4x64xf32>, %b: memref<4x64xf32>, %c: memref<4x64xf32>) {
  %q = ignis.weight "q" : memref<64x64x!ignis.q8_0>
  %y = memref.alloc() : memref<4x64xf32>
  ignis.rms_norm ins(%x, %w : memref<4x64xf32>, memref<64xf32>) outs(%y : memref<4x64xf32>) rows(%rows) {eps = 1.0e-06 : f32}
  %r = memref.alloc() : memref<4x64x!ignis.q8_act>
  ignis.round ins(%y : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>) rows(%rows)
  ignis.linear ins(%r, %q : memref<4x64x!ignis.q8_act>, memref<64x64x!ignis.q8_0>) outs(%a : memref<4x64xf32>) rows(%rows)
  ignis.linear ins(%r, %q : memref<4x64x!ignis.q8_act>, memref<64x64x!ignis.q8_0>) outs(%b : memref<4x64xf32>) rows(%rows)
  %s = memref.alloc() : memref<4x64xf32>
  %z = memref.alloc() : memref<4x64xf32>
  ignis.add_rms_norm ins(%a, %b, %w : memref<4x64xf32>, memref<4x64xf32>, memref<64xf32>) outs(%s, %z : memref<4x64xf32>, memref<4x64xf32>) rows(%rows) {eps = 1.0e-06 : f32}
  %t = memref.alloc() : memref<4x64x!ignis.q8_act>
  ignis.round ins(%z : memref<4x64xf32>) outs(%t : memref<4x64x!ignis.q8_act>) rows(%rows)
  ignis.linear ins(%t, %q : memref<4x64x!ignis.q8_act>, memref<64x64x!ignis.q8_0>) residual(%s : memref<4x64xf32>) outs(%c : memref<4x64xf32>) rows(%rows)
  return
}

// CHECK-LABEL: func.func @layers
// CHECK: ignis.attend {{.*}} outs(%{{.*}} : memref<4x64x!ignis.q8_act>)
// CHECK: ignis.linear_swiglu {{.*}} outs(%{{.*}} : memref<4x64x!ignis.q8_act>)
// CHECK-NOT: memref.alloc() : memref<4x64xf32>
// CHECK-NOT: ignis.round
func.func @layers(%q: memref<4x64xf32>, %kc: memref<1x1x2x32x16xf16>, %vc: memref<1x1x32x32xf16>, %p: index, %a: memref<4x64xf32>) {
  %w = ignis.weight "w" : memref<64x64x!ignis.q8_0>
  %y = memref.alloc() : memref<4x64xf32>
  ignis.attend ins(%q, %kc, %vc : memref<4x64xf32>, memref<1x1x2x32x16xf16>, memref<1x1x32x32xf16>) position(%p) outs(%y : memref<4x64xf32>) {layer = 0 : i64}
  %r = memref.alloc() : memref<4x64x!ignis.q8_act>
  ignis.round ins(%y : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  %z = memref.alloc() : memref<4x64xf32>
  ignis.linear_swiglu ins(%r, %w, %w : memref<4x64x!ignis.q8_act>, memref<64x64x!ignis.q8_0>, memref<64x64x!ignis.q8_0>) outs(%z : memref<4x64xf32>)
  %t = memref.alloc() : memref<4x64x!ignis.q8_act>
  ignis.round ins(%z : memref<4x64xf32>) outs(%t : memref<4x64x!ignis.q8_act>)
  ignis.linear ins(%t, %w : memref<4x64x!ignis.q8_act>, memref<64x64x!ignis.q8_0>) outs(%a : memref<4x64xf32>)
  return
}

// A norm in place of its input, and the buffer written anew behind: the input stays as it was, which nobody sees.
// CHECK-LABEL: func.func @in_place
// CHECK: ignis.rms_norm ins(%arg0, %arg1 : {{.*}}) outs(%[[R:.*]] : memref<4x64x!ignis.q8_act>)
// CHECK-NEXT: ignis.linear ins(%[[R]]
// CHECK-NEXT: ignis.add ins(%arg2, %arg2 : {{.*}}) outs(%arg0 :
func.func @in_place(%x: memref<4x64xf32> {ignis.planned}, %w: memref<64xf32>, %a: memref<4x64xf32>) {
  %q = ignis.weight "q" : memref<64x64x!ignis.q8_0>
  ignis.rms_norm ins(%x, %w : memref<4x64xf32>, memref<64xf32>) outs(%x : memref<4x64xf32>) {eps = 1.0e-06 : f32}
  %r = memref.alloc() : memref<4x64x!ignis.q8_act>
  ignis.round ins(%x : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  ignis.linear ins(%r, %q : memref<4x64x!ignis.q8_act>, memref<64x64x!ignis.q8_0>) outs(%a : memref<4x64xf32>)
  ignis.add ins(%a, %a : memref<4x64xf32>, memref<4x64xf32>) outs(%x : memref<4x64xf32>)
  return
}
