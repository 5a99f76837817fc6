// RUN: ignis-opt %s --ignis-decompose-attention | FileCheck %s
// RUN: ignis-opt %s --ignis-decompose-attention --ignis-insert-barriers --ignis-verify-contracts | FileCheck %s --check-prefix=BARRIER
// All keys and values of a call are in the cache before any row is computed.

// CHECK-LABEL: func.func @f
// CHECK-NOT: ignis.attention
// CHECK: ignis.cache_write ins(%arg1, %arg2 : {{.*}}) position(%arg3) outs(%arg5, %arg6 : {{.*}}) rows(%arg4) {layer = 1 : i64}
// CHECK-NEXT: ignis.attend ins(%arg0, %arg5, %arg6 : {{.*}}) position(%arg3) outs(%arg0 : {{.*}}) rows(%arg4) {layer = 1 : i64}
// BARRIER: ignis.cache_write
// BARRIER-NEXT: ignis.barrier
// BARRIER-NEXT: ignis.attend
func.func @f(%q: memref<4x64xf32>, %k: memref<4x32xf32>, %v: memref<4x32xf32>, %p: index, %rows: index,
             %kc: memref<2x1x2x32x16xf16>, %vc: memref<2x1x32x32xf16>) {
  ignis.attention ins(%q, %k, %v : memref<4x64xf32>, memref<4x32xf32>, memref<4x32xf32>) position(%p)
    outs(%q, %kc, %vc : memref<4x64xf32>, memref<2x1x2x32x16xf16>, memref<2x1x32x32xf16>) rows(%rows) {layer = 1 : i64}
  return
}
