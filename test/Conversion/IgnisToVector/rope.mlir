// RUN: ignis-opt %s --ignis-outline-ops --ignis-lower-ops=isa=avx512 | FileCheck %s
// RUN: ignis-opt %s --ignis-outline-ops --ignis-lower-ops=isa=neon | FileCheck %s
// Pairs are half a head apart; a head of 48 is strips of 16 and 8. One product is rounded, the other is not
// (docs/Numerics.md, section 5).

// CHECK-LABEL: func.func private @ignis.rope.0(
// CHECK: %[[X:.*]] = builtin.unrealized_conversion_cast %arg2
// CHECK: %[[TABLE:.*]] = builtin.unrealized_conversion_cast %arg3
// CHECK: %[[P:.*]] = arith.index_cast %arg4 : i64 to index
// CHECK: %[[OUT:.*]] = builtin.unrealized_conversion_cast %arg5
// CHECK: scf.for %[[ROW:.*]] = {{.*}} {
// CHECK: %[[AT:.*]] = arith.addi %[[P]], %[[ROW]]
// CHECK: %[[D:.*]] = arith.constant 48 : index
// CHECK: scf.for %[[HEAD:.*]] = %{{.*}} to %{{.*}} step %[[D]]
// CHECK: %[[LO:.*]] = vector.load %[[X]][%[[ROW]], %[[HEAD]]] : memref<1x96xf32>, vector<16xf32>
// CHECK: %[[HALF:.*]] = arith.constant 24 : index
// CHECK: %[[COLUMN:.*]] = arith.addi %[[HEAD]], %[[HALF]]
// CHECK: %[[HI:.*]] = vector.load %[[X]][%[[ROW]], %[[COLUMN]]]
// CHECK: %[[COS:.*]] = vector.load %[[TABLE]][%[[AT]],
// CHECK: %[[SIN:.*]] = vector.load %[[TABLE]][%[[AT]],
// CHECK: %[[HS:.*]] = arith.mulf %[[HI]], %[[SIN]]
// CHECK: %[[MINUS:.*]] = arith.negf %[[HS]]
// CHECK: %[[FIRST:.*]] = math.fma %[[LO]], %[[COS]], %[[MINUS]]
// CHECK: %[[LS:.*]] = arith.mulf %[[LO]], %[[SIN]]
// CHECK: %[[SECOND:.*]] = math.fma %[[HI]], %[[COS]], %[[LS]]
// In place: both are loaded before one is stored.
// CHECK: vector.store %[[FIRST]], %[[OUT]][%[[ROW]], %[[HEAD]]]
// CHECK: vector.store %[[SECOND]], %[[OUT]]
// CHECK: vector.load %[[X]]{{.*}} vector<8xf32>
// CHECK: vector.store {{.*}} vector<8xf32>
// CHECK: vector.store {{.*}} vector<8xf32>
// CHECK-NOT: vector.store
// CHECK: func.call @ignis.finish

// Keys go to 16 positions of a line, one element at a time; values stay vectors.
// CHECK-LABEL: func.func private @ignis.cache_write.0(
// CHECK: %[[KC:.*]] = builtin.unrealized_conversion_cast %{{.*}} : !llvm.ptr to memref<1x1x2x32x16xf16>
// CHECK: %[[VC:.*]] = builtin.unrealized_conversion_cast %{{.*}} : !llvm.ptr to memref<1x1x32x32xf16>
// CHECK: %[[SIXTEEN:.*]] = arith.constant 16 : index
// CHECK: %[[BLOCK:.*]] = arith.divui %[[POSITION:.*]], %[[SIXTEEN]]
// CHECK: %[[WITHIN:.*]] = arith.remui %[[POSITION]],
// CHECK: arith.truncf {{.*}} : vector<16xf32> to vector<16xf16>
// CHECK-COUNT-32: memref.store %{{.*}}, %[[KC]][%{{.*}}, %{{.*}}, %[[BLOCK]], %{{.*}}, %[[WITHIN]]]
// CHECK-NOT: memref.store
// CHECK-COUNT-2: vector.store %{{.*}}, %[[VC]][%{{.*}}, %{{.*}}, %[[POSITION]], %{{.*}}] : memref<1x1x32x32xf16>, vector<16xf16>
// CHECK-NOT: vector.store
// CHECK: return
func.func @decode(%x: memref<1x96xf32> {ignis.role = "input"}, %t: memref<64x48xf32> {ignis.role = "rope_table", ignis.rope_base = 1.0e+06 : f32},
                  %p: index {ignis.role = "position"}) {
  ignis.rope ins(%x, %t : memref<1x96xf32>, memref<64x48xf32>) position(%p) outs(%x : memref<1x96xf32>)
  return
}
func.func @prefill(%k: memref<4x32xf32> {ignis.role = "input"}, %p: index {ignis.role = "position"}, %kc: memref<1x1x2x32x16xf16> {ignis.role = "k_cache"},
                   %vc: memref<1x1x32x32xf16> {ignis.role = "v_cache"}) {
  ignis.cache_write ins(%k, %k : memref<4x32xf32>, memref<4x32xf32>) position(%p) outs(%kc, %vc : memref<1x1x2x32x16xf16>, memref<1x1x32x32xf16>) {layer = 0 : i64}
  return
}
