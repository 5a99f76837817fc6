// RUN: ignis-opt %s --split-input-file --verify-diagnostics --ignis-verify-phase=phase=import -o /dev/null
// What each phase leaves; the wrong phases are in the files beside this one.

func.func @fine(%x: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %e = tensor.empty() : tensor<1x64xf32>
  %0 = ignis.silu ins(%x : tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %0 : tensor<1x64xf32>
}

// -----

func.func @dialect(%x: f32) -> f32 {
  // expected-error @+1 {{after phase 'import': expected ops of the dialects ignis, func, arith and tensor, got 'math.exp'}}
  %0 = math.exp %x : f32
  return %0 : f32
}

// -----

func.func @buffers(%x: memref<1x64xf32>) {
  // expected-error @+1 {{after phase 'import': expected tensors, got buffers}}
  ignis.silu ins(%x : memref<1x64xf32>) outs(%x : memref<1x64xf32>)
  return
}

// -----

func.func @weights() {
  %0 = ignis.weight "w" : tensor<64xf32>
  // expected-error @+1 {{weight 'w' has type 'tensor<32xf32>' here and 'tensor<64xf32>' before}}
  %1 = ignis.weight "w" : tensor<32xf32>
  return
}
