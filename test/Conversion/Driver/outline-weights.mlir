// RUN: ignis-opt %s --ignis-insert-barriers --ignis-outline-ops | FileCheck %s
// A weight is a number in the frame's table, which the function reads; a buffer of the same type is a pointer, to a
// function of its own.

// CHECK: llvm.func @ignis_entry_decode(%arg0: !llvm.ptr)
// CHECK: %[[ZERO:.*]] = llvm.mlir.constant(0 : i64) : i64
// CHECK: func.call @ignis.scale.0(%arg0, %[[ZERO]], %{{.*}}, %[[ZERO]], %{{.*}}) : (!llvm.ptr, i64, !llvm.ptr, i64, !llvm.ptr) -> i64
// CHECK: %[[ONE:.*]] = llvm.mlir.constant(1 : i64) : i64
// CHECK: func.call @ignis.scale.0(%arg0, %[[ONE]], %{{.*}}, %[[ONE]], %{{.*}}) : (!llvm.ptr, i64, !llvm.ptr, i64, !llvm.ptr) -> i64
// CHECK: func.call @ignis.scale.1({{.*}}) : (!llvm.ptr, i64, !llvm.ptr, !llvm.ptr, !llvm.ptr) -> i64
// CHECK: func.func private @ignis.scale.0(%arg0: !llvm.ptr, %arg1: i64, %arg2: !llvm.ptr, %arg3: i64, %arg4: !llvm.ptr)
// CHECK: %[[TABLE:.*]] = llvm.load %arg0 : !llvm.ptr -> !llvm.ptr
// CHECK: %[[PLACE:.*]] = llvm.getelementptr %[[TABLE]][%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
// CHECK: %[[POINTER:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[WEIGHT:.*]] = builtin.unrealized_conversion_cast %[[POINTER]] : !llvm.ptr to memref<64xf32>
// CHECK: ignis.scale ins(%{{.*}}, %[[WEIGHT]]
func.func @decode(%x: memref<1x64xf32> {ignis.role = "input"}, %out: memref<1x64xf32> {ignis.role = "logits"},
                  %arena: memref<256xi8> {ignis.role = "arena"}) {
  %c0 = arith.constant 0 : index
  %v = memref.view %arena[%c0][] : memref<256xi8> to memref<64xf32>
  %a = ignis.weight "a" : memref<64xf32>
  %b = ignis.weight "b" : memref<64xf32>
  ignis.scale ins(%x, %a : memref<1x64xf32>, memref<64xf32>) outs(%out : memref<1x64xf32>)
  ignis.scale ins(%out, %b : memref<1x64xf32>, memref<64xf32>) outs(%out : memref<1x64xf32>)
  ignis.scale ins(%out, %v : memref<1x64xf32>, memref<64xf32>) outs(%out : memref<1x64xf32>)
  return
}
