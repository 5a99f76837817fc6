// RUN: ignis-opt %s --ignis-bufferize-pipeline | FileCheck %s
// A fresh tensor becomes an allocation, a destination that means something the caller's buffer, a cache is updated in place;
// nothing is copied.

// CHECK-LABEL: func.func @f
// CHECK-SAME: (%[[Q:.*]]: memref<4x64xf32>, %[[K:.*]]: memref<4x32xf32>, %[[P:.*]]: index, %[[KC:.*]]: memref<{{.*}}>, %[[VC:.*]]: memref<{{.*}}>, %[[OUT:[a-z0-9]+]]: memref<4x64xf32>
// CHECK-NOT: ->
// CHECK: %[[W:.*]] = ignis.weight "w" : memref<64x64xf16>
// CHECK: %[[A:.*]] = memref.alloc() {{.*}} : memref<4x64xf32>
// CHECK: ignis.attention ins(%[[Q]], %[[K]], %[[K]] : {{.*}}) position(%[[P]]) outs(%[[A]], %[[KC]], %[[VC]] :
// CHECK: ignis.linear ins(%[[A]], %[[W]] : {{.*}}) outs(%[[OUT]] :
// CHECK-NOT: memref.copy
// CHECK: return
// CHECK-NOT: tensor
func.func @f(%q: tensor<4x64xf32> {bufferization.writable = false}, %k: tensor<4x32xf32> {bufferization.writable = false}, %p: index,
             %kc: tensor<2x1x2x32x16xf16> {bufferization.writable = true}, %vc: tensor<2x1x32x32xf16> {bufferization.writable = true},
             %out: tensor<4x64xf32> {bufferization.writable = true})
    -> (tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>, tensor<4x64xf32>) {
  %w = ignis.weight "w" : tensor<64x64xf16>
  %e = tensor.empty() : tensor<4x64xf32>
  %1:3 = ignis.attention ins(%q, %k, %k : tensor<4x64xf32>, tensor<4x32xf32>, tensor<4x32xf32>) position(%p)
           outs(%e, %kc, %vc : tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>) {layer = 0 : i64}
           -> tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>
  %2 = ignis.linear ins(%1#0, %w : tensor<4x64xf32>, tensor<64x64xf16>) outs(%out : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %1#1, %1#2, %2 : tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>, tensor<4x64xf32>
}
