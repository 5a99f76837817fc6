// RUN: ignis-opt %s --ignis-fuse-residual | FileCheck %s
// RUN: ignis-opt %s --ignis-fuse-residual -o %t.once
// RUN: ignis-opt %t.once --ignis-fuse-residual -o - | diff %t.once -
// What holds for every fusion of one pattern, by the example of one.

// What is dead is nobody's other use: an op of another kind, one of the pattern's own, and what only they use.
// CHECK-LABEL: func.func @dead
// CHECK-NOT: ignis.silu
// CHECK-NOT: ignis.add
// CHECK: ignis.linear ins({{.*}}) residual(%arg0
// CHECK-NOT: ignis.mul
// CHECK: return
func.func @dead(%x: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %w = ignis.weight "w" : tensor<64x64xf16>
  %e = tensor.empty() : tensor<1x64xf32>
  %l = ignis.linear ins(%x, %w : tensor<1x64xf32>, tensor<64x64xf16>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  %y = ignis.add ins(%x, %l : tensor<1x64xf32>, tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  %s = ignis.silu ins(%l : tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  %m = ignis.mul ins(%s, %l : tensor<1x64xf32>, tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  %a = ignis.add ins(%m, %l : tensor<1x64xf32>, tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %y : tensor<1x64xf32>
}

// A producer outside of the region that its consumer is in; nothing dead stays behind.
// CHECK-LABEL: func.func @nested
// CHECK-NOT: ignis.linear
// CHECK: scf.if
// CHECK: ignis.linear ins({{.*}}) residual(%arg0
// CHECK-NOT: ignis.add
func.func @nested(%x: tensor<1x64xf32>, %c: i1) -> tensor<1x64xf32> {
  %w = ignis.weight "w" : tensor<64x64xf16>
  %e = tensor.empty() : tensor<1x64xf32>
  %l = ignis.linear ins(%x, %w : tensor<1x64xf32>, tensor<64x64xf16>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  %r = scf.if %c -> tensor<1x64xf32> {
    %y = ignis.add ins(%x, %l : tensor<1x64xf32>, tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
    scf.yield %y : tensor<1x64xf32>
  } else {
    scf.yield %x : tensor<1x64xf32>
  }
  return %r : tensor<1x64xf32>
}

// From the top: the second add finds what the first one has become, and takes its own layer all the same.
// CHECK-LABEL: func.func @chain
// CHECK: %[[FIRST:.*]] = ignis.linear ins(%arg0, {{.*}} residual(%arg0
// CHECK: ignis.linear ins(%arg0, {{.*}} residual(%[[FIRST]]
// CHECK-NOT: ignis.add
func.func @chain(%x: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %w = ignis.weight "w" : tensor<64x64xf16>
  %v = ignis.weight "v" : tensor<64x64xf16>
  %e = tensor.empty() : tensor<1x64xf32>
  %l = ignis.linear ins(%x, %w : tensor<1x64xf32>, tensor<64x64xf16>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  %y = ignis.add ins(%x, %l : tensor<1x64xf32>, tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  %m = ignis.linear ins(%x, %v : tensor<1x64xf32>, tensor<64x64xf16>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  %z = ignis.add ins(%y, %m : tensor<1x64xf32>, tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %z : tensor<1x64xf32>
}
