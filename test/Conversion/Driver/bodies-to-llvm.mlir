// RUN: ignis-opt %s --ignis-bodies-to-llvm -o %t
// RUN: FileCheck %s --input-file %t
// RUN: ignis-opt %s --ignis-bodies-to-llvm --ignis-functions-to-llvm --reconcile-unrealized-casts -o %t.one
// RUN: ignis-opt %s --expand-strided-metadata --lower-affine --convert-math-to-llvm --convert-vector-to-llvm --finalize-memref-to-llvm \
// RUN:   --convert-arith-to-llvm --convert-cf-to-llvm --convert-func-to-llvm --reconcile-unrealized-casts -o %t.many
// RUN: FileCheck %s --input-file %t.one --check-prefix=SAME
// RUN: FileCheck %s --input-file %t.many --check-prefix=SAME
// Every op of a body becomes LLVM's, as by upstream's passes one after the other; signatures, returns and drivers stay.

// CHECK-LABEL: func.func private @op
// CHECK-NOT: {{(vector|memref|arith|math|cf|affine)\.}}
// CHECK: return {{.*}} : i64
// SAME-LABEL: llvm.func @op
// SAME: llvm.icmp "slt"
// SAME: llvm.cond_br
// SAME: llvm.load {{.*}} -> vector<16xf32>
// SAME-COUNT-1: llvm.intr.fma({{.*}}) : (vector<16xf32>, vector<16xf32>, vector<16xf32>) -> vector<16xf32>
// SAME: llvm.store {{.*}} : vector<16xf32>
// SAME: llvm.br
// SAME: llvm.return
func.func private @op(%descriptor: !llvm.struct<(ptr, ptr, i64, array<2 x i64>, array<2 x i64>)>, %n: i64) -> i64 {
  %m = builtin.unrealized_conversion_cast %descriptor : !llvm.struct<(ptr, ptr, i64, array<2 x i64>, array<2 x i64>)> to memref<8x16xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %end = arith.index_cast %n : i64 to index
  cf.br ^head(%c0 : index)
^head(%i: index):
  %more = arith.cmpi slt, %i, %end : index
  cf.cond_br %more, ^body, ^done
^body:
  %row = memref.subview %m[%i, 0] [1, 16] [1, 1] : memref<8x16xf32> to memref<16xf32, strided<[1], offset: ?>>
  %x = vector.load %row[%c0] : memref<16xf32, strided<[1], offset: ?>>, vector<16xf32>
  %y = math.fma %x, %x, %x : vector<16xf32>
  vector.store %y, %row[%c0] : memref<16xf32, strided<[1], offset: ?>>, vector<16xf32>
  %next = arith.addi %i, %c1 : index
  cf.br ^head(%next : index)
^done:
  return %n : i64
}

// CHECK-LABEL: llvm.func @ignis_entry_decode
// CHECK: func.call @op
llvm.func @ignis_entry_decode(%descriptor: !llvm.struct<(ptr, ptr, i64, array<2 x i64>, array<2 x i64>)>) {
  %0 = llvm.mlir.constant(3 : i64) : i64
  %1 = func.call @op(%descriptor, %0) : (!llvm.struct<(ptr, ptr, i64, array<2 x i64>, array<2 x i64>)>, i64) -> i64
  llvm.return
}
