// RUN: ignis-opt %s --ignis-mark-in-place --ignis-fuse-rms-norm --ignis-fuse-swiglu --ignis-fuse-residual --ignis-verify-contracts | FileCheck %s
// Fusions find their ops when these work in place already, and leave nothing that writes where it should not.

// CHECK-LABEL: func.func @norm
// CHECK: %[[E:.*]] = tensor.empty
// CHECK: ignis.rms_norm ins(%arg0, %arg2 : {{.*}}) outs(%[[E]] :
// CHECK-LABEL: func.func @gated
// CHECK: %[[L:.*]] = ignis.linear
// CHECK: ignis.swiglu ins(%[[L]], %arg1 : {{.*}}) outs(%[[L]] :
// CHECK-LABEL: func.func @residual
// CHECK: %[[E:.*]] = tensor.empty
// CHECK: ignis.linear {{.*}} residual(%arg1 : {{.*}}) outs(%[[E]] :
// CHECK-NOT: ignis.add

func.func @norm(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %0 = ignis.rms_normalize ins(%x : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) {eps = 1.0e-06 : f32} -> tensor<4x64xf32>
  %1 = ignis.scale ins(%0, %w : tensor<4x64xf32>, tensor<64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %1 : tensor<4x64xf32>
}

func.func @gated(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.silu ins(%0 : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %2 = ignis.mul ins(%1, %y : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %2 : tensor<4x64xf32>
}

func.func @residual(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.add ins(%y, %0 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %1 : tensor<4x64xf32>
}
