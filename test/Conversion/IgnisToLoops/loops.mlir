// RUN: ignis-opt %s --ignis-insert-barriers --ignis-outline-ops --ignis-lower-to-loops | FileCheck %s
// The oracle: the formulas of IgnisOps.td in scalar loops, one chunk, no kernels.

// CHECK-LABEL: func.func private @ignis.linear.0(
// CHECK: %[[CHUNKS:.*]] = arith.constant 1 : index
// CHECK: iter_args(%[[ACC:.*]] = %{{.*}}) -> (f32)
// CHECK: %[[X:.*]] = memref.load %{{.*}} : memref<2x64xf32>
// Blocks of 34 bytes, the scale first.
// CHECK: memref.load %{{.*}} : memref<40x2x17xi16>
// CHECK: arith.bitcast %{{.*}} : i16 to f16
// CHECK: %[[SCALE:.*]] = arith.extf
// CHECK: memref.load %{{.*}} : memref<40x2x34xi8>
// CHECK: %[[Q:.*]] = arith.sitofp
// CHECK: %[[W:.*]] = arith.mulf %[[Q]], %[[SCALE]]
// CHECK: %[[P:.*]] = arith.mulf %[[X]], %[[W]]
// CHECK: arith.addf %[[ACC]], %[[P]]
// CHECK-NOT: call @ignis_matvec
// CHECK-NOT: vector<16xf32>

// CHECK-LABEL: func.func private @ignis.add_rms_norm.0(
// CHECK: %[[A:.*]] = builtin.unrealized_conversion_cast %arg2
// CHECK: %[[B:.*]] = builtin.unrealized_conversion_cast %arg3
// CHECK: %[[WP_AT:.*]] = llvm.getelementptr %{{.*}}[%arg4] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
// CHECK: %[[WP:.*]] = llvm.load %[[WP_AT]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[W:.*]] = builtin.unrealized_conversion_cast %[[WP]]
// CHECK: %[[S:.*]] = builtin.unrealized_conversion_cast %arg5
// CHECK: %[[O:.*]] = builtin.unrealized_conversion_cast %arg6
// CHECK: %[[X:.*]] = memref.load %[[A]]
// CHECK: %[[Y:.*]] = memref.load %[[B]]
// CHECK: %[[T:.*]] = arith.addf %[[X]], %[[Y]] : f32
// CHECK: memref.store %[[T]], %[[S]]
// CHECK: memref.load %[[S]]
// CHECK: math.sqrt
// CHECK: %[[N:.*]] = memref.load %[[S]]
// CHECK: %[[D:.*]] = arith.divf %[[N]]
// CHECK: %[[G:.*]] = memref.load %[[W]]
// CHECK: %[[R:.*]] = arith.mulf %[[D]], %[[G]]
// CHECK: memref.store %[[R]], %[[O]]
// CHECK-NOT: math.fma
func.func @score(%x: memref<2x64xf32> {ignis.role = "input"}, %y: memref<2x40xf32> {ignis.role = "embedded"}, %o: memref<2x40xf32> {ignis.role = "logits"}) {
  %w = ignis.weight "w" : memref<40x64x!ignis.q8_0>
  %n = ignis.weight "n" : memref<40xf32>
  ignis.linear ins(%x, %w : memref<2x64xf32>, memref<40x64x!ignis.q8_0>) outs(%y : memref<2x40xf32>)
  ignis.add_rms_norm ins(%y, %o, %n : memref<2x40xf32>, memref<2x40xf32>, memref<40xf32>) outs(%y, %o : memref<2x40xf32>, memref<2x40xf32>) {eps = 1.0e-06 : f32}
  return
}
