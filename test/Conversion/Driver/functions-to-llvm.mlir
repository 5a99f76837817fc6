// RUN: ignis-opt %s --ignis-functions-to-llvm -o %t
// RUN: FileCheck %s --input-file %t
// RUN: ignis-opt %s --convert-func-to-llvm | diff %t -
// RUN: ignis-opt %t --ignis-functions-to-llvm | diff %t -
// The result of upstream's pass, for functions of LLVM types and others.

// CHECK: llvm.func @kernel(!llvm.ptr, i64) attributes {sym_visibility = "private"}
func.func private @kernel(!llvm.ptr, i64)

// CHECK: llvm.func internal @op.0(%arg0: !llvm.ptr, %arg1: i64) -> i64 attributes {ignis.outlined, sym_visibility = "private"}
// CHECK: llvm.call @kernel(%arg0, %arg1)
// CHECK: llvm.return %arg1 : i64
func.func private @op.0(%p: !llvm.ptr, %n: i64) -> i64 attributes {ignis.outlined, llvm.linkage = #llvm.linkage<internal>} {
  call @kernel(%p, %n) : (!llvm.ptr, i64) -> ()
  return %n : i64
}

// CHECK: llvm.func @ignis_entry_decode
// CHECK: llvm.call @op.0
llvm.func @ignis_entry_decode(%frame: !llvm.ptr) {
  %0 = llvm.mlir.constant(3 : i64) : i64
  %1 = func.call @op.0(%frame, %0) : (!llvm.ptr, i64) -> i64
  llvm.return
}

// CHECK: llvm.func @of_memrefs(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: i64, %arg3: i64, %arg4: i64)
func.func @of_memrefs(%m: memref<4xf32>) -> memref<4xf32> {
  return %m : memref<4xf32>
}

// CHECK: llvm.func @of_two_results
func.func @of_two_results(%a: i64, %b: i64) -> (i64, i64) {
  return %b, %a : i64, i64
}
