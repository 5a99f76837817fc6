// RUN: ignis-opt %s --canonicalize | FileCheck %s
// A number of rows that says nothing is dropped.

// CHECK-LABEL: func.func @all_rows
// CHECK: ignis.silu {{.*}} outs(%{{.*}} : memref<4x64xf32>){{$}}
// CHECK: ignis.silu {{.*}} rows(%{{.*}})
func.func @all_rows(%x: memref<4x64xf32>, %rows: index) {
  %c4 = arith.constant 4 : index
  ignis.silu ins(%x : memref<4x64xf32>) outs(%x : memref<4x64xf32>) rows(%c4)
  ignis.silu ins(%x : memref<4x64xf32>) outs(%x : memref<4x64xf32>) rows(%rows)
  return
}

// CHECK-LABEL: func.func @two_outputs
// CHECK: ignis.add_rms_norm {{.*}} outs(%{{.*}} : memref<4x64xf32>, memref<4x64xf32>) {eps
func.func @two_outputs(%x: memref<4x64xf32>, %y: memref<4x64xf32>, %n: memref<64xf32>) {
  %c4 = arith.constant 4 : index
  ignis.add_rms_norm ins(%x, %x, %n : memref<4x64xf32>, memref<4x64xf32>, memref<64xf32>) outs(%x, %y : memref<4x64xf32>, memref<4x64xf32>) rows(%c4) {eps = 1.0e-06 : f32}
  return
}
