// RUN: not ignis-opt %s --ignis-plan-memory=alignment=0 2>&1 | FileCheck %s --check-prefix=ALIGNMENT
// RUN: not ignis-opt %s --ignis-plan-memory=alignment=9223372036854775807 2>&1 | FileCheck %s --check-prefix=HUGE
// RUN: ignis-opt %s --ignis-plan-memory=alignment=3 | FileCheck %s --check-prefix=ODD
// RUN: not ignis-opt %s --ignis-plan-memory=planner=best 2>&1 | FileCheck %s --check-prefix=PLANNER
// RUN: not ignis-opt %s --ignis-plan-memory=svg=/nowhere/plan.svg 2>&1 | FileCheck %s --check-prefix=SVG
// RUN: ignis-opt %s --ignis-plan-memory=planner=none | FileCheck %s --check-prefix=NONE
// RUN: ignis-opt %s --ignis-plan-memory=planner=slots-first | FileCheck %s --check-prefix=SLOTS
// RUN: ignis-opt %s --ignis-plan-memory=planner=slots-largest | FileCheck %s --check-prefix=SLOTS
// RUN: ignis-opt %s --ignis-plan-memory=planner=slots-nearest | FileCheck %s --check-prefix=SLOTS
// RUN: ignis-opt %s --ignis-plan-memory=planner=greedy-stack | FileCheck %s --check-prefix=SLOTS
// RUN: ignis-opt %s --ignis-plan-memory=planner=local | FileCheck %s --check-prefix=SLOTS

// ALIGNMENT: error: cannot plan memory: alignment is 0, expected 1 to 4294967296
// HUGE: error: cannot plan memory: alignment is 9223372036854775807, expected 1 to 4294967296
// Offsets are multiples of 12, of the option and of the element; 1,032 is the first one behind 1,024.
// ODD: memref.alloc() {alignment = 16 : i64, ignis.arena} : memref<2056xi8>
// ODD: arith.constant 1032 : index
// PLANNER: error: cannot plan memory: {{.*}}best
// SVG: error: cannot write /nowhere/plan.svg: {{[Nn]}}o such file or directory
// NONE: memref.alloc() {alignment = 64 : i64, ignis.arena} : memref<3072xi8>
// SLOTS: memref.alloc() {alignment = 64 : i64, ignis.arena} : memref<2048xi8>
func.func @f() {
  %c0 = arith.constant 0 : index
  %v = arith.constant 1.0 : f32
  %a = memref.alloc() : memref<256xf32>
  memref.store %v, %a[%c0] : memref<256xf32>
  %b = memref.alloc() : memref<256xf32>
  memref.copy %a, %b : memref<256xf32> to memref<256xf32>
  %c = memref.alloc() : memref<256xf32>
  memref.copy %b, %c : memref<256xf32> to memref<256xf32>
  return
}
