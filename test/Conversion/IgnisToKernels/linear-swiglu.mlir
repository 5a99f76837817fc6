// RUN: ignis-opt %s --ignis-insert-barriers --ignis-outline-ops --ignis-lower-ops=isa=avx512 | FileCheck %s
// Both products of a tile go to scratch, one behind the other, and their activation to the output: in strips of whole
// registers, then of 16 columns, then what is left of the last group.

// Few rows: a tile has all columns of a run (here all 40, rounded up to 128), so that the weights are two streams.
// CHECK-LABEL: func.func private @ignis.linear_swiglu.0(
// CHECK-SAME: %arg2: !llvm.ptr, %arg3: i64, %arg4: i64, %arg5: !llvm.ptr
// CHECK: %[[G_AT:.*]] = llvm.getelementptr %{{.*}}[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
// CHECK: %[[G:.*]] = llvm.load %[[G_AT]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[U_AT:.*]] = llvm.getelementptr %{{.*}}[%arg4] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
// CHECK: %[[U:.*]] = llvm.load %[[U_AT]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[FIELD:.*]] = llvm.getelementptr %arg0[48]
// CHECK: %[[GATE:.*]] = llvm.load %[[FIELD]]
// CHECK: %[[TILE:.*]] = arith.constant 256 : index
// CHECK: %[[OFFSET:.*]] = arith.index_cast %[[TILE]] : index to i64
// CHECK: %[[UP:.*]] = llvm.getelementptr %[[GATE]][%[[OFFSET]]] : (!llvm.ptr, i64) -> !llvm.ptr, f32
// CHECK: memref<2x128xf32>
// CHECK: call @ignis_matmul_q8_0(%[[G]], %arg2, %[[NULL:.*]], %[[NULL]], %[[GATE]],
// CHECK: call @ignis_matmul_q8_0(%[[U]], %arg2, %[[NULL]], %[[NULL]], %[[UP]],
// CHECK: vector.store {{.*}} vector<64xf32>
// CHECK: vector.store {{.*}} vector<16xf32>
// CHECK: vector.store {{.*}} vector<8xf32>

// Many rows: panels of at most 128 rows, 128 columns of each product in scratch.
// CHECK-LABEL: func.func private @ignis.linear_swiglu.1(
// CHECK: arith.constant 16384 : index
// CHECK: memref<128x128xf32>
// CHECK: arith.constant 64 : i64
// CHECK: %[[STRIDE:.*]] = arith.constant 128 : i64
// CHECK: call @ignis_matmul_q8_0({{.*}}, %[[STRIDE]])
// An odd number of few rows: columns of a tile are whole groups all the same, 42 times 128.
// CHECK-LABEL: func.func private @ignis.linear_swiglu.2(
// CHECK: memref<3x5376xf32>
func.func @prefill(%x: memref<2x64xf32> {ignis.role = "input"}, %y: memref<2x40xf32> {ignis.role = "embedded"}, %l: memref<1x40xf32> {ignis.role = "logits"},
                   %rows: index {ignis.role = "rows"}, %arena: memref<262144xi8> {ignis.role = "arena"}) {
  %c0 = arith.constant 0 : index
  %c512 = arith.constant 512 : index
  %c49152 = arith.constant 49152 : index
  %r = memref.view %arena[%c0][] : memref<262144xi8> to memref<2x64x!ignis.q8_act>
  %s = memref.view %arena[%c512][] : memref<262144xi8> to memref<512x64x!ignis.q8_act>
  %c131072 = arith.constant 131072 : index
  %c135168 = arith.constant 135168 : index
  %t = memref.view %arena[%c131072][] : memref<262144xi8> to memref<3x64x!ignis.q8_act>
  %o = memref.view %arena[%c135168][] : memref<262144xi8> to memref<3x8192xf32>
  %z = memref.view %arena[%c49152][] : memref<262144xi8> to memref<512x40xf32>
  %w = ignis.weight "w" : memref<40x64x!ignis.q8_0>
  %v = ignis.weight "v" : memref<40x64x!ignis.q8_0>
  ignis.linear_swiglu ins(%r, %w, %v : memref<2x64x!ignis.q8_act>, memref<40x64x!ignis.q8_0>, memref<40x64x!ignis.q8_0>) outs(%y : memref<2x40xf32>) rows(%rows)
  ignis.linear_swiglu ins(%s, %w, %v : memref<512x64x!ignis.q8_act>, memref<40x64x!ignis.q8_0>, memref<40x64x!ignis.q8_0>) outs(%z : memref<512x40xf32>) rows(%rows)
  %b = ignis.weight "b" : memref<8192x64x!ignis.q8_0>
  ignis.linear_swiglu ins(%t, %b, %b : memref<3x64x!ignis.q8_act>, memref<8192x64x!ignis.q8_0>, memref<8192x64x!ignis.q8_0>) outs(%o : memref<3x8192xf32>) rows(%rows)
  return
}
