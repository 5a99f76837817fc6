// RUN: ignis-opt %s --ignis-outline-ops --ignis-lower-ops=isa=avx512 | FileCheck %s
// docs/Numerics.md, section 3: 16 lanes of fma, the tree, then the bias, then the residual; chunks of 16 outputs.

// CHECK-LABEL: func.func private @ignis.linear.0(
// CHECK: %[[X:.*]] = builtin.unrealized_conversion_cast %arg2 : !llvm.ptr to memref<1x40xf32>
// CHECK: %[[WP_AT:.*]] = llvm.getelementptr %{{.*}}[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
// CHECK: %[[WP:.*]] = llvm.load %[[WP_AT]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[W:.*]] = builtin.unrealized_conversion_cast %[[WP]] : !llvm.ptr to memref<33x40xbf16>
// CHECK: %[[BP_AT:.*]] = llvm.getelementptr %{{.*}}[%arg4] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
// CHECK: %[[BP:.*]] = llvm.load %[[BP_AT]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[B:.*]] = builtin.unrealized_conversion_cast %[[BP]] : !llvm.ptr to memref<33xf16>
// CHECK: %[[RES:.*]] = builtin.unrealized_conversion_cast %arg5 : !llvm.ptr to memref<1x33xf32>
// CHECK: %[[OUT:.*]] = builtin.unrealized_conversion_cast %arg6 : !llvm.ptr to memref<1x33xf32>
// CHECK: %[[CHUNKS:.*]] = arith.constant 3 : index
// CHECK: scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK: vector.load %[[W]][{{.*}}] : memref<33x40xbf16>, vector<16xbf16>
// CHECK: arith.extf {{.*}} : vector<16xbf16> to vector<16xf32>
// CHECK: %[[V:.*]] = vector.load %[[X]][{{.*}}] : memref<1x40xf32>, vector<16xf32>
// CHECK-COUNT-4: math.fma %{{.*}}, %[[V]], %{{.*}} : vector<16xf32>
// The last 8 columns touch lanes 0 to 7 alone.
// CHECK: vector.extract_strided_slice {{.*}} {offsets = [0], sizes = [8]
// CHECK: math.fma {{.*}} : vector<8xf32>
// CHECK: vector.insert_strided_slice {{.*}} {offsets = [0]
// CHECK: arith.addf {{.*}} : vector<8xf32>
// CHECK: arith.addf {{.*}} : vector<4xf32>
// CHECK: arith.addf {{.*}} : vector<2xf32>
// CHECK: arith.addf {{.*}} : vector<1xf32>
// CHECK: %[[BH:.*]] = memref.load %[[B]]
// CHECK: %[[BF:.*]] = arith.extf %[[BH]] : f16 to f32
// CHECK: %[[BIASED:.*]] = arith.addf %{{.*}}, %[[BF]] : f32
// CHECK: %[[R:.*]] = memref.load %[[RES]]
// CHECK: %[[Y:.*]] = arith.addf %[[BIASED]], %[[R]] : f32
// CHECK: memref.store %[[Y]], %[[OUT]]
// CHECK-NOT: vector.contract
// CHECK: return
func.func @decode(%x: memref<1x40xf32> {ignis.role = "input"}, %o: memref<1x33xf32> {ignis.role = "logits"}) {
  %w = ignis.weight "w" : memref<33x40xbf16>
  %b = ignis.weight "b" : memref<33xf16>
  ignis.linear ins(%x, %w : memref<1x40xf32>, memref<33x40xbf16>) bias(%b : memref<33xf16>) residual(%o : memref<1x33xf32>) outs(%o : memref<1x33xf32>)
  return
}
