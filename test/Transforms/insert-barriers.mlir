// RUN: ignis-opt %s --ignis-insert-barriers | FileCheck %s
// A barrier only where one op needs what another made, or overwrites what it reads.

// CHECK-LABEL: func.func @chain
// CHECK: ignis.silu
// CHECK-NEXT: ignis.silu
// CHECK-NEXT: ignis.barrier
// CHECK-NEXT: ignis.add
// CHECK-NEXT: ignis.barrier
// CHECK-NEXT: ignis.silu
// CHECK-NOT: ignis.barrier
func.func @chain(%x: memref<1x64xf32>, %a: memref<1x64xf32>, %b: memref<1x64xf32>) {
  ignis.silu ins(%x : memref<1x64xf32>) outs(%a : memref<1x64xf32>)
  ignis.silu ins(%x : memref<1x64xf32>) outs(%b : memref<1x64xf32>)
  ignis.add ins(%a, %b : memref<1x64xf32>, memref<1x64xf32>) outs(%a : memref<1x64xf32>)
  ignis.silu ins(%a : memref<1x64xf32>) outs(%x : memref<1x64xf32>)
  return
}
