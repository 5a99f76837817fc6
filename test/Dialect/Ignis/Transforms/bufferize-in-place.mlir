// RUN: ignis-opt %s --split-input-file --ignis-bufferize -o %t.walk
// RUN: ignis-opt %s --split-input-file --ignis-bufferize=always-analyse | diff %t.walk -
// RUN: ignis-opt %s --split-input-file --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" | diff %t.walk -
// RUN: FileCheck %s --input-file %t.walk

// A chain in place, as the default fusions leave it: no copy.
// CHECK-LABEL: func.func @chain
// CHECK-COUNT-1: memref.alloc()
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
func.func @chain(%x: tensor<1x64xf32>, %w: tensor<64xf32> {bufferization.writable = false}) -> tensor<1x64xf32> {
  %a = tensor.empty() : tensor<1x64xf32>
  %0 = ignis.rms_norm ins(%x, %w : tensor<1x64xf32>, tensor<64xf32>) outs(%a : tensor<1x64xf32>) {eps = 1.0e-06 : f32} -> tensor<1x64xf32>
  %1 = ignis.silu ins(%0 : tensor<1x64xf32>) outs(%0 : tensor<1x64xf32>) -> tensor<1x64xf32>
  %2 = ignis.add ins(%x, %1 : tensor<1x64xf32>, tensor<1x64xf32>) outs(%x : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %2 : tensor<1x64xf32>
}

// -----

// The old value is read after the write: a buffer of its own.
// CHECK-LABEL: func.func @read_later
// CHECK-COUNT-2: memref.alloc()
func.func @read_later(%x: tensor<1x64xf32>, %y: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %a = tensor.empty() : tensor<1x64xf32>
  %0 = ignis.silu ins(%x : tensor<1x64xf32>) outs(%x : tensor<1x64xf32>) -> tensor<1x64xf32>
  %1 = ignis.mul ins(%x, %0 : tensor<1x64xf32>, tensor<1x64xf32>) outs(%a : tensor<1x64xf32>) -> tensor<1x64xf32>
  %2 = ignis.add ins(%1, %y : tensor<1x64xf32>, tensor<1x64xf32>) outs(%y : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %2 : tensor<1x64xf32>
}

// -----

// The caller's memory may not be written.
// CHECK-LABEL: func.func @read_only
// CHECK: memref.alloc()
// CHECK: ignis.silu
func.func @read_only(%x: tensor<1x64xf32> {bufferization.writable = false}, %y: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %0 = ignis.silu ins(%x : tensor<1x64xf32>) outs(%x : tensor<1x64xf32>) -> tensor<1x64xf32>
  %1 = ignis.add ins(%0, %y : tensor<1x64xf32>, tensor<1x64xf32>) outs(%y : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %1 : tensor<1x64xf32>
}

// -----

// Two ops with one destination.
// CHECK-LABEL: func.func @shared_destination
// CHECK-COUNT-2: memref.alloc()
func.func @shared_destination(%x: tensor<1x64xf32>, %y: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %a = tensor.empty() : tensor<1x64xf32>
  %0 = ignis.silu ins(%x : tensor<1x64xf32>) outs(%a : tensor<1x64xf32>) -> tensor<1x64xf32>
  %1 = ignis.silu ins(%y : tensor<1x64xf32>) outs(%a : tensor<1x64xf32>) -> tensor<1x64xf32>
  %2 = ignis.add ins(%0, %1 : tensor<1x64xf32>, tensor<1x64xf32>) outs(%y : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %2 : tensor<1x64xf32>
}

// -----

// An op that reads an input after it has begun to write may not write over it.
// CHECK-LABEL: func.func @not_elementwise
// CHECK: memref.alloc()
// CHECK: ignis.rope
func.func @not_elementwise(%x: tensor<1x128xf32>, %table: tensor<16x64xf32>, %p: index, %y: tensor<1x128xf32>) -> tensor<1x128xf32> {
  %0 = ignis.add ins(%x, %y : tensor<1x128xf32>, tensor<1x128xf32>) outs(%x : tensor<1x128xf32>) -> tensor<1x128xf32>
  %w = ignis.weight "w" : tensor<128x128x!ignis.q8_0>
  %1 = ignis.linear ins(%0, %w : tensor<1x128xf32>, tensor<128x128x!ignis.q8_0>) outs(%0 : tensor<1x128xf32>) -> tensor<1x128xf32>
  %2 = ignis.rope ins(%1, %table : tensor<1x128xf32>, tensor<16x64xf32>) position(%p) outs(%y : tensor<1x128xf32>) -> tensor<1x128xf32>
  return %2 : tensor<1x128xf32>
}

// -----

// Calls: upstream's analysis looks into the callee.
// CHECK-LABEL: func.func private @callee
// CHECK-LABEL: func.func @caller
// CHECK: call @callee
func.func private @callee(%x: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %0 = ignis.silu ins(%x : tensor<1x64xf32>) outs(%x : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %0 : tensor<1x64xf32>
}
func.func @caller(%x: tensor<1x64xf32>, %y: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %0 = call @callee(%x) : (tensor<1x64xf32>) -> tensor<1x64xf32>
  %1 = ignis.add ins(%x, %0 : tensor<1x64xf32>, tensor<1x64xf32>) outs(%y : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %1 : tensor<1x64xf32>
}

// -----

// An argument returned twice.
// CHECK-LABEL: func.func @returned_twice
func.func @returned_twice(%x: tensor<1x64xf32>) -> (tensor<1x64xf32>, tensor<1x64xf32>) {
  %0 = ignis.silu ins(%x : tensor<1x64xf32>) outs(%x : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %0, %0 : tensor<1x64xf32>, tensor<1x64xf32>
}
