// RUN: ignis-opt %s --ignis-insert-barriers --ignis-outline-ops --ignis-lower-ops=isa=avx512 | FileCheck %s
// Rounding and Q8_0 products are calls of Kernels.def; what the kernels do not do is generated around them.

// CHECK-LABEL: func.func private @ignis.round.0(%arg0: !llvm.ptr, %arg1: i64, %arg2: !llvm.ptr, %arg3: !llvm.ptr, %arg4: i64)
// CHECK: %[[K:.*]] = arith.constant 64 : i64
// CHECK: call @ignis_round_q8_0(%{{.*}}, %{{.*}}, %{{.*}}, %[[K]], %{{.*}}, %{{.*}}, %{{.*}})

// A float32 bias and the residual are the kernel's: pointers at the chunk's first column.
// CHECK-LABEL: func.func private @ignis.linear.0(
// CHECK-SAME: %arg2: !llvm.ptr, %arg3: i64, %arg4: i64, %arg5: !llvm.ptr, %arg6: !llvm.ptr
// CHECK: %[[W_AT:.*]] = llvm.getelementptr %{{.*}}[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
// CHECK: %[[W:.*]] = llvm.load %[[W_AT]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[BIAS_AT:.*]] = llvm.getelementptr %{{.*}}[%arg4] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
// CHECK: %[[BIAS:.*]] = llvm.load %[[BIAS_AT]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[ROWS:.*]] = arith.index_cast %arg7 : i64 to index
// CHECK: %[[B:.*]] = llvm.getelementptr %[[BIAS]][%{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, f32
// CHECK: %[[R:.*]] = llvm.getelementptr %arg5[%{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, f32
// CHECK: %[[Y:.*]] = llvm.getelementptr %arg6[%{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, f32
// CHECK: %[[N:.*]] = arith.index_cast %[[ROWS]] : index to i64
// CHECK: %[[K:.*]] = arith.constant 64 : i64
// CHECK: %[[STRIDE:.*]] = arith.constant 40 : i64
// CHECK: call @ignis_matmul_q8_0(%[[W]], %arg2, %[[B]], %[[R]], %[[Y]], %[[N]], %[[K]], %{{.*}}, %{{.*}}, %[[STRIDE]])
// CHECK-NOT: arith.addf
// CHECK: return

// A float16 bias is not: the kernel gets no bias and no residual, which come behind it, in this order.
// CHECK-LABEL: func.func private @ignis.linear.1(
// CHECK: %[[W1_AT:.*]] = llvm.getelementptr %{{.*}}[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
// CHECK: %[[W1:.*]] = llvm.load %[[W1_AT]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[HALF_AT:.*]] = llvm.getelementptr %{{.*}}[%arg4] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
// CHECK: %[[HALF:.*]] = llvm.load %[[HALF_AT]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[BIAS:.*]] = builtin.unrealized_conversion_cast %[[HALF]] : !llvm.ptr to memref<40xf16>
// CHECK: %[[RES:.*]] = builtin.unrealized_conversion_cast %arg5 : !llvm.ptr to memref<2x40xf32>
// CHECK: %[[NULL:.*]] = llvm.mlir.zero : !llvm.ptr
// CHECK: call @ignis_matmul_q8_0(%[[W1]], %arg2, %[[NULL]], %[[NULL]],
// CHECK: %[[BH:.*]] = memref.load %[[BIAS]]
// CHECK: %[[BF:.*]] = arith.extf %[[BH]] : f16 to f32
// CHECK: %[[SUM:.*]] = arith.addf %{{.*}}, %[[BF]] : f32
// CHECK: %[[R:.*]] = memref.load %[[RES]]
// CHECK: arith.addf %[[SUM]], %[[R]] : f32

// The last row alone: the record of row rows - 1, of 64 + 16 bytes.
// CHECK-LABEL: func.func private @ignis.linear.2(
// CHECK: %[[W2_AT:.*]] = llvm.getelementptr %{{.*}}[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
// CHECK: %[[W2:.*]] = llvm.load %[[W2_AT]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[ROWS:.*]] = arith.index_cast %{{.*}} : i64 to index
// CHECK: %[[MINUS:.*]] = arith.constant -1 : index
// CHECK: %[[LAST:.*]] = arith.addi %[[ROWS]], %[[MINUS]]
// CHECK: %[[BYTES:.*]] = arith.constant 80 : index
// CHECK: %[[OFFSET:.*]] = arith.muli %[[LAST]], %[[BYTES]]
// CHECK: %[[O:.*]] = arith.index_cast %[[OFFSET]]
// CHECK: %[[X:.*]] = llvm.getelementptr %arg2[%[[O]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK: call @ignis_matvec_q8_0(%[[W2]], %[[X]],
func.func @prefill(%x: memref<2x64xf32> {ignis.role = "input"}, %y: memref<2x40xf32> {ignis.role = "embedded"}, %l: memref<1x40xf32> {ignis.role = "logits"},
                   %rows: index {ignis.role = "rows"}, %arena: memref<1024xi8> {ignis.role = "arena"}) {
  %c0 = arith.constant 0 : index
  %c512 = arith.constant 512 : index
  %r = memref.view %arena[%c0][] : memref<1024xi8> to memref<2x64x!ignis.q8_act>
  %z = memref.view %arena[%c512][] : memref<1024xi8> to memref<2x40xf32>
  %w = ignis.weight "w" : memref<40x64x!ignis.q8_0>
  %b = ignis.weight "b" : memref<40xf32>
  %h = ignis.weight "h" : memref<40xf16>
  ignis.round ins(%x : memref<2x64xf32>) outs(%r : memref<2x64x!ignis.q8_act>) rows(%rows)
  ignis.linear ins(%r, %w : memref<2x64x!ignis.q8_act>, memref<40x64x!ignis.q8_0>) bias(%b : memref<40xf32>) residual(%y : memref<2x40xf32>) outs(%y : memref<2x40xf32>) rows(%rows)
  ignis.linear ins(%r, %w : memref<2x64x!ignis.q8_act>, memref<40x64x!ignis.q8_0>) bias(%h : memref<40xf16>) residual(%y : memref<2x40xf32>) outs(%z : memref<2x40xf32>) rows(%rows)
  ignis.linear ins(%r, %w : memref<2x64x!ignis.q8_act>, memref<40x64x!ignis.q8_0>) outs(%l : memref<1x40xf32>) rows(%rows) {select = #ignis.select<last>}
  return
}
