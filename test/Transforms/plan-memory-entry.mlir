// RUN: ignis-opt %s --ignis-plan-memory | FileCheck %s
// RUN: ignis-opt %s --ignis-plan-memory --ignis-plan-memory | FileCheck %s
// RUN: ignis-opt %s --ignis-plan-memory --ignis-materialize-rounding --ignis-plan-memory --ignis-verify-phase=phase=plan | FileCheck %s --check-prefix=AGAIN
// Entry functions get the arena as an argument. If a later pass allocates, planning again places everything anew.

// CHECK: func.func @f(%{{.*}} {ignis.arena_offset = {{[0-9]+}} : i64, ignis.planned, ignis.role = "input"}, %[[ARENA:[a-z0-9]+]]: memref<512xi8> {ignis.role = "arena"})
// CHECK-COUNT-2: memref.view %[[ARENA]]
// CHECK-NOT: memref.view
// AGAIN: %[[ARENA:[a-z0-9]+]]: memref<592xi8> {ignis.role = "arena"})
// AGAIN-COUNT-3: memref.view %[[ARENA]]
// AGAIN-NOT: memref.alloc
func.func @f(%x: memref<1x64xf32> {ignis.role = "input", ignis.planned}) {
  %w = ignis.weight "w" : memref<64x64x!ignis.q8_0>
  %a = memref.alloc() : memref<1x64xf32>
  %b = memref.alloc() : memref<1x64xf32>
  ignis.silu ins(%x : memref<1x64xf32>) outs(%a : memref<1x64xf32>)
  ignis.linear ins(%a, %w : memref<1x64xf32>, memref<64x64x!ignis.q8_0>) outs(%x : memref<1x64xf32>)
  ignis.silu ins(%b : memref<1x64xf32>) outs(%b : memref<1x64xf32>)
  ignis.silu ins(%x : memref<1x64xf32>) outs(%x : memref<1x64xf32>)
  return
}
