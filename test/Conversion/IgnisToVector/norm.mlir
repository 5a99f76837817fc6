// RUN: ignis-opt %s --ignis-outline-ops --ignis-lower-ops=isa=avx2 | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: ignis-opt %s --ignis-outline-ops --ignis-lower-ops=isa=avx512 | FileCheck %s --check-prefixes=CHECK,AVX512
// docs/Numerics.md, section 4: 64 lanes of fma, whatever the machine's width, then the tree of halves; the lanes beyond
// the width keep their sums.

// CHECK-LABEL: func.func private @ignis.rms_norm.0(
// CHECK: %[[X:.*]] = builtin.unrealized_conversion_cast %arg2 : !llvm.ptr to memref<3x96xf32>
// CHECK: %[[WP_AT:.*]] = llvm.getelementptr %{{.*}}[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.ptr
// CHECK: %[[WP:.*]] = llvm.load %[[WP_AT]] : !llvm.ptr -> !llvm.ptr
// CHECK: %[[W:.*]] = builtin.unrealized_conversion_cast %[[WP]] : !llvm.ptr to memref<96xf16>
// CHECK: %[[OUT:.*]] = builtin.unrealized_conversion_cast %arg4 : !llvm.ptr to memref<3x96xf32>
// CHECK: func.call @ignis.claim(
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<64xf32>
// CHECK: %[[A:.*]] = scf.for {{.*}} iter_args(%[[ACC:.*]] = %[[ZERO]]) -> (vector<64xf32>)
// CHECK:   %[[V:.*]] = vector.load %[[X]]
// CHECK:   %[[F:.*]] = math.fma %[[V]], %[[V]], %[[ACC]] : vector<64xf32>
// CHECK:   scf.yield %[[F]]
// CHECK: %[[PART:.*]] = vector.extract_strided_slice %[[A]] {offsets = [0], sizes = [32]
// CHECK: %[[R:.*]] = vector.load %[[X]][%{{.*}}] : memref<3x96xf32>, vector<32xf32>
// CHECK: %[[RF:.*]] = math.fma %[[R]], %[[R]], %[[PART]] : vector<32xf32>
// CHECK: %[[ALL:.*]] = vector.insert_strided_slice %[[RF]], %[[A]] {offsets = [0]
// CHECK: %[[LO:.*]] = vector.extract_strided_slice %[[ALL]] {offsets = [0], sizes = [32]
// CHECK: %[[HI:.*]] = vector.extract_strided_slice %[[ALL]] {offsets = [32], sizes = [32]
// CHECK: arith.addf %[[LO]], %[[HI]] : vector<32xf32>
// CHECK: arith.addf {{.*}} : vector<16xf32>
// CHECK: arith.addf {{.*}} : vector<8xf32>
// CHECK: arith.addf {{.*}} : vector<4xf32>
// CHECK: arith.addf {{.*}} : vector<2xf32>
// CHECK: %[[SUM:.*]] = arith.addf {{.*}} : vector<1xf32>
// CHECK: %[[S:.*]] = vector.extract %[[SUM]][0]
// One over the width, rounded once, and no division by the width.
// CHECK: %[[WIDTH:.*]] = arith.constant 0.010416667 : f32
// CHECK: %[[MEAN:.*]] = arith.mulf %[[S]], %[[WIDTH]]
// CHECK: %[[EPS:.*]] = arith.constant 9.99999997E-7 : f32
// CHECK: %[[RADICAND:.*]] = arith.addf %[[MEAN]], %[[EPS]]
// CHECK: %[[ROOT:.*]] = math.sqrt %[[RADICAND]] : f32
// CHECK: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK: %[[SCALE:.*]] = arith.divf %[[ONE]], %[[ROOT]]
// AVX2: %[[L:.*]] = vector.load %[[X]][{{.*}}] : memref<3x96xf32>, vector<16xf32>
// AVX512: %[[L:.*]] = vector.load %[[X]][{{.*}}] : memref<3x96xf32>, vector<64xf32>
// CHECK: %[[B:.*]] = vector.broadcast %[[SCALE]]
// CHECK: %[[N:.*]] = arith.mulf %[[L]], %[[B]]
// CHECK: %[[H:.*]] = vector.load %[[W]]
// CHECK: %[[WF:.*]] = arith.extf %[[H]]
// CHECK: %[[Y:.*]] = arith.mulf %[[N]], %[[WF]]
// CHECK: vector.store %[[Y]], %[[OUT]]
// CHECK: func.call @ignis.finish(

// The same, of a sum that is stored on the way: one load of each operand, and the normalised row from the stored sum.
// CHECK-LABEL: func.func private @ignis.add_rms_norm.0(
// CHECK: %[[LHS:.*]] = builtin.unrealized_conversion_cast %arg2
// CHECK: %[[RHS:.*]] = builtin.unrealized_conversion_cast %arg3
// CHECK: %[[TOTAL:.*]] = builtin.unrealized_conversion_cast %arg5
// CHECK: %[[OUT:.*]] = builtin.unrealized_conversion_cast %arg6
// CHECK: scf.for {{.*}} iter_args(%[[ACC:.*]] = %{{.*}}) -> (vector<64xf32>)
// CHECK:   %[[A:.*]] = vector.load %[[LHS]]{{.*}} vector<64xf32>
// CHECK:   %[[B:.*]] = vector.load %[[RHS]]{{.*}} vector<64xf32>
// CHECK:   %[[T:.*]] = arith.addf %[[A]], %[[B]] : vector<64xf32>
// CHECK:   vector.store %[[T]], %[[TOTAL]]
// CHECK:   math.fma %[[T]], %[[T]], %[[ACC]] : vector<64xf32>
// CHECK: %[[A:.*]] = vector.load %[[LHS]]{{.*}} vector<32xf32>
// CHECK: %[[B:.*]] = vector.load %[[RHS]]{{.*}} vector<32xf32>
// CHECK: %[[T:.*]] = arith.addf %[[A]], %[[B]] : vector<32xf32>
// CHECK: vector.store %[[T]], %[[TOTAL]]
// CHECK: math.fma %[[T]], %[[T]], %{{.*}} : vector<32xf32>
// CHECK: math.sqrt
// CHECK-NOT: vector.load %[[LHS]]
// CHECK-NOT: vector.load %[[RHS]]
// CHECK: vector.load %[[TOTAL]]
// CHECK: vector.store %{{.*}}, %[[OUT]]
// CHECK: return
func.func @decode(%x: memref<3x96xf32> {ignis.role = "input"}, %out: memref<3x96xf32> {ignis.role = "logits"},
                  %rows: index {ignis.role = "rows"}) {
  %w = ignis.weight "w" : memref<96xf16>
  ignis.rms_norm ins(%x, %w : memref<3x96xf32>, memref<96xf16>) outs(%out : memref<3x96xf32>) rows(%rows) {eps = 1.0e-06 : f32}
  ignis.barrier
  ignis.add_rms_norm ins(%x, %out, %w : memref<3x96xf32>, memref<3x96xf32>, memref<96xf16>)
    outs(%x, %out : memref<3x96xf32>, memref<3x96xf32>) rows(%rows) {eps = 1.0e-06 : f32}
  return
}
