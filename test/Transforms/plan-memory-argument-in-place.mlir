// RUN: ignis-opt %s --ignis-plan-memory=planner=exact | FileCheck %s
// An argument that an op updates in place came in with content: nothing may lie on it before, though no op only reads it.

// CHECK: func.func @f(%{{.*}} {ignis.arena_offset = {{[0-9]+}} : i64, ignis.planned, ignis.role = "input"}, %{{.*}}: memref<1x64xf32> {ignis.role = "embedded"}, %{{.*}}: memref<512xi8> {ignis.role = "arena"})
func.func @f(%x: memref<1x64xf32> {ignis.role = "input", ignis.planned}, %a: memref<1x64xf32> {ignis.role = "embedded"}) {
  %t = memref.alloc() : memref<1x64xf32>
  ignis.add ins(%a, %a : memref<1x64xf32>, memref<1x64xf32>) outs(%t : memref<1x64xf32>)
  ignis.add ins(%t, %t : memref<1x64xf32>, memref<1x64xf32>) outs(%a : memref<1x64xf32>)
  ignis.add ins(%x, %a : memref<1x64xf32>, memref<1x64xf32>) outs(%x : memref<1x64xf32>)
  return
}
