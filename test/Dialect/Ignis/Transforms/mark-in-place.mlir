// RUN: ignis-opt %s --ignis-mark-in-place --split-input-file --verify-diagnostics --remarks-filter-missed=ignis --remark-format=emitRemark -o /dev/null
// RUN: ignis-opt %s --split-input-file --ignis-mark-in-place -o %t.once
// RUN: ignis-opt %t.once --split-input-file --ignis-mark-in-place -o - | diff %t.once -
// RUN: ignis-opt %s --split-input-file --ignis-mark-in-place | FileCheck %s
// An input that dies gives its place to the result; every reason why not.

// CHECK-LABEL: func.func @dies
// CHECK: %[[A:.*]] = ignis.silu ins(%arg0
// CHECK: ignis.silu ins(%[[A]] : {{.*}}) outs(%[[A]] :

func.func @dies(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  // expected-remark @+1 {{the input is an argument that is not bufferization.writable}}
  %0 = ignis.silu ins(%x : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.silu ins(%0 : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %1 : tensor<4x64xf32>
}

// -----

// CHECK-LABEL: func.func @writable
// CHECK: ignis.silu ins(%arg0 : {{.*}}) outs(%arg0 :
func.func @writable(%x: tensor<4x64xf32> {bufferization.writable = true}) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %0 = ignis.silu ins(%x : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0 : tensor<4x64xf32>
}

// -----

func.func @later(%x: tensor<4x64xf32> {bufferization.writable = true}) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %0 = ignis.silu ins(%x : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{the input is read later}}
  %1 = ignis.silu ins(%0 : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0, %1 : tensor<4x64xf32>, tensor<4x64xf32>
}

// -----

func.func @destination(%x: tensor<4x64xf32> {bufferization.writable = true}, %out: tensor<4x64xf32>) -> tensor<4x64xf32> {
  // expected-remark @+1 {{the destination has a meaning of its own}}
  %0 = ignis.silu ins(%x : tensor<4x64xf32>) outs(%out : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0 : tensor<4x64xf32>
}
