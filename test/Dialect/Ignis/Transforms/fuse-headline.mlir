// RUN: ignis-opt %s --split-input-file --ignis-fuse-rms-norm --ignis-fuse-swiglu | FileCheck %s
// RUN: ignis-opt %s --split-input-file --ignis-fuse-swiglu --ignis-fuse-rms-norm | FileCheck %s

// CHECK-LABEL: func.func @both
// CHECK-NOT: ignis.rms_normalize
// CHECK: ignis.rms_norm ins(%arg0, %arg1 : {{.*}}) outs({{.*}}) {eps = 9.99999997E-7 : f32}
// CHECK-NOT: ignis.silu
// CHECK: ignis.swiglu ins(%[[N:.*]], %arg2
func.func @both(%x: tensor<1x64xf32>, %w: tensor<64xf32>, %u: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %e = tensor.empty() : tensor<1x64xf32>
  %0 = ignis.rms_normalize ins(%x : tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) {eps = 1.0e-06 : f32} -> tensor<1x64xf32>
  %1 = ignis.scale ins(%0, %w : tensor<1x64xf32>, tensor<64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  %2 = ignis.silu ins(%1 : tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  %3 = ignis.mul ins(%u, %2 : tensor<1x64xf32>, tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %3 : tensor<1x64xf32>
}

// -----

// A second use keeps the parts.
// CHECK-LABEL: func.func @second_use
// CHECK: ignis.rms_normalize
// CHECK: ignis.scale
// CHECK: ignis.silu
// CHECK: ignis.mul
func.func @second_use(%x: tensor<1x64xf32>, %w: tensor<64xf32>) -> (tensor<1x64xf32>, tensor<1x64xf32>, tensor<1x64xf32>) {
  %e = tensor.empty() : tensor<1x64xf32>
  %0 = ignis.rms_normalize ins(%x : tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) {eps = 1.0e-06 : f32} -> tensor<1x64xf32>
  %1 = ignis.scale ins(%0, %w : tensor<1x64xf32>, tensor<64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  %2 = ignis.silu ins(%1 : tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  %3 = ignis.mul ins(%1, %2 : tensor<1x64xf32>, tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %0, %2, %3 : tensor<1x64xf32>, tensor<1x64xf32>, tensor<1x64xf32>
}

// -----

// Other rows in use, or no partner: nothing.
// CHECK-LABEL: func.func @rows_differ
// CHECK: ignis.rms_normalize
// CHECK: ignis.scale
// CHECK: ignis.mul
func.func @rows_differ(%x: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %0 = ignis.rms_normalize ins(%x : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) rows(%rows) {eps = 1.0e-06 : f32} -> tensor<4x64xf32>
  %1 = ignis.scale ins(%0, %w : tensor<4x64xf32>, tensor<64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %2 = ignis.mul ins(%1, %x : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %2 : tensor<4x64xf32>
}
