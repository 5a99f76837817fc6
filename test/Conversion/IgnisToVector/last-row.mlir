// RUN: ignis-opt %s --ignis-outline-ops --ignis-lower-ops=isa=avx512 | FileCheck %s --check-prefixes=CHECK,VECTOR
// RUN: ignis-opt %s --ignis-outline-ops --ignis-lower-to-loops | FileCheck %s --check-prefixes=CHECK,LOOPS
// Row rows - 1 of x is copied to row 0 of out, by one chunk; the driver computes the row's position.

// CHECK-LABEL: llvm.func @ignis_entry_prefill(
// CHECK: %[[ROWS:.*]] = llvm.load %{{.*}} : !llvm.ptr -> i64
// CHECK: %[[ONE:.*]] = llvm.mlir.constant(1 : i64) : i64
// CHECK: %[[MORE:.*]] = llvm.sub %[[ROWS]], %[[ONE]] : i64
// CHECK: %[[FIRST:.*]] = llvm.load %{{.*}} : !llvm.ptr -> i64
// CHECK: %[[LAST:.*]] = llvm.add %[[FIRST]], %[[MORE]] : i64
// CHECK: func.call @ignis.last_row.0(
// CHECK: func.call @ignis.rope.0({{.*}}, %[[LAST]],
// CHECK-LABEL: func.func private @ignis.last_row.0(
// CHECK: %[[X:.*]] = builtin.unrealized_conversion_cast %arg2 : !llvm.ptr to memref<8x96xf32>
// CHECK: %[[OUT:.*]] = builtin.unrealized_conversion_cast %arg3 : !llvm.ptr to memref<1x96xf32>
// CHECK: %[[N:.*]] = arith.index_cast %arg4 : i64 to index
// CHECK: %[[R:.*]] = arith.addi %[[N]], %{{.*}} : index
// VECTOR: %[[V:.*]] = vector.load %[[X]][%[[R]], %{{.*}}] : memref<8x96xf32>, vector<64xf32>
// VECTOR: vector.store %[[V]], %[[OUT]][%{{.*}}, %{{.*}}] : memref<1x96xf32>, vector<64xf32>
// VECTOR: vector.load %[[X]][%[[R]], %{{.*}}] : memref<8x96xf32>, vector<32xf32>
// LOOPS: %[[V:.*]] = memref.load %[[X]][%[[R]], %[[J:.*]]] : memref<8x96xf32>
// LOOPS: memref.store %[[V]], %[[OUT]][%{{.*}}, %[[J]]] : memref<1x96xf32>
func.func @prefill(%x: memref<8x96xf32> {ignis.role = "input"}, %p: index {ignis.role = "position"}, %rows: index {ignis.role = "rows"},
                   %table: memref<64x32xf32> {ignis.role = "rope_table", ignis.rope_base = 1.0e+04 : f64}, %l: memref<1x96xf32> {ignis.role = "logits"},
                   %arena: memref<512xi8> {ignis.role = "arena"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %more = arith.subi %rows, %c1 : index
  %last = arith.addi %p, %more : index
  %r = memref.view %arena[%c0][] : memref<512xi8> to memref<1x96xf32>
  ignis.last_row ins(%x : memref<8x96xf32>) outs(%r : memref<1x96xf32>) rows(%rows)
  ignis.barrier
  ignis.rope ins(%r, %table : memref<1x96xf32>, memref<64x32xf32>) position(%last) outs(%l : memref<1x96xf32>)
  return
}
