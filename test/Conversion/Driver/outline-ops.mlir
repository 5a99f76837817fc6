// RUN: ignis-opt %s --ignis-outline-ops | FileCheck %s
// Ops that agree in name, attributes and types share a function; the driver passes pointers and waits at barriers.

// CHECK: module attributes {ignis.manifest = "{{.*}}decode
// CHECK: llvm.func @ignis_entry_decode(%arg0: !llvm.ptr)
// CHECK: %[[A:.*]] = func.call @ignis.silu.0(
// CHECK-NOT: call @ignis_barrier
// CHECK: %[[B:.*]] = func.call @ignis.silu.0(
// CHECK: func.call @ignis_barrier(%arg0, %{{.*}}, %[[A]])
// CHECK: func.call @ignis_barrier(%arg0, %{{.*}}, %[[B]])
// CHECK: func.call @ignis.add.0(
// CHECK: llvm.return
// CHECK: func.func private @ignis.silu.0(
// CHECK-SAME: ignis.outlined
// CHECK-COUNT-1: ignis.silu ins
// CHECK-NOT: ignis.silu ins
// CHECK-NOT: func.func @decode
func.func @decode(%x: memref<1x64xf32> {ignis.role = "input"}, %out: memref<1x64xf32> {ignis.role = "logits"},
                  %arena: memref<512xi8> {ignis.role = "arena"}) {
  %c0 = arith.constant 0 : index
  %c256 = arith.constant 256 : index
  %a = memref.view %arena[%c0][] : memref<512xi8> to memref<1x64xf32>
  %b = memref.view %arena[%c256][] : memref<512xi8> to memref<1x64xf32>
  ignis.silu ins(%x : memref<1x64xf32>) outs(%a : memref<1x64xf32>)
  ignis.silu ins(%x : memref<1x64xf32>) outs(%b : memref<1x64xf32>)
  ignis.barrier
  ignis.add ins(%a, %b : memref<1x64xf32>, memref<1x64xf32>) outs(%out : memref<1x64xf32>)
  return
}
