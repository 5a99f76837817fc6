// RUN: ignis-opt %s %to-llvm | mlir-runner -e main -entry-point-result=i64 | FileCheck %s
// RUN: ignis-opt %s --ignis-plan-memory=planner=exact %to-llvm | mlir-runner -e main -entry-point-result=i64 | FileCheck %s
// RUN: ignis-opt %s --ignis-plan-memory=planner=slots %to-llvm | mlir-runner -e main -entry-point-result=i64 | FileCheck %s
// RUN: ignis-opt %s --ignis-plan-memory="planner=greedy-stack alignment=1" %to-llvm | mlir-runner -e main -entry-point-result=i64 | FileCheck %s
// RUN: ignis-opt %s --ignis-plan-memory=planner=exact | FileCheck %s --check-prefix=PLAN
// A program that has nothing to do with ignis gives the same number planned and unplanned: the 24th Fibonacci number
// by two buffers that a loop swaps (46368), the sum of squares below 10 through views and blocks (285), and 7 by way
// of a branch and a select.

// CHECK: 46660
// PLAN-LABEL: func.func @fibonacci
// PLAN: ignis.arena
// PLAN-LABEL: func.func @squares
// PLAN: ignis.arena
// PLAN-LABEL: func.func @choose
// PLAN: ignis.arena
func.func @fibonacci() -> i64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c24 = arith.constant 24 : index
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %a = memref.alloc() : memref<1xi64>
  %b = memref.alloc() : memref<1xi64>
  memref.store %zero, %a[%c0] : memref<1xi64>
  memref.store %one, %b[%c0] : memref<1xi64>
  %r:2 = scf.for %i = %c0 to %c24 step %c1 iter_args(%p = %a, %q = %b) -> (memref<1xi64>, memref<1xi64>) {
    %sum = memref.alloc() : memref<1xi64>
    %x = memref.load %p[%c0] : memref<1xi64>
    %y = memref.load %q[%c0] : memref<1xi64>
    %z = arith.addi %x, %y : i64
    memref.store %z, %sum[%c0] : memref<1xi64>
    memref.copy %sum, %p : memref<1xi64> to memref<1xi64>
    memref.dealloc %sum : memref<1xi64>
    scf.yield %q, %p : memref<1xi64>, memref<1xi64>
  }
  %v = memref.load %r#0[%c0] : memref<1xi64>
  memref.dealloc %a : memref<1xi64>
  memref.dealloc %b : memref<1xi64>
  return %v : i64
}

func.func @squares() -> i64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %zero = arith.constant 0 : i64
  %total = memref.alloc() : memref<i64>
  memref.store %zero, %total[] : memref<i64>
  %table = memref.alloc() : memref<16xi64>
  %shifted = memref.subview %table[3] [10] [1] : memref<16xi64> to memref<10xi64, strided<[1], offset: 3>>
  %any = memref.cast %shifted : memref<10xi64, strided<[1], offset: 3>> to memref<?xi64, strided<[?], offset: ?>>
  cf.br ^head(%c0 : index)
^head(%i: index):
  %more = arith.cmpi slt, %i, %c10 : index
  cf.cond_br %more, ^body, ^sum(%c0 : index)
^body:
  %wide = arith.index_cast %i : index to i64
  %t = memref.alloc() : memref<4xi64>
  memref.store %wide, %t[%c1] : memref<4xi64>
  %w = memref.load %t[%c1] : memref<4xi64>
  %square = arith.muli %w, %wide : i64
  memref.store %square, %any[%i] : memref<?xi64, strided<[?], offset: ?>>
  memref.dealloc %t : memref<4xi64>
  %next = arith.addi %i, %c1 : index
  cf.br ^head(%next : index)
^sum(%j: index):
  %u = memref.alloc() : memref<2xi64>
  %old = memref.load %total[] : memref<i64>
  %x = memref.load %shifted[%j] : memref<10xi64, strided<[1], offset: 3>>
  memref.store %x, %u[%c1] : memref<2xi64>
  %y = memref.load %u[%c1] : memref<2xi64>
  %new = arith.addi %old, %y : i64
  memref.store %new, %total[] : memref<i64>
  %after = arith.addi %j, %c1 : index
  %again = arith.cmpi slt, %after, %c10 : index
  cf.cond_br %again, ^sum(%after : index), ^done
^done:
  %v = memref.load %total[] : memref<i64>
  return %v : i64
}

func.func @choose(%c: i1) -> i64 {
  %c0 = arith.constant 0 : index
  %three = arith.constant 3 : i64
  %four = arith.constant 4 : i64
  %nine = arith.constant 9 : i64
  %r = scf.if %c -> memref<8xi64> {
    %a = memref.alloc() : memref<8xi64>
    memref.store %three, %a[%c0] : memref<8xi64>
    scf.yield %a : memref<8xi64>
  } else {
    %b = memref.alloc() : memref<8xi64>
    memref.store %four, %b[%c0] : memref<8xi64>
    scf.yield %b : memref<8xi64>
  }
  %d = memref.alloc() : memref<8xi64>
  memref.store %nine, %d[%c0] : memref<8xi64>
  %s = arith.select %c, %r, %d : memref<8xi64>
  %e = memref.alloc() : memref<8xi64>
  memref.store %nine, %e[%c0] : memref<8xi64>
  %v = memref.load %s[%c0] : memref<8xi64>
  %w = memref.load %e[%c0] : memref<8xi64>
  %sum = arith.addi %v, %w : i64
  %f = arith.subi %sum, %nine : i64
  return %f : i64
}

func.func @main() -> i64 {
  %true = arith.constant true
  %four = arith.constant 4 : i64
  %a = call @fibonacci() : () -> i64
  %b = call @squares() : () -> i64
  %c = call @choose(%true) : (i1) -> i64
  %d = arith.addi %a, %b : i64
  %e = arith.addi %d, %c : i64
  %f = arith.addi %e, %four : i64
  return %f : i64
}
