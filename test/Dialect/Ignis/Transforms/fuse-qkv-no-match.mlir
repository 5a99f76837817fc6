// RUN: ignis-opt %s --ignis-fuse-qkv --split-input-file --verify-diagnostics --remarks-filter-missed=ignis --remark-format=emitRemark -o /dev/null
// RUN: ignis-opt %s --split-input-file --ignis-fuse-qkv -o %t.once
// RUN: ignis-opt %t.once --split-input-file --ignis-fuse-qkv -o - | diff %t.once -
// As for gate and up (fuse-gate-up-no-match.mlir), with three layers and biases.

func.func @two(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index, %b: tensor<64xf32>) -> (tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  // expected-remark @+1 {{2 such layers read the value, expected 3}}
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) bias(%b : tensor<64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) bias(%b : tensor<64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %2 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0, %1, %2 : tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>
}

// -----

func.func @rows(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index, %b: tensor<64xf32>) -> (tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %wt = ignis.weight "w" : tensor<64x64xf16>
  // expected-remark @+1 {{rows in use differ}}
  %0 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) bias(%b : tensor<64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) bias(%b : tensor<64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  %2 = ignis.linear ins(%x, %wt : tensor<4x64xf32>, tensor<64x64xf16>) bias(%b : tensor<64xf32>) outs(%e : tensor<4x64xf32>) rows(%rows) -> tensor<4x64xf32>
  return %0, %1, %2 : tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>
}
