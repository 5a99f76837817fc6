// RUN: ignis-opt %s --ignis-fuse-swiglu --split-input-file --verify-diagnostics --remarks-filter-missed=ignis --remark-format=emitRemark -o /dev/null
// RUN: ignis-opt %s --split-input-file --ignis-fuse-swiglu -o %t.once
// RUN: ignis-opt %t.once --split-input-file --ignis-fuse-swiglu -o - | diff %t.once -
// Every reason why a product stays one.

func.func @no_silu(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  // expected-remark @+1 {{neither factor is a silu}}
  %0 = ignis.mul ins(%x, %y : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0 : tensor<4x64xf32>
}

// -----

func.func @other_use(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %0 = ignis.silu ins(%x : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{the silu has another use}}
  %1 = ignis.mul ins(%0, %y : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0, %1 : tensor<4x64xf32>, tensor<4x64xf32>
}

// -----

func.func @square(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %0 = ignis.silu ins(%x : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{the silu has another use}}
  %1 = ignis.mul ins(%0, %0 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %1 : tensor<4x64xf32>
}

// -----

func.func @rows(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %0 = ignis.silu ins(%x : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{rows in use differ}}
  %1 = ignis.mul ins(%y, %0 : tensor<4x64xf32>, tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) rows(%rows) -> tensor<4x64xf32>
  return %1 : tensor<4x64xf32>
}
