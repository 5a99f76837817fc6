// RUN: ignis-opt %s --ignis-fuse-residual --split-input-file --verify-diagnostics --remarks-filter-missed=ignis --remark-format=emitRemark -o /dev/null
// RUN: ignis-opt %s --split-input-file --ignis-fuse-residual -o %t.once
// RUN: ignis-opt %t.once --split-input-file --ignis-fuse-residual -o - | diff %t.once -
// Every reason why a sum stays one.

func.func @no_linear(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  // expected-remark @+1 {{no operand is a linear layer}}
  %0 = ignis.add ins(%x, %y : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0 : tensor<4x64xf32>
}

// -----

func.func @other_use(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{the linear layer has another use}}
  %1 = ignis.add ins(%y, %0 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0, %1 : tensor<4x64xf32>, tensor<4x64xf32>
}

// -----

func.func @twice(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{the linear layer has another use}}
  %1 = ignis.add ins(%0, %0 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %1 : tensor<4x64xf32>
}

// -----

func.func @has_one(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) residual(%y : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{the linear layer has a residual already}}
  %1 = ignis.add ins(%y, %0 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %1 : tensor<4x64xf32>
}

// -----

func.func @rows(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{rows in use differ}}
  %1 = ignis.add ins(%y, %0 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) rows(%rows) -> tensor<4x64xf32>
  return %1 : tensor<4x64xf32>
}

// -----

func.func @last(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index, %z: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %one = tensor.empty() : tensor<1x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%one : tensor<1x64xf32>) {select = #ignis.select<last>} -> tensor<1x64xf32>
  // expected-remark @+1 {{the linear layer computes the last row alone}}
  %1 = ignis.add ins(%z, %0 : tensor<1x64xf32>, tensor<1x64xf32>) outs(%one : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %1 : tensor<1x64xf32>
}
