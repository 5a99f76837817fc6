// RUN: ignis-opt %s --ignis-fuse-rope-cache | FileCheck %s
// The rotated keys go straight into the cache.

// CHECK-LABEL: func.func @f
// CHECK-NOT: ignis.rope ins
// CHECK: %[[W:.*]]:2 = ignis.rope_cache ins(%arg1, %arg2, %arg3
// CHECK: ignis.attend ins(%arg0, %[[W]]#0, %[[W]]#1
// CHECK-NOT: ignis.attention
func.func @f(%q: tensor<4x64xf32>, %k: tensor<4x32xf32>, %v: tensor<4x32xf32>, %table: tensor<32x32xf32>, %p: index,
             %kc: tensor<2x1x2x32x16xf16>, %vc: tensor<2x1x32x32xf16>)
    -> (tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %ek = tensor.empty() : tensor<4x32xf32>
  %0 = ignis.rope ins(%k, %table : tensor<4x32xf32>, tensor<32x32xf32>) position(%p) outs(%ek : tensor<4x32xf32>) -> tensor<4x32xf32>
  %1:3 = ignis.attention ins(%q, %0, %v : tensor<4x64xf32>, tensor<4x32xf32>, tensor<4x32xf32>) position(%p)
           outs(%e, %kc, %vc : tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>) {layer = 1 : i64}
           -> tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>
  return %1#0, %1#1, %1#2 : tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>
}
