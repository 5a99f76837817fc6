// RUN: ignis-opt %s --ignis-fuse-add-rms-norm --split-input-file --verify-diagnostics --remarks-filter-missed=ignis --remark-format=emitRemark -o /dev/null
// RUN: ignis-opt %s --split-input-file -o %t.none
// RUN: ignis-opt %s --split-input-file --ignis-fuse-add-rms-norm -o - | diff %t.none -
// Every reason why an add and a norm stay two, but that it works on tensors alone (a contract says so before). None of
// these functions changes.

func.func @no_add(%x: tensor<4x64xf32>, %n: tensor<64xf32>) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  // expected-remark @+1 {{input is not an add}}
  %0 = ignis.rms_norm ins(%x, %n : tensor<4x64xf32>, tensor<64xf32>) outs(%e : tensor<4x64xf32>) {eps = 1.0e-06 : f32} -> tensor<4x64xf32>
  return %0 : tensor<4x64xf32>
}

// -----

func.func @other_block(%x: tensor<4x64xf32>, %n: tensor<64xf32>) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %a = ignis.add ins(%x, %x : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  cf.br ^next
^next:
  // expected-remark @+1 {{the add is in another block}}
  %0 = ignis.rms_norm ins(%a, %n : tensor<4x64xf32>, tensor<64xf32>) outs(%e : tensor<4x64xf32>) {eps = 1.0e-06 : f32} -> tensor<4x64xf32>
  return %0 : tensor<4x64xf32>
}

// -----

func.func @rows(%x: tensor<4x64xf32>, %n: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %a = ignis.add ins(%x, %x : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) rows(%rows) -> tensor<4x64xf32>
  // expected-remark @+1 {{rows in use differ}}
  %0 = ignis.rms_norm ins(%a, %n : tensor<4x64xf32>, tensor<64xf32>) outs(%e : tensor<4x64xf32>) {eps = 1.0e-06 : f32} -> tensor<4x64xf32>
  return %0 : tensor<4x64xf32>
}

// -----

// The op that makes both results would stand behind a reader of one.
func.func @used_before(%x: tensor<4x64xf32>, %n: tensor<64xf32>) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %a = ignis.add ins(%x, %x : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %s = ignis.silu ins(%a : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{the sum is used before the norm}}
  %0 = ignis.rms_norm ins(%a, %n : tensor<4x64xf32>, tensor<64xf32>) outs(%e : tensor<4x64xf32>) {eps = 1.0e-06 : f32} -> tensor<4x64xf32>
  return %0, %s : tensor<4x64xf32>, tensor<4x64xf32>
}

// -----

// The same reader inside a region.
func.func @used_in_region(%x: tensor<4x64xf32>, %n: tensor<64xf32>, %c: i1) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %a = ignis.add ins(%x, %x : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %s = scf.if %c -> tensor<4x64xf32> {
    %t = ignis.silu ins(%a : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
    scf.yield %t : tensor<4x64xf32>
  } else {
    scf.yield %x : tensor<4x64xf32>
  }
  // expected-remark @+1 {{the sum is used before the norm}}
  %0 = ignis.rms_norm ins(%a, %n : tensor<4x64xf32>, tensor<64xf32>) outs(%e : tensor<4x64xf32>) {eps = 1.0e-06 : f32} -> tensor<4x64xf32>
  return %0, %s : tensor<4x64xf32>, tensor<4x64xf32>
}
