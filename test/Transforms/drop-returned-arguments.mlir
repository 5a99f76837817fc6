// RUN: ignis-opt %s --ignis-drop-returned-arguments | FileCheck %s
// RUN: ignis-opt %s --ignis-drop-returned-arguments -o %t.once
// RUN: ignis-opt %t.once --ignis-drop-returned-arguments | diff %t.once -

// CHECK: func.func @all(%arg0: memref<4xf32>) {
// CHECK-NEXT: return
// CHECK-NOT: %arg0
func.func @all(%x: memref<4xf32>) -> memref<4xf32> {
  return %x : memref<4xf32>
}

// A result that is no buffer stays, and so does one that differs from return to return.
// CHECK: func.func @some(%arg0: memref<4xf32>, %arg1: memref<4xf32>, %arg2: i1) -> (memref<4xf32>, i1)
func.func @some(%x: memref<4xf32>, %y: memref<4xf32>, %c: i1) -> (memref<4xf32>, memref<4xf32>, i1) {
  cf.cond_br %c, ^a, ^b
^a:
  return %x, %x, %c : memref<4xf32>, memref<4xf32>, i1
^b:
  return %x, %y, %c : memref<4xf32>, memref<4xf32>, i1
}

// Callers in the module need what they call for.
// CHECK: func.func @called(%arg0: memref<4xf32>) -> memref<4xf32>
func.func @called(%x: memref<4xf32>) -> memref<4xf32> {
  return %x : memref<4xf32>
}
func.func @caller(%x: memref<4xf32>) {
  %0 = call @called(%x) : (memref<4xf32>) -> memref<4xf32>
  return
}
