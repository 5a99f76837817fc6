// RUN: ignis-opt %s --ignis-plan-memory="planner=exact alignment=64" | FileCheck %s
// RUN: ignis-opt %s --ignis-plan-memory="planner=exact alignment=64" > %t.once
// RUN: ignis-opt %t.once --ignis-plan-memory="planner=exact alignment=64" | diff %t.once -
// Functions that have nothing to do with ignis: one arena, views at constant offsets. A second run changes nothing.

// Two buffers that are never live together share their place.
// CHECK-LABEL: func.func @reuse
// CHECK: %[[ARENA:.*]] = memref.alloc() {alignment = 64 : i64, ignis.arena} : memref<1024xi8>
// CHECK-COUNT-2: memref.view %[[ARENA]]
// CHECK: memref.dealloc %[[ARENA]]
// CHECK-NEXT: return
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
// CHECK: ignis.arena} : memref<2048xi8>
func.func @aliases() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %v = arith.constant 1.0 : f32
  %a = memref.alloc() : memref<256xf32>
  %half = memref.subview %a[0] [128] [1] : memref<256xf32> to memref<128xf32, strided<[1]>>
  memref.store %v, %half[%c0] : memref<128xf32, strided<[1]>>
  %b = memref.alloc() : memref<256xf32>
  scf.for %i = %c0 to %c4 step %c1 {
    memref.store %v, %b[%i] : memref<256xf32>
  }
  memref.store %v, %half[%c0] : memref<128xf32, strided<[1]>>
  return
}

// In a loop: %t is read in the next round before it is written again, so %u may not take its place; two allocations
// of one round that do not meet share one.
// CHECK-LABEL: func.func @loop
// CHECK: ignis.arena} : memref<2048xi8>
// CHECK: scf.for
// CHECK: memref.view
// CHECK: memref.view
func.func @loop(%x: memref<256xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %t = memref.alloc() : memref<256xf32>
  memref.copy %x, %t : memref<256xf32> to memref<256xf32>
  scf.for %i = %c0 to %c4 step %c1 {
    memref.copy %t, %x : memref<256xf32> to memref<256xf32>
    %u = memref.alloc() : memref<256xf32>
    memref.copy %x, %u : memref<256xf32> to memref<256xf32>
    %w = memref.alloc() : memref<256xf32>
    memref.copy %x, %w : memref<256xf32> to memref<256xf32>
  }
  return
}

// Both origins of a value live as long as it does.
// CHECK-LABEL: func.func @select
// CHECK: ignis.arena} : memref<3072xi8>
func.func @select(%c: i1, %x: memref<256xf32>) {
  %a = memref.alloc() : memref<256xf32>
  memref.copy %x, %a : memref<256xf32> to memref<256xf32>
  %b = memref.alloc() : memref<256xf32>
  memref.copy %x, %b : memref<256xf32> to memref<256xf32>
  %s = arith.select %c, %a, %b : memref<256xf32>
  %d = memref.alloc() : memref<256xf32>
  memref.copy %x, %d : memref<256xf32> to memref<256xf32>
  memref.copy %s, %x : memref<256xf32> to memref<256xf32>
  memref.copy %d, %x : memref<256xf32> to memref<256xf32>
  return
}

// What the two sides of a branch hand on lives until its last use. (One interval each, so they share no place although
// they never meet.) The value freed is one of them.
// CHECK-LABEL: func.func @branch
// CHECK: ignis.arena} : memref<2048xi8>
// CHECK: scf.if
// CHECK-COUNT-1: memref.dealloc
// CHECK-NOT: memref.dealloc
// CHECK: return
func.func @branch(%c: i1, %x: memref<256xf32>) {
  %r = scf.if %c -> memref<256xf32> {
    %a = memref.alloc() : memref<256xf32>
    memref.copy %x, %a : memref<256xf32> to memref<256xf32>
    scf.yield %a : memref<256xf32>
  } else {
    %b = memref.alloc() : memref<256xf32>
    memref.copy %x, %b : memref<256xf32> to memref<256xf32>
    scf.yield %b : memref<256xf32>
  }
  memref.copy %r, %x : memref<256xf32> to memref<256xf32>
  memref.dealloc %r : memref<256xf32>
  return
}

