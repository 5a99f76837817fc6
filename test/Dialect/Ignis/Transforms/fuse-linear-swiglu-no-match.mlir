// RUN: ignis-opt %s --ignis-fuse-linear-swiglu --split-input-file --verify-diagnostics --remarks-filter-missed=ignis --remark-format=emitRemark -o /dev/null
// RUN: ignis-opt %s --split-input-file --ignis-fuse-linear-swiglu -o %t.once
// RUN: ignis-opt %t.once --split-input-file --ignis-fuse-linear-swiglu -o - | diff %t.once -
// Every reason why gate and up stay apart.

func.func @no_linear(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{gate and up are not both linear layers}}
  %1 = ignis.swiglu ins(%0, %y : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %1 : tensor<4x64xf32>
}

// -----

func.func @other_use(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %wu = ignis.weight "u" : tensor<64x64xf16>
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.linear ins(%x, %wu : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{gate or up has another use}}
  %2 = ignis.swiglu ins(%0, %1 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %1, %2 : tensor<4x64xf32>, tensor<4x64xf32>
}

// -----

func.func @same(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{gate or up has another use}}
  %2 = ignis.swiglu ins(%0, %0 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %2 : tensor<4x64xf32>
}

// -----

func.func @inputs(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %wu = ignis.weight "u" : tensor<64x64xf16>
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.linear ins(%y, %wu : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{gate and up read different values}}
  %2 = ignis.swiglu ins(%0, %1 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %2 : tensor<4x64xf32>
}

// -----

func.func @types(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %wu = ignis.weight "u" : tensor<64x64xf32>
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.linear ins(%x, %wu : tensor<4x64xf32>, tensor<64x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{the weights of gate and up differ in type}}
  %2 = ignis.swiglu ins(%0, %1 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %2 : tensor<4x64xf32>
}

// -----

func.func @bias(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index, %b: tensor<64xf32>) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %wu = ignis.weight "u" : tensor<64x64xf16>
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) bias(%b : tensor<64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.linear ins(%x, %wu : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{gate or up has a bias or a residual}}
  %2 = ignis.swiglu ins(%0, %1 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %2 : tensor<4x64xf32>
}

// -----

func.func @rows(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %wu = ignis.weight "u" : tensor<64x64xf16>
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.linear ins(%x, %wu : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) rows(%rows) -> tensor<4x64xf32>
  // expected-remark @+1 {{rows in use differ}}
  %2 = ignis.swiglu ins(%0, %1 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %2 : tensor<4x64xf32>
}

// -----

func.func @last(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<1x64xf32> {
  %one = tensor.empty() : tensor<1x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  %wu = ignis.weight "u" : tensor<64x64xf16>
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%one : tensor<1x64xf32>) {select = #ignis.select<last>} -> tensor<1x64xf32>
  %1 = ignis.linear ins(%x, %wu : tensor<4x64xf32>, tensor<64x64xf16>) outs(%one : tensor<1x64xf32>) {select = #ignis.select<last>} -> tensor<1x64xf32>
  // expected-remark @+1 {{gate or up computes the last row alone}}
  %2 = ignis.swiglu ins(%0, %1 : tensor<1x64xf32>, tensor<1x64xf32>) outs(%one : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %2 : tensor<1x64xf32>
}
