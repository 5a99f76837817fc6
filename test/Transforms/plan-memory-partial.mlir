// RUN: ignis-opt %s --ignis-plan-memory=partial=true --remarks-filter-missed=ignis --remark-format=emitRemark 2>&1 | FileCheck %s
// What cannot be planned stays as it is; the rest is planned.

// CHECK: remark: [Missed] plan-memory
// CHECK-SAME: it escapes through 'func.return'
// CHECK-LABEL: func.func @f
// CHECK: %[[ARENA:.*]] = memref.alloc() {alignment = 64 : i64, ignis.arena} : memref<16xi8>
// CHECK: %[[A:.*]] = memref.alloc() : memref<4xf32>
// CHECK: memref.view %[[ARENA]]
// CHECK: memref.dealloc %[[ARENA]]
// CHECK-NEXT: return %[[A]]
func.func @f() -> memref<4xf32> {
  %a = memref.alloc() : memref<4xf32>
  %b = memref.alloc() : memref<4xf32>
  memref.copy %a, %b : memref<4xf32> to memref<4xf32>
  memref.dealloc %b : memref<4xf32>
  return %a : memref<4xf32>
}
