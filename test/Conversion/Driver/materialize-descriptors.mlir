// RUN: ignis-opt %s --ignis-materialize-descriptors | FileCheck %s
// RUN: ignis-opt %s --ignis-materialize-descriptors -o %t.once
// RUN: ignis-opt %t.once --ignis-materialize-descriptors | diff %t.once -

// CHECK-LABEL: func.func @f
// CHECK: llvm.mlir.poison : !llvm.struct
// CHECK: llvm.insertvalue %arg0
// CHECK: builtin.unrealized_conversion_cast %{{.*}} : !llvm.struct<{{.*}}> to memref<4x8xf32>
// CHECK-NOT: !llvm.ptr to memref
func.func @f(%p: !llvm.ptr, %i: index) -> f32 {
  %unused = builtin.unrealized_conversion_cast %p : !llvm.ptr to memref<2x2xf32>
  %m = builtin.unrealized_conversion_cast %p : !llvm.ptr to memref<4x8xf32>
  %v = memref.load %m[%i, %i] : memref<4x8xf32>
  return %v : f32
}
