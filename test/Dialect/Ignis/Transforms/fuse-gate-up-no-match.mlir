// RUN: ignis-opt %s --ignis-fuse-gate-up --split-input-file --verify-diagnostics --remarks-filter-missed=ignis --remark-format=emitRemark -o /dev/null
// RUN: ignis-opt %s --split-input-file --ignis-fuse-gate-up -o %t.once
// RUN: ignis-opt %t.once --split-input-file --ignis-fuse-gate-up -o - | diff %t.once -
// Every reason why sibling layers stay apart.

func.func @one(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  // expected-remark @+1 {{1 such layers read the value, expected 2}}
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0 : tensor<4x64xf32>
}

// -----

func.func @three(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> (tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  // expected-remark @+1 {{3 such layers read the value, expected 2}}
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %2 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0, %1, %2 : tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>
}

// -----

func.func @residual(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  // expected-remark @+1 {{a layer has a residual or computes the last row alone}}
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) residual(%y : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0, %1 : tensor<4x64xf32>, tensor<4x64xf32>
}

// -----

func.func @rows(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  // expected-remark @+1 {{rows in use differ}}
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) rows(%rows) -> tensor<4x64xf32>
  return %0, %1 : tensor<4x64xf32>, tensor<4x64xf32>
}

// -----

func.func @types(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %wu = ignis.weight "u" : tensor<64x64xf32>
  // expected-remark @+1 {{the weights differ in element type}}
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.linear ins(%x, %wu : tensor<4x64xf32>, tensor<64x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0, %1 : tensor<4x64xf32>, tensor<4x64xf32>
}

// -----

func.func @between(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %wu = ignis.weight "u" : tensor<64x64xf16>
  // expected-remark @+1 {{an operand is made between the layers}}
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.silu ins(%0 : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %2 = ignis.linear ins(%x, %wu : tensor<4x64xf32>, tensor<64x64xf16>) outs(%1 : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0, %2 : tensor<4x64xf32>, tensor<4x64xf32>
}

// -----

func.func @blocks(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index, %c: i1) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  // expected-remark @+1 {{the layers are in different blocks}}
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %r = scf.if %c -> tensor<4x64xf32> {
    %1 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
    scf.yield %1 : tensor<4x64xf32>
  } else {
    scf.yield %0 : tensor<4x64xf32>
  }
  return %0, %r : tensor<4x64xf32>, tensor<4x64xf32>
}
