// RUN: ignis-opt %s --ignis-outline-ops | FileCheck %s
// A thread that shares its core (IgnisFrame::sharesCore, byte 72) asks the runtime before it claims a chunk; one that has it to itself, or is alone, does not.

// CHECK: func.func private @ignis.claim(%[[FRAME:.*]]: !llvm.ptr, %[[SLOT:.*]]: i64, %{{.*}}: i64, %[[LOCAL:.*]]: i64) -> i64
// CHECK: %[[THREADS:.*]] = llvm.getelementptr %[[FRAME]][32]
// CHECK: cf.cond_br %{{.*}}, ^[[ALONE:.*]], ^[[TEAM:.*]]
// CHECK: ^[[ALONE]]:
// CHECK-NEXT: return %[[LOCAL]]
// CHECK: ^[[TEAM]]:
// CHECK: %[[FIELD:.*]] = llvm.getelementptr %[[FRAME]][72]
// CHECK: %[[SHARES:.*]] = llvm.load %[[FIELD]]
// CHECK: %[[OWN:.*]] = arith.cmpi eq, %[[SHARES]]
// CHECK: cf.cond_br %[[OWN]], ^[[CLAIM:.*]], ^[[TURN:.*]]
// CHECK: ^[[TURN]]:
// CHECK: %[[BETWEEN:.*]] = arith.constant -2 : i64
// CHECK: call @ignis_barrier(%[[FRAME]], %[[SLOT]], %[[BETWEEN]])
// CHECK-NEXT: cf.br ^[[CLAIM]]
// CHECK: ^[[CLAIM]]:
// CHECK: llvm.cmpxchg
func.func @decode(%x: memref<1x64xf32> {ignis.role = "input"}, %out: memref<1x64xf32> {ignis.role = "logits"},
                  %arena: memref<64xi8> {ignis.role = "arena"}) {
  ignis.silu ins(%x : memref<1x64xf32>) outs(%out : memref<1x64xf32>)
  return
}
