// RUN: ignis-opt %s --ignis-insert-barriers --ignis-outline-ops --ignis-lower-ops=isa=avx512 | FileCheck %s
// Ops whose output is rounded keep a chunk's floats in scratch and round them from there into its records.

// A row at a time: 64 values of one row of 64, from column 0 on.
// CHECK-LABEL: func.func private @ignis.rms_norm.0(
// CHECK: %[[ROW:.*]] = builtin.unrealized_conversion_cast %[[SCRATCH:.*]] : !llvm.ptr to memref<1x64xf32>
// CHECK: vector.store %{{.*}}, %[[ROW]]
// CHECK: %[[BYTES:.*]] = arith.constant 80 : index
// CHECK: %[[AT:.*]] = arith.muli %{{.*}}, %[[BYTES]] : index
// CHECK: %[[OFFSET:.*]] = arith.index_cast %[[AT]] : index to i64
// CHECK: %[[RECORD:.*]] = llvm.getelementptr %arg4[%[[OFFSET]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK: call @ignis_round_q8_0(%[[SCRATCH]], %[[RECORD]],
// CHECK: return

// A tile of both products, activated in place of the first: its columns of all its rows, which are 128 floats apart.
// CHECK-LABEL: func.func private @ignis.linear_swiglu.0(
// CHECK: %[[W_AT:.*]] = llvm.getelementptr %{{.*}}[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
// CHECK: %[[W:.*]] = llvm.load %[[W_AT]] : !llvm.ptr -> !llvm.ptr
// CHECK: call @ignis_matmul_q8_0(%[[W]], %arg2, %{{[^,]*}}, %{{[^,]*}}, %[[GATE:[0-9]+]],
// CHECK: call @ignis_matmul_q8_0(
// CHECK: vector.store {{.*}} : memref<8x128xf32>, vector<64xf32>
// CHECK: %[[STRIDE:.*]] = arith.constant 128 : i64
// CHECK: call @ignis_round_q8_0(%[[GATE]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[STRIDE]])

// The heads of one key/value head, up to four tokens.
// CHECK-LABEL: func.func private @ignis.attend.0(
// CHECK: %[[TILE:[0-9]+]] = builtin.unrealized_conversion_cast %[[TILE_POINTER:[0-9]+]] : !llvm.ptr to memref<8x64xf32>
// CHECK: vector.store %{{.*}}, %[[TILE]][%{{.*}}, %{{.*}}] : memref<8x64xf32>, vector<16xf32>
// CHECK: call @ignis_round_q8_0(%[[TILE_POINTER]],
func.func @prefill(%x: memref<8x64xf32> {ignis.role = "input"}, %kc: memref<1x1x2x32x16xf16> {ignis.role = "k_cache"}, %vc: memref<1x1x32x32xf16> {ignis.role = "v_cache"},
                   %p: index {ignis.role = "position"}, %rows: index {ignis.role = "rows"}, %arena: memref<131072xi8> {ignis.role = "arena"}) {
  %c0 = arith.constant 0 : index
  %c1024 = arith.constant 1024 : index
  %c2048 = arith.constant 2048 : index
  %w = ignis.weight "n" : memref<64xf32>
  %g = ignis.weight "g" : memref<96x64x!ignis.q8_0>
  %u = ignis.weight "u" : memref<96x64x!ignis.q8_0>
  %r = memref.view %arena[%c0][] : memref<131072xi8> to memref<8x64x!ignis.q8_act>
  %s = memref.view %arena[%c1024][] : memref<131072xi8> to memref<8x96x!ignis.q8_act>
  %t = memref.view %arena[%c2048][] : memref<131072xi8> to memref<8x64x!ignis.q8_act>
  ignis.rms_norm ins(%x, %w : memref<8x64xf32>, memref<64xf32>) outs(%r : memref<8x64x!ignis.q8_act>) rows(%rows) {eps = 1.0e-06 : f32}
  ignis.linear_swiglu ins(%r, %g, %u : memref<8x64x!ignis.q8_act>, memref<96x64x!ignis.q8_0>, memref<96x64x!ignis.q8_0>) outs(%s : memref<8x96x!ignis.q8_act>) rows(%rows)
  ignis.attend ins(%x, %kc, %vc : memref<8x64xf32>, memref<1x1x2x32x16xf16>, memref<1x1x32x32xf16>) position(%p) outs(%t : memref<8x64x!ignis.q8_act>) rows(%rows) {layer = 0 : i64}
  return
}
