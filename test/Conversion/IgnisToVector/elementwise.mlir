// RUN: ignis-opt %s --ignis-outline-ops --ignis-lower-ops=isa=avx512 | FileCheck %s
// One row is split into chunks of 1,024 columns, the rest goes to the last; docs/Numerics.md, section 5, has the polynomial.

// CHECK-LABEL: func.func private @ignis.swiglu.0(
// CHECK: %[[GATE:.*]] = builtin.unrealized_conversion_cast %arg2
// CHECK: %[[UP:.*]] = builtin.unrealized_conversion_cast %arg3
// CHECK: %[[OUT:.*]] = builtin.unrealized_conversion_cast %arg4
// CHECK: %[[CHUNKS:.*]] = arith.constant 1 : index
// CHECK: scf.while
// CHECK: scf.for {{.*}} step
// CHECK: %[[X:.*]] = vector.load %[[GATE]][{{.*}}] : memref<1x1500xf32>, vector<64xf32>
// CHECK: %[[NEG:.*]] = arith.negf %[[X]]
// CHECK: %[[ONE:.*]] = arith.constant dense<1.000000e+00>
// CHECK: %[[HIGH:.*]] = arith.constant dense<88.3762589>
// CHECK: %[[LOW:.*]] = arith.constant dense<-87.3365402>
// CHECK: %[[C1:.*]] = arith.cmpf ogt, %[[NEG]], %[[HIGH]]
// CHECK: %[[X1:.*]] = arith.select %[[C1]], %[[HIGH]], %[[NEG]]
// CHECK: %[[C2:.*]] = arith.cmpf olt, %[[X1]], %[[LOW]]
// CHECK: %[[X2:.*]] = arith.select %[[C2]], %[[LOW]], %[[X1]]
// CHECK: %[[MAGIC:.*]] = arith.constant dense<0x4B400000>
// CHECK: %[[LOG2E:.*]] = arith.constant dense<1.44269502>
// CHECK: %[[T:.*]] = math.fma %[[X2]], %[[LOG2E]], %[[MAGIC]]
// CHECK: %[[K:.*]] = arith.subf %[[T]], %[[MAGIC]]
// CHECK: %[[HI:.*]] = arith.constant dense<-0.693359375>
// CHECK: %[[R0:.*]] = math.fma %[[K]], %[[HI]], %[[X2]]
// CHECK: %[[LO:.*]] = arith.constant dense<2.12194442E-4>
// CHECK: %[[R:.*]] = math.fma %[[K]], %[[LO]], %[[R0]]
// CHECK: arith.constant dense<1.98756912E-4>
// CHECK: arith.constant dense<0.00139819994>
// CHECK: arith.constant dense<0.00833345205>
// CHECK: arith.constant dense<0.0416657962>
// CHECK: arith.constant dense<0.166666657>
// CHECK: arith.constant dense<5.000000e-01>
// CHECK: %[[P:.*]] = math.fma %{{.*}}, %[[R]], %{{.*}} : vector<64xf32>
// CHECK: %[[RR:.*]] = arith.mulf %[[R]], %[[R]]
// CHECK: %[[Q:.*]] = math.fma %[[P]], %[[RR]], %[[R]]
// CHECK: %[[Y:.*]] = arith.addf %[[Q]], %{{.*}}
// CHECK: %[[I:.*]] = arith.bitcast %[[T]] : vector<64xf32> to vector<64xi32>
// CHECK: %[[SHIFT:.*]] = arith.constant dense<23>
// CHECK: %[[E:.*]] = arith.shli %[[I]], %[[SHIFT]]
// CHECK: %[[YI:.*]] = arith.bitcast %[[Y]]
// CHECK: %[[SUM:.*]] = arith.addi %[[YI]], %[[E]]
// CHECK: %[[EXP:.*]] = arith.bitcast %[[SUM]]
// CHECK: %[[D:.*]] = arith.addf %[[ONE]], %[[EXP]]
// CHECK: %[[SILU:.*]] = arith.divf %[[X]], %[[D]]
// CHECK: %[[U:.*]] = vector.load %[[UP]]
// CHECK: %[[PRODUCT:.*]] = arith.mulf %[[SILU]], %[[U]]
// CHECK: vector.store %[[PRODUCT]], %[[OUT]]
// 476 columns are left: 7 strips of 64, then 16, 8 and 4.
// CHECK: scf.if
// CHECK: arith.constant 448 : index
// CHECK: vector.store {{.*}} vector<64xf32>
// CHECK: vector.store {{.*}} vector<16xf32>
// CHECK: vector.store {{.*}} vector<8xf32>
// CHECK: vector.store {{.*}} vector<4xf32>
// CHECK-NOT: vector.store
// CHECK: func.call @ignis.finish
// CHECK-NOT: vector.fma
// CHECK-NOT: math.exp

// Many rows: chunks of whole rows, as many as are in use.
// CHECK-LABEL: func.func private @ignis.add.0(
// CHECK: %[[ROWS:.*]] = arith.index_cast %arg5 : i64 to index
// CHECK: %[[STEP:.*]] = arith.constant 64 : index
// CHECK: arith.divui %{{.*}}, %[[STEP]]
// CHECK: %[[END:.*]] = arith.minsi %{{.*}}, %[[ROWS]]
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[END]]
// CHECK: arith.addf {{.*}} : vector<64xf32>
// CHECK-NOT: scf.if
// CHECK: return
func.func @decode(%x: memref<1x1500xf32> {ignis.role = "input"}, %out: memref<1x1500xf32> {ignis.role = "logits"}) {
  ignis.swiglu ins(%x, %out : memref<1x1500xf32>, memref<1x1500xf32>) outs(%out : memref<1x1500xf32>)
  return
}
func.func @prefill(%x: memref<512x128xf32> {ignis.role = "input"}, %out: memref<512x128xf32> {ignis.role = "logits"}, %rows: index {ignis.role = "rows"}) {
  ignis.add ins(%x, %out : memref<512x128xf32>, memref<512x128xf32>) outs(%out : memref<512x128xf32>) rows(%rows)
  return
}
