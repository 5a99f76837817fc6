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

// Two outputs over two inputs; with one destination for both, read later or not, one of them gets a buffer of its own.
// CHECK-LABEL: func.func @two_outputs
// CHECK: %[[A:.*]] = memref.alloc
// CHECK: %[[B:.*]] = memref.alloc
// CHECK-NOT: memref.alloc
// CHECK: ignis.add_rms_norm ins(%[[A]], %[[B]], %{{.*}} : {{.*}}) outs(%[[A]], %[[B]] :
// CHECK-NOT: memref.copy
// CHECK-LABEL: func.func @one_destination
// CHECK: ignis.add_rms_norm ins(%[[X:[a-z0-9]+]], %[[X]], %{{.*}}) outs(%[[S:[a-z0-9_]+]], %[[O:[a-z0-9_]+]] :
// CHECK: ignis.add ins(%[[S]], %[[O]] :
// CHECK-LABEL: func.func @dead_sum
// CHECK-SAME: %[[OUT:[a-z0-9]+]]: memref<4x64xf32>) ->
// CHECK: %[[A:.*]] = memref.alloc()
// CHECK-NOT: memref.copy
// CHECK: ignis.add_rms_norm ins(%{{.*}}) outs(%[[OUT]], %[[A]] :
func.func @two_outputs(%x: tensor<4x64xf32> {bufferization.writable = false}, %n: tensor<64xf32> {bufferization.writable = false},
                       %out: tensor<4x64xf32> {bufferization.writable = true}) -> tensor<4x64xf32> {
  %e0 = tensor.empty() : tensor<4x64xf32>
  %a = ignis.silu ins(%x : tensor<4x64xf32>) outs(%e0 : tensor<4x64xf32>) -> tensor<4x64xf32>
  %e1 = tensor.empty() : tensor<4x64xf32>
  %b = ignis.add ins(%x, %a : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e1 : tensor<4x64xf32>) -> tensor<4x64xf32>
  %0:2 = ignis.add_rms_norm ins(%a, %b, %n : tensor<4x64xf32>, tensor<4x64xf32>, tensor<64xf32>) outs(%a, %b : tensor<4x64xf32>, tensor<4x64xf32>)
         {eps = 1.0e-06 : f32} -> tensor<4x64xf32>, tensor<4x64xf32>
  %1 = ignis.add ins(%0#0, %0#1 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%out : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %1 : tensor<4x64xf32>
}

func.func @one_destination(%x: tensor<4x64xf32> {bufferization.writable = false}, %n: tensor<64xf32> {bufferization.writable = false},
                           %out: tensor<4x64xf32> {bufferization.writable = true}) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %0:2 = ignis.add_rms_norm ins(%x, %x, %n : tensor<4x64xf32>, tensor<4x64xf32>, tensor<64xf32>) outs(%e, %e : tensor<4x64xf32>, tensor<4x64xf32>)
         {eps = 1.0e-06 : f32} -> tensor<4x64xf32>, tensor<4x64xf32>
  %1 = ignis.add ins(%0#0, %0#1 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%out : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %1 : tensor<4x64xf32>
}

func.func @dead_sum(%x: tensor<4x64xf32> {bufferization.writable = false}, %n: tensor<64xf32> {bufferization.writable = false},
                    %out: tensor<4x64xf32> {bufferization.writable = true}) -> tensor<4x64xf32> {
  %0:2 = ignis.add_rms_norm ins(%x, %x, %n : tensor<4x64xf32>, tensor<4x64xf32>, tensor<64xf32>) outs(%out, %out : tensor<4x64xf32>, tensor<4x64xf32>)
         {eps = 1.0e-06 : f32} -> tensor<4x64xf32>, tensor<4x64xf32>
  return %0#1 : tensor<4x64xf32>
}
