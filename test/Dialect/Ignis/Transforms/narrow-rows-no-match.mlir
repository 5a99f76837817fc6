// RUN: ignis-opt %s --ignis-narrow-rows --split-input-file --verify-diagnostics --remarks-filter-missed=ignis --remark-format=emitRemark -o /dev/null
// RUN: ignis-opt %s --ignis-narrow-rows --split-input-file | FileCheck %s
// What keeps all rows.

// CHECK-NOT: ignis.last_row
// CHECK-NOT: tensor<1x64xf32>
func.func @other_use(%x: tensor<8x64xf32>, %e: tensor<8x64xf32>, %logits: tensor<1x100xf32>) -> (tensor<1x100xf32>, tensor<8x64xf32>) {
  %w = ignis.weight "l" : tensor<100x64xf32>
  %0 = ignis.silu ins(%x : tensor<8x64xf32>) outs(%e : tensor<8x64xf32>) -> tensor<8x64xf32>
  // expected-remark @+1 {{its input has another use, or rows that are not independent}}
  %1 = ignis.linear ins(%0, %w : tensor<8x64xf32>, tensor<100x64xf32>) outs(%logits : tensor<1x100xf32>) {select = #ignis.select<last>} -> tensor<1x100xf32>
  return %1, %0 : tensor<1x100xf32>, tensor<8x64xf32>
}

// -----

func.func @other_rows(%x: tensor<8x64xf32>, %e: tensor<8x64xf32>, %m: index, %n: index, %logits: tensor<1x100xf32>) -> tensor<1x100xf32> {
  %w = ignis.weight "l" : tensor<100x64xf32>
  %0 = ignis.silu ins(%x : tensor<8x64xf32>) outs(%e : tensor<8x64xf32>) rows(%m) -> tensor<8x64xf32>
  // expected-remark @+1 {{its input has another use, or rows that are not independent}}
  %1 = ignis.linear ins(%0, %w : tensor<8x64xf32>, tensor<100x64xf32>) outs(%logits : tensor<1x100xf32>) rows(%n) {select = #ignis.select<last>} -> tensor<1x100xf32>
  return %1 : tensor<1x100xf32>
}

// -----

// As a destination it is written over, not read.
func.func @destination(%x: tensor<8x64xf32>, %ids: tensor<8xi32>, %t: tensor<9x64xf32>, %e: tensor<8x64xf32>, %logits: tensor<1x100xf32>) -> tensor<1x100xf32> {
  %w = ignis.weight "l" : tensor<100x64xf32>
  %0 = ignis.silu ins(%x : tensor<8x64xf32>) outs(%e : tensor<8x64xf32>) -> tensor<8x64xf32>
  %1 = ignis.embed ins(%ids, %t : tensor<8xi32>, tensor<9x64xf32>) outs(%0 : tensor<8x64xf32>) -> tensor<8x64xf32>
  // expected-remark @+1 {{its input has another use, or rows that are not independent}}
  %2 = ignis.linear ins(%1, %w : tensor<8x64xf32>, tensor<100x64xf32>) outs(%logits : tensor<1x100xf32>) {select = #ignis.select<last>} -> tensor<1x100xf32>
  return %2 : tensor<1x100xf32>
}

// -----

// Rows of several sequences have positions of their own.
func.func @sequences(%q: tensor<4x64xf32>, %table: tensor<32x32xf32>, %p: tensor<4xi32>, %e: tensor<4x64xf32>, %logits: tensor<1x100xf32>) -> tensor<1x100xf32> {
  %w = ignis.weight "l" : tensor<100x64xf32>
  %0 = ignis.rope ins(%q, %table : tensor<4x64xf32>, tensor<32x32xf32>) position(%p : tensor<4xi32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  // expected-remark @+1 {{its input has another use, or rows that are not independent}}
  %1 = ignis.linear ins(%0, %w : tensor<4x64xf32>, tensor<100x64xf32>) outs(%logits : tensor<1x100xf32>) {select = #ignis.select<last>} -> tensor<1x100xf32>
  return %1 : tensor<1x100xf32>
}

// -----

func.func @rounded(%x: tensor<8x64x!ignis.q8_act>, %logits: tensor<1x100xf32>) -> tensor<1x100xf32> {
  %w = ignis.weight "l" : tensor<100x64x!ignis.q8_0>
  // expected-remark @+1 {{its input is not several rows of floats}}
  %1 = ignis.linear ins(%x, %w : tensor<8x64x!ignis.q8_act>, tensor<100x64x!ignis.q8_0>) outs(%logits : tensor<1x100xf32>) {select = #ignis.select<last>} -> tensor<1x100xf32>
  return %1 : tensor<1x100xf32>
}

// -----

func.func @one_row(%x: tensor<1x32xf32>, %e: tensor<1x32xf32>, %logits: tensor<1x100xf32>) -> tensor<1x100xf32> {
  %w = ignis.weight "l" : tensor<100x32xf32>
  %0 = ignis.silu ins(%x : tensor<1x32xf32>) outs(%e : tensor<1x32xf32>) -> tensor<1x32xf32>
  // expected-remark @+1 {{its input is not several rows of floats}}
  %1 = ignis.linear ins(%0, %w : tensor<1x32xf32>, tensor<100x32xf32>) outs(%logits : tensor<1x100xf32>) {select = #ignis.select<last>} -> tensor<1x100xf32>
  return %1 : tensor<1x100xf32>
}
