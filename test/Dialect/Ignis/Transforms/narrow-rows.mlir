// RUN: ignis-opt %s --ignis-narrow-rows | FileCheck %s
// RUN: ignis-opt %s --ignis-narrow-rows -o %t.once
// RUN: ignis-opt %t.once --ignis-narrow-rows -o - | diff %t.once -
// Behind a layer of the last row, what is read of the last row alone is made for it alone.

// The keys and the input are read whole; the queries, what attends and what follows are not.
// CHECK-LABEL: func.func @prefill
// CHECK: %[[ONE:.*]] = arith.constant 1 : index
// CHECK: %[[K:.*]] = ignis.linear ins(%arg0
// CHECK: %[[X:.*]] = ignis.last_row ins(%arg0 : tensor<8x64xf32>) outs(%{{.*}} : tensor<1x64xf32>) rows(%[[ROWS:.*]]) -> tensor<1x64xf32>
// CHECK: %[[Q:.*]] = ignis.linear ins(%[[X]], %{{.*}} : tensor<1x64xf32>, tensor<64x64xf32>) outs(%{{.*}} : tensor<1x64xf32>) -> tensor<1x64xf32>
// CHECK: %[[MORE:.*]] = arith.subi %[[ROWS]], %[[ONE]] : index
// CHECK: %[[P:.*]] = arith.addi %arg3, %[[MORE]] : index
// CHECK: %[[R:.*]] = ignis.rope ins(%[[Q]], %{{.*}} : tensor<1x64xf32>, tensor<32x32xf32>) position(%[[P]]) outs(%{{.*}} : tensor<1x64xf32>) -> tensor<1x64xf32>
// CHECK: ignis.cache_write ins(%[[K]], {{.*}} position(%arg3) {{.*}} rows(%[[ROWS]])
// CHECK: %[[A:.*]] = ignis.attend ins(%[[R]], {{.*}} position(%[[P]]) outs(%{{.*}} : tensor<1x64xf32>) {layer = 0 : i64} -> tensor<1x64xf32>
// CHECK: %[[S:.*]] = ignis.linear ins(%[[A]], {{.*}} residual(%[[X]] : tensor<1x64xf32>) outs(%{{.*}} : tensor<1x64xf32>) -> tensor<1x64xf32>
// CHECK: %[[N:.*]] = ignis.rms_norm ins(%[[S]], {{.*}} outs(%{{.*}} : tensor<1x64xf32>) {eps
// CHECK: %[[G:.*]] = ignis.linear_swiglu ins(%[[N]], {{.*}} outs(%{{.*}} : tensor<1x96xf32>) -> tensor<1x96xf32>
// CHECK: %[[D:.*]] = ignis.linear ins(%[[G]], {{.*}} residual(%[[S]] : tensor<1x64xf32>)
// CHECK: ignis.linear ins(%[[D]], {{.*}} outs(%arg6 : tensor<1x100xf32>) -> tensor<1x100xf32>
func.func @prefill(%x: tensor<8x64xf32>, %rows: index, %table: tensor<32x32xf32>, %p: index,
                   %kc: tensor<1x1x2x32x16xf16>, %vc: tensor<1x1x32x32xf16>, %logits: tensor<1x100xf32>)
    -> (tensor<1x100xf32>, tensor<1x1x2x32x16xf16>, tensor<1x1x32x32xf16>) {
  %wk = ignis.weight "k" : tensor<32x64xf32>
  %wq = ignis.weight "q" : tensor<64x64xf32>
  %wo = ignis.weight "o" : tensor<64x64xf32>
  %wn = ignis.weight "n" : tensor<64xf32>
  %wg = ignis.weight "g" : tensor<96x64xf32>
  %wu = ignis.weight "u" : tensor<96x64xf32>
  %wd = ignis.weight "d" : tensor<64x96xf32>
  %wl = ignis.weight "l" : tensor<100x64xf32>
  %e32 = tensor.empty() : tensor<8x32xf32>
  %e64 = tensor.empty() : tensor<8x64xf32>
  %e96 = tensor.empty() : tensor<8x96xf32>
  %k = ignis.linear ins(%x, %wk : tensor<8x64xf32>, tensor<32x64xf32>) outs(%e32 : tensor<8x32xf32>) rows(%rows) -> tensor<8x32xf32>
  %q = ignis.linear ins(%x, %wq : tensor<8x64xf32>, tensor<64x64xf32>) outs(%e64 : tensor<8x64xf32>) rows(%rows) -> tensor<8x64xf32>
  %r = ignis.rope ins(%q, %table : tensor<8x64xf32>, tensor<32x32xf32>) position(%p) outs(%e64 : tensor<8x64xf32>) rows(%rows) -> tensor<8x64xf32>
  %c:2 = ignis.cache_write ins(%k, %k : tensor<8x32xf32>, tensor<8x32xf32>) position(%p) outs(%kc, %vc : tensor<1x1x2x32x16xf16>, tensor<1x1x32x32xf16>) rows(%rows) {layer = 0 : i64} -> tensor<1x1x2x32x16xf16>, tensor<1x1x32x32xf16>
  %a = ignis.attend ins(%r, %c#0, %c#1 : tensor<8x64xf32>, tensor<1x1x2x32x16xf16>, tensor<1x1x32x32xf16>) position(%p) outs(%e64 : tensor<8x64xf32>) rows(%rows) {layer = 0 : i64} -> tensor<8x64xf32>
  %s = ignis.linear ins(%a, %wo : tensor<8x64xf32>, tensor<64x64xf32>) residual(%x : tensor<8x64xf32>) outs(%e64 : tensor<8x64xf32>) rows(%rows) -> tensor<8x64xf32>
  %n = ignis.rms_norm ins(%s, %wn : tensor<8x64xf32>, tensor<64xf32>) outs(%e64 : tensor<8x64xf32>) rows(%rows) {eps = 1.0e-06 : f32} -> tensor<8x64xf32>
  %g = ignis.linear_swiglu ins(%n, %wg, %wu : tensor<8x64xf32>, tensor<96x64xf32>, tensor<96x64xf32>) outs(%e96 : tensor<8x96xf32>) rows(%rows) -> tensor<8x96xf32>
  %d = ignis.linear ins(%g, %wd : tensor<8x96xf32>, tensor<64x96xf32>) residual(%s : tensor<8x64xf32>) outs(%e64 : tensor<8x64xf32>) rows(%rows) -> tensor<8x64xf32>
  %l = ignis.linear ins(%d, %wl : tensor<8x64xf32>, tensor<100x64xf32>) outs(%logits : tensor<1x100xf32>) rows(%rows) {select = #ignis.select<last>} -> tensor<1x100xf32>
  return %l, %c#0, %c#1 : tensor<1x100xf32>, tensor<1x1x2x32x16xf16>, tensor<1x1x32x32xf16>
}

// All rows are in use: the last one is the last of the tensor. An op with two results is made anew if both are read so;
// a value that two ops read is made once.
// CHECK-LABEL: func.func @whole
// CHECK: %[[TWO:.*]] = arith.constant 2 : index
// CHECK: %[[P:.*]] = ignis.last_row ins(%arg0 : tensor<3x64xf32>) outs(%{{.*}} : tensor<1x64xf32>) -> tensor<1x64xf32>
// CHECK-NOT: ignis.last_row ins(%arg0
// CHECK: ignis.last_row ins(%arg1 : tensor<3x64xf32>)
// CHECK: %[[B:.*]]:2 = ignis.add_rms_norm ins(%[[P]], {{.*}} -> tensor<1x64xf32>, tensor<1x64xf32>
// CHECK: %[[M:.*]] = ignis.mul ins(%[[B]]#0, %[[B]]#1 : tensor<1x64xf32>
// CHECK: %[[S:.*]] = ignis.add ins(%[[M]], %[[P]]
// CHECK: %[[AT:.*]] = arith.addi %arg3, %[[TWO]] : index
// CHECK: ignis.rope ins(%[[S]], {{.*}} position(%[[AT]])
// CHECK-NOT: tensor<3x64xf32>
// CHECK: return
func.func @whole(%x: tensor<3x64xf32>, %y: tensor<3x64xf32>, %table: tensor<32x32xf32>, %p: index, %logits: tensor<1x100xf32>) -> tensor<1x100xf32> {
  %wn = ignis.weight "n" : tensor<64xf32>
  %wl = ignis.weight "l" : tensor<100x64xf32>
  %e = tensor.empty() : tensor<3x64xf32>
  %b:2 = ignis.add_rms_norm ins(%x, %y, %wn : tensor<3x64xf32>, tensor<3x64xf32>, tensor<64xf32>) outs(%e, %e : tensor<3x64xf32>, tensor<3x64xf32>) {eps = 1.0e-06 : f32} -> tensor<3x64xf32>, tensor<3x64xf32>
  %m = ignis.mul ins(%b#0, %b#1 : tensor<3x64xf32>, tensor<3x64xf32>) outs(%e : tensor<3x64xf32>) -> tensor<3x64xf32>
  %s = ignis.add ins(%m, %x : tensor<3x64xf32>, tensor<3x64xf32>) outs(%e : tensor<3x64xf32>) -> tensor<3x64xf32>
  %r = ignis.rope ins(%s, %table : tensor<3x64xf32>, tensor<32x32xf32>) position(%p) outs(%e : tensor<3x64xf32>) -> tensor<3x64xf32>
  %l = ignis.linear ins(%r, %wl : tensor<3x64xf32>, tensor<100x64xf32>) outs(%logits : tensor<1x100xf32>) {select = #ignis.select<last>} -> tensor<1x100xf32>
  return %l : tensor<1x100xf32>
}

// Of a group's layers, the one that is read of its last row leaves; the others stay together.
// CHECK-LABEL: func.func @group
// CHECK: %[[Q:.*]] = ignis.linear ins(%arg0, %{{.*}} : tensor<8x64xf32>, tensor<64x64xf32>) bias(%{{.*}} : tensor<64xf32>) outs(%{{.*}} : tensor<1x64xf32>) rows(%arg1) {select = #ignis.select<last>} -> tensor<1x64xf32>
// CHECK: %[[KV:.*]]:2 = ignis.linear_group ins(%arg0 : tensor<8x64xf32>) weights(%{{.*}}, %{{.*}} : tensor<32x64xf32>, tensor<32x64xf32>) biases(%{{.*}}, %{{.*}} : tensor<32xf32>, tensor<32xf32>) outs({{.*}}) rows(%arg1)
// CHECK-NOT: ignis.last_row
// CHECK: ignis.silu ins(%[[Q]] : tensor<1x64xf32>)
// CHECK: return %{{.*}}, %[[KV]]#0, %[[KV]]#1
func.func @group(%x: tensor<8x64xf32>, %rows: index, %logits: tensor<1x100xf32>) -> (tensor<1x100xf32>, tensor<8x32xf32>, tensor<8x32xf32>) {
  %wq = ignis.weight "q" : tensor<64x64xf32>
  %wk = ignis.weight "k" : tensor<32x64xf32>
  %wv = ignis.weight "v" : tensor<32x64xf32>
  %bq = ignis.weight "bq" : tensor<64xf32>
  %bk = ignis.weight "bk" : tensor<32xf32>
  %bv = ignis.weight "bv" : tensor<32xf32>
  %wl = ignis.weight "l" : tensor<100x64xf32>
  %e32 = tensor.empty() : tensor<8x32xf32>
  %e64 = tensor.empty() : tensor<8x64xf32>
  %g:3 = ignis.linear_group ins(%x : tensor<8x64xf32>) weights(%wk, %wq, %wv : tensor<32x64xf32>, tensor<64x64xf32>, tensor<32x64xf32>)
      biases(%bk, %bq, %bv : tensor<32xf32>, tensor<64xf32>, tensor<32xf32>) outs(%e32, %e64, %e32 : tensor<8x32xf32>, tensor<8x64xf32>, tensor<8x32xf32>) rows(%rows)
      -> tensor<8x32xf32>, tensor<8x64xf32>, tensor<8x32xf32>
  %s = ignis.silu ins(%g#1 : tensor<8x64xf32>) outs(%e64 : tensor<8x64xf32>) rows(%rows) -> tensor<8x64xf32>
  %l = ignis.linear ins(%s, %wl : tensor<8x64xf32>, tensor<100x64xf32>) outs(%logits : tensor<1x100xf32>) rows(%rows) {select = #ignis.select<last>} -> tensor<1x100xf32>
  return %l, %g#0, %g#2 : tensor<1x100xf32>, tensor<8x32xf32>, tensor<8x32xf32>
}

// One layer that is left alone is no group.
// CHECK-LABEL: func.func @pair
// CHECK: %[[Q:.*]] = ignis.linear ins(%arg0, {{.*}} outs(%{{.*}} : tensor<1x64xf32>) {select = #ignis.select<last>} -> tensor<1x64xf32>
// CHECK: %[[K:.*]] = ignis.linear ins(%arg0, %{{.*}} : tensor<8x64xf32>, tensor<32x64xf32>) outs(%{{.*}} : tensor<8x32xf32>) -> tensor<8x32xf32>
// CHECK-NOT: ignis.linear_group
// CHECK: return %{{.*}}, %[[K]]
func.func @pair(%x: tensor<8x64xf32>, %logits: tensor<1x100xf32>) -> (tensor<1x100xf32>, tensor<8x32xf32>) {
  %wq = ignis.weight "q" : tensor<64x64xf32>
  %wk = ignis.weight "k" : tensor<32x64xf32>
  %wl = ignis.weight "l" : tensor<100x64xf32>
  %e32 = tensor.empty() : tensor<8x32xf32>
  %e64 = tensor.empty() : tensor<8x64xf32>
  %g:2 = ignis.linear_group ins(%x : tensor<8x64xf32>) weights(%wq, %wk : tensor<64x64xf32>, tensor<32x64xf32>) outs(%e64, %e32 : tensor<8x64xf32>, tensor<8x32xf32>)
      -> tensor<8x64xf32>, tensor<8x32xf32>
  %s = ignis.silu ins(%g#0 : tensor<8x64xf32>) outs(%e64 : tensor<8x64xf32>) -> tensor<8x64xf32>
  %l = ignis.linear ins(%s, %wl : tensor<8x64xf32>, tensor<100x64xf32>) outs(%logits : tensor<1x100xf32>) {select = #ignis.select<last>} -> tensor<1x100xf32>
  return %l, %g#1 : tensor<1x100xf32>, tensor<8x32xf32>
}

// What writes over a result, or copies its row into something that is not the copy's alone, is no reader: the group stays.
// CHECK-LABEL: func.func @destination
// CHECK: %[[G:.*]]:2 = ignis.linear_group
// CHECK: ignis.last_row ins(%arg0 : tensor<4x64xf32>) outs(%[[G]]#0 : tensor<1x64xf32>)
// CHECK-LABEL: func.func @given
// CHECK: %[[G:.*]]:2 = ignis.linear_group
// CHECK: ignis.last_row ins(%[[G]]#0 : tensor<4x64xf32>) outs(%arg1 : tensor<1x64xf32>)
func.func @destination(%y: tensor<4x64xf32>, %x: tensor<1x64xf32>) -> (tensor<1x64xf32>, tensor<1x64xf32>) {
  %w = ignis.weight "w" : tensor<64x64xf32>
  %e = tensor.empty() : tensor<1x64xf32>
  %f = tensor.empty() : tensor<1x64xf32>
  %g:2 = ignis.linear_group ins(%x : tensor<1x64xf32>) weights(%w, %w : tensor<64x64xf32>, tensor<64x64xf32>) outs(%e, %f : tensor<1x64xf32>, tensor<1x64xf32>)
      -> tensor<1x64xf32>, tensor<1x64xf32>
  %a = ignis.last_row ins(%y : tensor<4x64xf32>) outs(%g#0 : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %a, %g#1 : tensor<1x64xf32>, tensor<1x64xf32>
}
func.func @given(%x: tensor<4x64xf32>, %out: tensor<1x64xf32>) -> (tensor<1x64xf32>, tensor<4x64xf32>) {
  %w = ignis.weight "w" : tensor<64x64xf32>
  %e = tensor.empty() : tensor<4x64xf32>
  %f = tensor.empty() : tensor<4x64xf32>
  %g:2 = ignis.linear_group ins(%x : tensor<4x64xf32>) weights(%w, %w : tensor<64x64xf32>, tensor<64x64xf32>) outs(%e, %f : tensor<4x64xf32>, tensor<4x64xf32>)
      -> tensor<4x64xf32>, tensor<4x64xf32>
  %a = ignis.last_row ins(%g#0 : tensor<4x64xf32>) outs(%out : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %a, %g#1 : tensor<1x64xf32>, tensor<4x64xf32>
}
