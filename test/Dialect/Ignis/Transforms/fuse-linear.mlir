// RUN: ignis-opt %s --ignis-fuse-linear-swiglu | FileCheck %s --check-prefixes=CHECK,SWIGLU
// RUN: ignis-opt %s --ignis-fuse-gate-up --ignis-fuse-linear-swiglu | FileCheck %s --check-prefixes=CHECK,GROUP
// RUN: ignis-opt %s --ignis-fuse-qkv | FileCheck %s --check-prefix=QKV
// RUN: ignis-opt %s --ignis-fuse-residual | FileCheck %s --check-prefix=RESIDUAL
// Gate and up: who comes first takes them.

// CHECK-LABEL: func.func @feed_forward
// SWIGLU: ignis.linear_swiglu
// SWIGLU-NOT: ignis.swiglu
// GROUP: ignis.linear_group
// GROUP: ignis.swiglu
// RESIDUAL-LABEL: func.func @feed_forward
// RESIDUAL: ignis.linear {{.*}} residual(%arg0
// RESIDUAL-NOT: ignis.add
func.func @feed_forward(%x: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %wg = ignis.weight "gate" : tensor<96x64x!ignis.q8_0>
  %wu = ignis.weight "up" : tensor<96x64x!ignis.q8_0>
  %wd = ignis.weight "down" : tensor<64x96x!ignis.q8_0>
  %e = tensor.empty() : tensor<1x96xf32>
  %f = tensor.empty() : tensor<1x64xf32>
  %gate = ignis.linear ins(%x, %wg : tensor<1x64xf32>, tensor<96x64x!ignis.q8_0>) outs(%e : tensor<1x96xf32>) -> tensor<1x96xf32>
  %up = ignis.linear ins(%x, %wu : tensor<1x64xf32>, tensor<96x64x!ignis.q8_0>) outs(%e : tensor<1x96xf32>) -> tensor<1x96xf32>
  %h = ignis.swiglu ins(%gate, %up : tensor<1x96xf32>, tensor<1x96xf32>) outs(%e : tensor<1x96xf32>) -> tensor<1x96xf32>
  %down = ignis.linear ins(%h, %wd : tensor<1x96xf32>, tensor<64x96x!ignis.q8_0>) outs(%f : tensor<1x64xf32>) -> tensor<1x64xf32>
  %y = ignis.add ins(%x, %down : tensor<1x64xf32>, tensor<1x64xf32>) outs(%f : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %y : tensor<1x64xf32>
}

// QKV-LABEL: func.func @projections
// QKV: ignis.linear_group {{.*}} weights({{.*}}) biases({{.*}}) outs
// QKV-NOT: ignis.linear ins
func.func @projections(%x: tensor<1x64xf32>, %b: tensor<64xf32>) -> (tensor<1x64xf32>, tensor<1x64xf32>, tensor<1x64xf32>) {
  %w = ignis.weight "w" : tensor<64x64xf16>
  %e = tensor.empty() : tensor<1x64xf32>
  %q = ignis.linear ins(%x, %w : tensor<1x64xf32>, tensor<64x64xf16>) bias(%b : tensor<64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  %k = ignis.linear ins(%x, %w : tensor<1x64xf32>, tensor<64x64xf16>) bias(%b : tensor<64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  %u = ignis.weight "u" : tensor<64x64xf16>
  %v = ignis.linear ins(%x, %u : tensor<1x64xf32>, tensor<64x64xf16>) bias(%b : tensor<64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %q, %k, %v : tensor<1x64xf32>, tensor<1x64xf32>, tensor<1x64xf32>
}
