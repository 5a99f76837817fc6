// RUN: ignis-opt %s --ignis-materialize-rounding | FileCheck %s
// What writes to memory without a destination ends all roundings.
// CHECK-LABEL: func.func @overwritten
// CHECK-COUNT-2: ignis.round
func.func @overwritten(%x: memref<1x64xf32>, %y: memref<1x64xf32>, %a: memref<1x32xf32>, %b: memref<1x32xf32>) {
  %w = ignis.weight "w" : memref<32x64x!ignis.q8_0>
  ignis.linear ins(%x, %w : memref<1x64xf32>, memref<32x64x!ignis.q8_0>) outs(%a : memref<1x32xf32>)
  memref.copy %y, %x : memref<1x64xf32> to memref<1x64xf32>
  ignis.linear ins(%x, %w : memref<1x64xf32>, memref<32x64x!ignis.q8_0>) outs(%b : memref<1x32xf32>)
  return
}
