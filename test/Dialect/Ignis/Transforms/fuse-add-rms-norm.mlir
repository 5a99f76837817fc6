// RUN: ignis-opt %s --split-input-file --ignis-fuse-add-rms-norm --ignis-verify-contracts | FileCheck %s
// RUN: ignis-opt %s --split-input-file --ignis-fuse-residual --ignis-fuse-add-rms-norm | FileCheck %s --check-prefix=RESIDUAL
// RUN: ignis-opt %s --split-input-file --ignis-fuse-add-rms-norm --ignis-fuse-residual | FileCheck %s
// RUN: ignis-opt %s --split-input-file --ignis-fuse-add-rms-norm --remarks-filter-passed=ignis --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// REMARK: [Passed] fuse-add-rms-norm | Category:ignis | matches=2

// The add before a norm: the pass that comes first takes it, this one or ignis-fuse-residual. The sum goes on to the
// next add, which the next norm takes.
// CHECK-LABEL: func.func @block
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<4x64xf32>, %[[N:[a-z0-9]+]]: tensor<64xf32>, %[[ROWS:[a-z0-9]+]]: index
// CHECK: %[[O:.*]] = ignis.linear
// CHECK-NOT: ignis.add ins
// CHECK-NOT: ignis.rms_norm ins
// CHECK: %[[A:.*]]:2 = ignis.add_rms_norm ins(%[[X]], %[[O]], %[[N]] : {{.*}}) rows(%[[ROWS]]) {eps = 9.99999997E-7 : f32} -> tensor<4x64xf32>, tensor<4x64xf32>
// CHECK: %[[D:.*]] = ignis.linear ins(%[[A]]#1,
// CHECK-NOT: ignis.add ins
// CHECK: %[[B:.*]]:2 = ignis.add_rms_norm ins(%[[A]]#0, %[[D]], %[[N]] :
// CHECK: return %[[B]]#1
// RESIDUAL-LABEL: func.func @block
// RESIDUAL: %[[S:.*]] = ignis.linear {{.*}} residual(%arg0
// RESIDUAL: ignis.rms_norm ins(%[[S]],
// RESIDUAL: ignis.linear {{.*}} residual(%[[S]]
// RESIDUAL: ignis.rms_norm
// RESIDUAL-NOT: add_rms_norm
// RESIDUAL: return
func.func @block(%x: tensor<4x64xf32>, %n: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %w = ignis.weight "w" : tensor<64x64xf16>
  %e0 = tensor.empty() : tensor<4x64xf32>
  %o = ignis.linear ins(%x, %w : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e0 : tensor<4x64xf32>) rows(%rows) -> tensor<4x64xf32>
  %e1 = tensor.empty() : tensor<4x64xf32>
  %a = ignis.add ins(%x, %o : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e1 : tensor<4x64xf32>) rows(%rows) -> tensor<4x64xf32>
  %e2 = tensor.empty() : tensor<4x64xf32>
  %m = ignis.rms_norm ins(%a, %n : tensor<4x64xf32>, tensor<64xf32>) outs(%e2 : tensor<4x64xf32>) rows(%rows) {eps = 1.0e-06 : f32} -> tensor<4x64xf32>
  %e3 = tensor.empty() : tensor<4x64xf32>
  %d = ignis.linear ins(%m, %w : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e3 : tensor<4x64xf32>) rows(%rows) -> tensor<4x64xf32>
  %e4 = tensor.empty() : tensor<4x64xf32>
  %b = ignis.add ins(%a, %d : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e4 : tensor<4x64xf32>) rows(%rows) -> tensor<4x64xf32>
  %e5 = tensor.empty() : tensor<4x64xf32>
  %l = ignis.rms_norm ins(%b, %n : tensor<4x64xf32>, tensor<64xf32>) outs(%e5 : tensor<4x64xf32>) rows(%rows) {eps = 1.0e-06 : f32} -> tensor<4x64xf32>
  return %l : tensor<4x64xf32>
}

// -----

// In place already: the sum in the add's place, the norm too where nobody else reads the sum.
// CHECK-LABEL: func.func @in_place
// CHECK: %[[O:.*]] = ignis.silu
// CHECK: ignis.add_rms_norm ins(%arg0, %[[O]], %arg1 : {{.*}}) outs(%[[O]], %[[O]] :
func.func @in_place(%x: tensor<4x64xf32>, %n: tensor<64xf32>) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %o = ignis.silu ins(%x : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %a = ignis.add ins(%x, %o : tensor<4x64xf32>, tensor<4x64xf32>) outs(%o : tensor<4x64xf32>) -> tensor<4x64xf32>
  %m = ignis.rms_norm ins(%a, %n : tensor<4x64xf32>, tensor<64xf32>) outs(%a : tensor<4x64xf32>) {eps = 1.0e-06 : f32} -> tensor<4x64xf32>
  return %m : tensor<4x64xf32>
}

// -----

// A user of the sum in a block that this one leads to comes later; of two norms of one sum the first takes the add.
// CHECK-LABEL: func.func @later_block
// CHECK: %[[A:.*]]:2 = ignis.add_rms_norm
// CHECK: ignis.rms_norm ins(%[[A]]#0
// CHECK: ^bb1:
// CHECK: ignis.silu ins(%[[A]]#0
func.func @later_block(%x: tensor<4x64xf32>, %n: tensor<64xf32>) -> (tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %a = ignis.add ins(%x, %x : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %m = ignis.rms_norm ins(%a, %n : tensor<4x64xf32>, tensor<64xf32>) outs(%e : tensor<4x64xf32>) {eps = 1.0e-06 : f32} -> tensor<4x64xf32>
  %k = ignis.rms_norm ins(%a, %n : tensor<4x64xf32>, tensor<64xf32>) outs(%e : tensor<4x64xf32>) {eps = 1.0e-05 : f32} -> tensor<4x64xf32>
  cf.br ^next
^next:
  %s = ignis.silu ins(%a : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %m, %k, %s : tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>
}
