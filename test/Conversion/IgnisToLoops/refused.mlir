// RUN: not ignis-opt %s --pass-pipeline='builtin.module(ignis-lower-to-loops)' 2>&1 | FileCheck %s
// The oracle's activations stay float: rounding has no reference lowering, and the contract says so before the pass runs.
// CHECK: error: illegal pass order: 'ignis-lower-to-loops' (pass 1) requires 'unrounded' (no op rounds activations for others), which 'ignis.round' in the input contradicts

func.func private @rounds(%x: memref<4x64xf32>, %r: memref<4x64x!ignis.q8_act>) -> i64 attributes {ignis.outlined} {
  ignis.round ins(%x : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  %c0 = arith.constant 0 : i64
  return %c0 : i64
}
