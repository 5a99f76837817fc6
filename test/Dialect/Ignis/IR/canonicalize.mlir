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
