// RUN: ignis-opt %s --ignis-fuse-rope-cache --split-input-file --verify-diagnostics --remarks-filter-missed=ignis --remark-format=emitRemark -o /dev/null
// RUN: ignis-opt %s --split-input-file --ignis-fuse-rope-cache -o %t.once
// RUN: ignis-opt %t.once --split-input-file --ignis-fuse-rope-cache -o - | diff %t.once -
// Every reason why keys keep a row of their own.

func.func @no_rope(%q: tensor<4x64xf32>, %k: tensor<4x32xf32>, %v: tensor<4x32xf32>, %table: tensor<32x32xf32>, %p: index, %p2: index, %rows: index, %kc: tensor<2x1x2x32x16xf16>, %vc: tensor<2x1x32x32xf16>) -> (tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>) {
  %e = tensor.empty() : tensor<4x64xf32>
  // expected-remark @+1 {{the keys are not made by a rope}}
  %1:3 = ignis.attention ins(%q, %k, %v : tensor<4x64xf32>, tensor<4x32xf32>, tensor<4x32xf32>) position(%p) outs(%e, %kc, %vc : tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>) {layer = 0 : i64} -> tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>
  return %1#0, %1#1, %1#2 : tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>
}

// -----

func.func @other_use(%q: tensor<4x64xf32>, %k: tensor<4x32xf32>, %v: tensor<4x32xf32>, %table: tensor<32x32xf32>, %p: index, %p2: index, %rows: index, %kc: tensor<2x1x2x32x16xf16>, %vc: tensor<2x1x32x32xf16>) -> (tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>, tensor<4x32xf32>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %ek = tensor.empty() : tensor<4x32xf32>
  %0 = ignis.rope ins(%k, %table : tensor<4x32xf32>, tensor<32x32xf32>) position(%p) outs(%ek : tensor<4x32xf32>) -> tensor<4x32xf32>
  // expected-remark @+1 {{the rope has another use}}
  %1:3 = ignis.attention ins(%q, %0, %v : tensor<4x64xf32>, tensor<4x32xf32>, tensor<4x32xf32>) position(%p) outs(%e, %kc, %vc : tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>) {layer = 0 : i64} -> tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>
  return %1#0, %1#1, %1#2, %0 : tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>, tensor<4x32xf32>
}

// -----

func.func @positions(%q: tensor<4x64xf32>, %k: tensor<4x32xf32>, %v: tensor<4x32xf32>, %table: tensor<32x32xf32>, %p: index, %p2: index, %rows: index, %kc: tensor<2x1x2x32x16xf16>, %vc: tensor<2x1x32x32xf16>) -> (tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %ek = tensor.empty() : tensor<4x32xf32>
  %0 = ignis.rope ins(%k, %table : tensor<4x32xf32>, tensor<32x32xf32>) position(%p2) outs(%ek : tensor<4x32xf32>) -> tensor<4x32xf32>
  // expected-remark @+1 {{positions differ}}
  %1:3 = ignis.attention ins(%q, %0, %v : tensor<4x64xf32>, tensor<4x32xf32>, tensor<4x32xf32>) position(%p) outs(%e, %kc, %vc : tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>) {layer = 0 : i64} -> tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>
  return %1#0, %1#1, %1#2 : tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>
}

// -----

func.func @rows(%q: tensor<4x64xf32>, %k: tensor<4x32xf32>, %v: tensor<4x32xf32>, %table: tensor<32x32xf32>, %p: index, %p2: index, %rows: index, %kc: tensor<2x1x2x32x16xf16>, %vc: tensor<2x1x32x32xf16>) -> (tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %ek = tensor.empty() : tensor<4x32xf32>
  %0 = ignis.rope ins(%k, %table : tensor<4x32xf32>, tensor<32x32xf32>) position(%p) outs(%ek : tensor<4x32xf32>) rows(%rows) -> tensor<4x32xf32>
  // expected-remark @+1 {{rows in use differ}}
  %1:3 = ignis.attention ins(%q, %0, %v : tensor<4x64xf32>, tensor<4x32xf32>, tensor<4x32xf32>) position(%p) outs(%e, %kc, %vc : tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>) {layer = 0 : i64} -> tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>
  return %1#0, %1#1, %1#2 : tensor<4x64xf32>, tensor<2x1x2x32x16xf16>, tensor<2x1x32x32xf16>
}

// -----

// Heads of 32 are rotated, the cache has one of 64.
func.func @table(%q: tensor<4x64xf32>, %k: tensor<4x64xf32>, %v: tensor<4x64xf32>, %table: tensor<32x32xf32>, %p: index, %kc: tensor<2x1x2x64x16xf16>, %vc: tensor<2x1x32x64xf16>) -> (tensor<4x64xf32>, tensor<2x1x2x64x16xf16>, tensor<2x1x32x64xf16>) {
  %e = tensor.empty() : tensor<4x64xf32>
  %ek = tensor.empty() : tensor<4x64xf32>
  %0 = ignis.rope ins(%k, %table : tensor<4x64xf32>, tensor<32x32xf32>) position(%p) outs(%ek : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{the table's width is not the cache's head size}}
  %1:3 = ignis.attention ins(%q, %0, %v : tensor<4x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>) position(%p) outs(%e, %kc, %vc : tensor<4x64xf32>, tensor<2x1x2x64x16xf16>, tensor<2x1x32x64xf16>) {layer = 0 : i64} -> tensor<4x64xf32>, tensor<2x1x2x64x16xf16>, tensor<2x1x32x64xf16>
  return %1#0, %1#1, %1#2 : tensor<4x64xf32>, tensor<2x1x2x64x16xf16>, tensor<2x1x32x64xf16>
}
