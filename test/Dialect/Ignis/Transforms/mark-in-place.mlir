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

// -----

// Two outputs take two inputs: each its own.
// CHECK-LABEL: func.func @two_outputs
// CHECK: %[[A:.*]] = ignis.silu ins(%arg0
// CHECK: %[[B:.*]] = ignis.silu ins(%[[A]]
// CHECK: ignis.add_rms_norm ins(%[[A]], %[[B]], %arg1 : {{.*}}) outs(%[[A]], %[[B]] :
func.func @two_outputs(%x: tensor<4x64xf32>, %n: tensor<64xf32>) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  // expected-remark @+1 {{the input is an argument that is not bufferization.writable}}
  %a = ignis.silu ins(%x : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{the input is read later}}
  %b = ignis.silu ins(%a : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %0:2 = ignis.add_rms_norm ins(%a, %b, %n : tensor<4x64xf32>, tensor<4x64xf32>, tensor<64xf32>) outs(%e, %e : tensor<4x64xf32>, tensor<4x64xf32>)
         {eps = 1.0e-06 : f32} -> tensor<4x64xf32>, tensor<4x64xf32>
  return %0#0, %0#1 : tensor<4x64xf32>, tensor<4x64xf32>
}

// -----

// One input that dies, twice an operand: one output takes it.
// CHECK-LABEL: func.func @one_input
// CHECK: %[[E:.*]] = tensor.empty
// CHECK: ignis.add_rms_norm ins(%arg0, %arg0, %arg1 : {{.*}}) outs(%arg0, %[[E]] :
func.func @one_input(%x: tensor<4x64xf32> {bufferization.writable = true}, %n: tensor<64xf32>) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %0:2 = ignis.add_rms_norm ins(%x, %x, %n : tensor<4x64xf32>, tensor<4x64xf32>, tensor<64xf32>) outs(%e, %e : tensor<4x64xf32>, tensor<4x64xf32>)
         {eps = 1.0e-06 : f32} -> tensor<4x64xf32>, tensor<4x64xf32>
  return %0#0, %0#1 : tensor<4x64xf32>, tensor<4x64xf32>
}

// -----

// One output is in place already; the other has an input that somebody reads later.
// CHECK-LABEL: func.func @half
// CHECK: %[[E:.*]] = tensor.empty
// CHECK: %[[A:.*]] = ignis.silu
// CHECK: ignis.add_rms_norm ins(%arg0, %[[A]], %arg1 : {{.*}}) outs(%[[E]], %[[A]] :
func.func @half(%x: tensor<4x64xf32>, %n: tensor<64xf32>) -> (tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  // expected-remark @+1 {{the input is read later}}
  %a = ignis.silu ins(%x : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{the input is read later}}
  %0:2 = ignis.add_rms_norm ins(%x, %a, %n : tensor<4x64xf32>, tensor<4x64xf32>, tensor<64xf32>) outs(%e, %a : tensor<4x64xf32>, tensor<4x64xf32>)
         {eps = 1.0e-06 : f32} -> tensor<4x64xf32>, tensor<4x64xf32>
  return %0#0, %0#1, %x : tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>
}

// -----

// A linear layer may write over its residual, but not where a bias of f16 is added to what a kernel has written.
// CHECK-LABEL: func.func @residual
// CHECK: ignis.linear {{.*}} residual(%arg1 : {{.*}}) outs(%arg1 :
// CHECK: ignis.linear {{.*}} residual(%arg2 : {{.*}}) outs(%{{[0-9]+}} :
func.func @residual(%x: tensor<4x64xf32>, %y: tensor<4x64xf32> {bufferization.writable = true}, %z: tensor<4x64xf32> {bufferization.writable = true},
                    %b: tensor<64xf32>, %h: tensor<64xf16>) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %w = ignis.weight "w" : tensor<64x64x!ignis.q8_0>
  %0 = ignis.linear ins(%x, %w : tensor<4x64xf32>, tensor<64x64x!ignis.q8_0>) bias(%b : tensor<64xf32>) residual(%y : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.linear ins(%x, %w : tensor<4x64xf32>, tensor<64x64x!ignis.q8_0>) bias(%h : tensor<64xf16>) residual(%z : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0, %1 : tensor<4x64xf32>, tensor<4x64xf32>
}
