// RUN: ignis-opt %s --ignis-outline-ops --ignis-lower-ops=isa=avx512 | FileCheck %s
// docs/Numerics.md, section 6: chains of fma over the elements of a head; an exact maximum; weights that are 0 below the
// clamp, summed in 16 lanes; chains of fma over the positions; one reciprocal. Scores are in the thread's scratch.

// CHECK-LABEL: func.func private @ignis.attend.0(
// CHECK: %{{.*}} = builtin.unrealized_conversion_cast %arg2 : !llvm.ptr to memref<1x64xf32>
// CHECK: %[[KC:.*]] = builtin.unrealized_conversion_cast %arg3 : !llvm.ptr to memref<1x1x2x32x16xf16>
// CHECK: %[[VC:.*]] = builtin.unrealized_conversion_cast %arg4 : !llvm.ptr to memref<1x1x32x32xf16>
// CHECK: %[[OUT:.*]] = builtin.unrealized_conversion_cast %arg6 : !llvm.ptr to memref<1x64xf32>
// CHECK: %[[SCORES:.*]] = builtin.unrealized_conversion_cast %{{.*}} : !llvm.ptr to memref<16x48xf32>
// CHECK: %[[FACTORS:.*]] = builtin.unrealized_conversion_cast %{{.*}} : !llvm.ptr to memref<16xf32>
// The token's two heads, addressed by element alone.
// CHECK: %[[Q:.*]] = builtin.unrealized_conversion_cast %{{.*}} : !llvm.ptr to memref<2x32xf32>
// CHECK: %[[K:.*]] = vector.load %[[KC]][{{.*}}] : memref<1x1x2x32x16xf16>, vector<16xf16>
// CHECK: %[[KF:.*]] = arith.extf %{{.*}} : vector<16xf16> to vector<16xf32>
// CHECK: %[[E:.*]] = memref.load %[[Q]]
// CHECK: %[[QB:.*]] = vector.broadcast %[[E]] : f32 to vector<16xf32>
// CHECK: math.fma %[[QB]], %[[KF]], %{{.*}} : vector<16xf32>
// 1 / sqrt(32)
// CHECK: arith.constant dense<0.176776692> : vector<16xf32>
// CHECK: vector.store %{{.*}}, %[[SCORES]]
// CHECK: arith.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]>
// CHECK: %[[MASK:.*]] = arith.cmpi slt
// CHECK: %[[INF:.*]] = arith.constant dense<0xFF800000>
// CHECK: %[[GREATER:.*]] = arith.cmpf ogt
// CHECK: arith.select %[[GREATER]]
// CHECK: arith.select %[[MASK]], %{{.*}}, %[[INF]]
// CHECK: %[[LOW:.*]] = arith.constant dense<-87.3365402>
// CHECK-NEXT: %[[BELOW:.*]] = arith.cmpf olt, %{{.*}}, %[[LOW]]
// CHECK-NEXT: %[[NOTHING:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK: %[[W:.*]] = arith.select %[[BELOW]], %[[NOTHING]], %{{.*}}
// CHECK: vector.store %[[W]], %[[SCORES]]
// CHECK: arith.select %[[MASK]], %{{.*}}, %{{.*}} : vector<16xi1>, vector<16xf32>
// CHECK: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK: %[[R:.*]] = arith.divf %[[ONE]], %{{.*}} : f32
// CHECK: memref.store %[[R]], %[[FACTORS]]
// CHECK: %[[V:.*]] = vector.load %[[VC]]
// CHECK: %[[S:.*]] = memref.load %[[SCORES]]
// CHECK: math.fma
// CHECK: %[[F:.*]] = memref.load %[[FACTORS]]
// CHECK: %[[FB:.*]] = vector.broadcast %[[F]]
// CHECK: %[[Y:.*]] = arith.mulf %{{.*}}, %[[FB]]
// CHECK: vector.store %[[Y]], %[[OUT]]
// CHECK-NOT: arith.maximumf
// CHECK-NOT: vector.fma
// CHECK-NOT: memref.alloca
// CHECK: return
func.func @decode(%q: memref<1x64xf32> {ignis.role = "input"}, %kc: memref<2x1x2x32x16xf16> {ignis.role = "k_cache"},
                  %vc: memref<2x1x32x32xf16> {ignis.role = "v_cache"}, %p: index {ignis.role = "position"}, %o: memref<1x64xf32> {ignis.role = "logits"}) {
  ignis.attend ins(%q, %kc, %vc : memref<1x64xf32>, memref<2x1x2x32x16xf16>, memref<2x1x32x32xf16>) position(%p) outs(%o : memref<1x64xf32>) {layer = 1 : i64}
  return
}
