// RUN: ignis-opt %s --ignis-plan-memory="planner=exact alignment=64" | FileCheck %s
// Functions that have nothing to do with ignis: one arena, views at constant offsets.

// Two buffers that are never live together share their place.
// CHECK-LABEL: func.func @reuse
// CHECK: %[[ARENA:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1024xi8>
// CHECK-COUNT-2: memref.view %[[ARENA]]
// CHECK: memref.dealloc %[[ARENA]]
func.func @reuse(%x: memref<256xf32>) {
  %c0 = arith.constant 0 : index
  %v = arith.constant 1.0 : f32
  %a = memref.alloc() : memref<256xf32>
  memref.store %v, %a[%c0] : memref<256xf32>
  memref.dealloc %a : memref<256xf32>
  %b = memref.alloc() : memref<256xf32>
  memref.store %v, %b[%c0] : memref<256xf32>
  memref.dealloc %b : memref<256xf32>
  return
}

// A view keeps its source alive, a loop keeps what is used in it alive.
// CHECK-LABEL: func.func @aliases
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<2048xi8>
func.func @aliases() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %v = arith.constant 1.0 : f32
  %a = memref.alloc() : memref<256xf32>
  %half = memref.subview %a[0] [128] [1] : memref<256xf32> to memref<128xf32, strided<[1]>>
  %b = memref.alloc() : memref<256xf32>
  scf.for %i = %c0 to %c4 step %c1 {
    memref.store %v, %b[%i] : memref<256xf32>
  }
  memref.store %v, %half[%c0] : memref<128xf32, strided<[1]>>
  return
}
