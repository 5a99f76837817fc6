// RUN: ignis-opt %s --ignis-fuse-rms-norm --split-input-file --verify-diagnostics --remarks-filter-missed=ignis --remark-format=emitRemark -o /dev/null
// RUN: ignis-opt %s --split-input-file --ignis-fuse-rms-norm -o %t.once
// RUN: ignis-opt %t.once --split-input-file --ignis-fuse-rms-norm -o - | diff %t.once -
// Every reason why a scale stays one.

func.func @no_norm(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  // expected-remark @+1 {{input is not an rms_normalize}}
  %0 = ignis.scale ins(%x, %w : tensor<4x64xf32>, tensor<64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0 : tensor<4x64xf32>
}

// -----

func.func @other_use(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %0 = ignis.rms_normalize ins(%x : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) {eps = 1.0e-06 : f32} -> tensor<4x64xf32>
  // expected-remark @+1 {{the normalised rows have another use}}
  %1 = ignis.scale ins(%0, %w : tensor<4x64xf32>, tensor<64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0, %1 : tensor<4x64xf32>, tensor<4x64xf32>
}

// -----

func.func @rows(%x: tensor<4x64xf32>, %y: tensor<4x64xf32>, %w: tensor<64xf32>, %rows: index) -> tensor<4x64xf32> {
  %e = tensor.empty() : tensor<4x64xf32>
  %0 = ignis.rms_normalize ins(%x : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) {eps = 1.0e-06 : f32} -> tensor<4x64xf32>
  // expected-remark @+1 {{rows in use differ}}
  %1 = ignis.scale ins(%0, %w : tensor<4x64xf32>, tensor<64xf32>) outs(%e : tensor<4x64xf32>) rows(%rows) -> tensor<4x64xf32>
  return %1 : tensor<4x64xf32>
}