// Blocks: %a is live around the cycle, %b within one round of it. Every return frees the arena.
// CHECK-LABEL: func.func @blocks
// CHECK: %[[ARENA:.*]] = memref.alloc() {alignment = 64 : i64, ignis.arena} : memref<2048xi8>
// CHECK: memref.dealloc %[[ARENA]]
// CHECK-NEXT: return
// CHECK: memref.dealloc %[[ARENA]]
// CHECK-NEXT: return
func.func @blocks(%c: i1, %x: memref<256xf32>) {
  %a = memref.alloc() : memref<256xf32>
  memref.copy %x, %a : memref<256xf32> to memref<256xf32>
  cf.br ^loop
^loop:
  %b = memref.alloc() : memref<256xf32>
  memref.copy %x, %b : memref<256xf32> to memref<256xf32>
  memref.copy %a, %x : memref<256xf32> to memref<256xf32>
  cf.cond_br %c, ^loop, ^done
^done:
  %d = memref.alloc() : memref<256xf32>
  memref.copy %x, %d : memref<256xf32> to memref<256xf32>
  cf.cond_br %c, ^one, ^two
^one:
  return
^two:
  return
}

// Blocks that stand in another order than they run: %a lives through ^later, which stands behind its last use.
// CHECK-LABEL: func.func @order
// CHECK: ignis.arena} : memref<2048xi8>
func.func @order(%c: i1, %x: memref<256xf32>) {
  %a = memref.alloc() : memref<256xf32>
  memref.copy %x, %a : memref<256xf32> to memref<256xf32>
  cf.br ^later
^last:
  memref.copy %a, %x : memref<256xf32> to memref<256xf32>
  return
^later:
  %b = memref.alloc() : memref<256xf32>
  memref.copy %x, %b : memref<256xf32> to memref<256xf32>
  memref.copy %b, %x : memref<256xf32> to memref<256xf32>
  cf.br ^last
}

// A call that is known to give back what it got.
// CHECK-LABEL: func.func @borrowed
// CHECK: ignis.arena} : memref<16xi8>
func.func private @reads(memref<4xf32>)
func.func @borrowed() {
  %a = memref.alloc() : memref<4xf32>
  call @reads(%a) {ignis.borrows} : (memref<4xf32>) -> ()
  return
}

// An allocation may ask for more than everybody's alignment; elements take what they take in LLVM.
// CHECK-LABEL: func.func @alignment
// CHECK: memref.alloc() {alignment = 256 : i64, ignis.arena} : memref<
func.func @alignment() {
  %c0 = arith.constant 0 : index
  %v = arith.constant 1 : i24
  %w = arith.constant dense<1.0> : vector<3xf32>
  %a = memref.alloc() : memref<4xi24>
  %b = memref.alloc() {alignment = 256 : i64} : memref<4xi24>
  %d = memref.alloc() : memref<4xvector<3xf32>>
  memref.store %v, %a[%c0] : memref<4xi24>
  memref.store %v, %b[%c0] : memref<4xi24>
  memref.store %w, %d[%c0] : memref<4xvector<3xf32>>
  memref.store %v, %a[%c0] : memref<4xi24>
  memref.store %v, %b[%c0] : memref<4xi24>
  return
}

// What the program takes for granted about an address stays true.
// CHECK-LABEL: func.func @assumed
// CHECK: memref.alloc() {alignment = 512 : i64, ignis.arena} : memref<528xi8>
// CHECK: memref.assume_alignment {{.*}}, 512
func.func @assumed(%x: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %b = memref.alloc() : memref<4xf32>
  memref.store %x, %b[%c0] : memref<4xf32>
  %a = memref.alloc() : memref<4xf32>
  %u = memref.assume_alignment %a, 512 : memref<4xf32>
  %d = memref.alloc() {alignment = 512 : i64} : memref<4xf32>
  memref.store %x, %u[%c0] : memref<4xf32>
  memref.store %x, %d[%c0] : memref<4xf32>
  %v = memref.load %u[%c0] : memref<4xf32>
  %w = memref.load %d[%c0] : memref<4xf32>
  %s = arith.addf %v, %w : f32
  return %s : f32
}
