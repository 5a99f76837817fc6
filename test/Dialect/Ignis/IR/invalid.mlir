// RUN: ignis-opt %s --split-input-file --verify-diagnostics
// Every message of the verifiers. The name of a function is the constraint it breaks (IgnisOps.td).

func.func @weight_c1() {
  // expected-error @+1 {{has an empty tensor name}}
  %0 = ignis.weight "" : tensor<4xf32>
  return
}

// -----

func.func @weight_c1_none() {
  // expected-error @+1 {{needs at least one tensor name}}
  %0 = "ignis.weight"() {names = []} : () -> tensor<4xf32>
  return
}

// -----

func.func @weight_c2() {
  // expected-error @+1 {{needs a static shape of rank 1 or 2}}
  %0 = ignis.weight "w" : tensor<4x4x4xf32>
  return
}

// -----

func.func @weight_c3() {
  // expected-error @+1 {{needs elements of f32, f16, bf16 or !ignis.q8_0}}
  %0 = ignis.weight "w" : tensor<4xf64>
  return
}

// -----

func.func @weight_c3_blocks() {
  // expected-error @+1 {{needs rank 2 and rows of a multiple of 32 values}}
  %0 = ignis.weight "w" : tensor<4x33x!ignis.q8_0>
  return
}

// -----

func.func @mixed(%x: tensor<1x64xf32>, %y: memref<1x64xf32>) {
  // expected-error @+1 {{mixes tensors and memrefs}}
  ignis.silu ins(%x : tensor<1x64xf32>) outs(%y : memref<1x64xf32>)
  return
}

// -----

func.func @dynamic(%x: tensor<?x64xf32>) {
  // expected-error @+1 {{needs static shapes}}
  %0 = ignis.silu ins(%x : tensor<?x64xf32>) outs(%x : tensor<?x64xf32>) -> tensor<?x64xf32>
  return
}

// -----

func.func @layout(%x: memref<1x64xf32, strided<[128, 1]>>) {
  // expected-error @+1 {{needs memrefs with identity layout}}
  ignis.silu ins(%x : memref<1x64xf32, strided<[128, 1]>>) outs(%x : memref<1x64xf32, strided<[128, 1]>>)
  return
}

// -----

func.func @embed_c1(%ids: memref<3xi32>, %t: memref<9x64xf32>, %o: memref<4x64xf32>) {
  // expected-error @+1 {{has 3 tokens but 4 rows}}
  ignis.embed ins(%ids, %t : memref<3xi32>, memref<9x64xf32>) outs(%o : memref<4x64xf32>)
  return
}

// -----

func.func @embed_c2(%ids: memref<4xi32>, %t: memref<9x32xf32>, %o: memref<4x64xf32>) {
  // expected-error @+1 {{table has width 32, expected 64, the width of out}}
  ignis.embed ins(%ids, %t : memref<4xi32>, memref<9x32xf32>) outs(%o : memref<4x64xf32>)
  return
}

// -----

func.func @last_row_c1(%x: memref<4x64xf32>, %o: memref<1x32xf32>) {
  // expected-error @+1 {{out has width 32, expected 64, the width of x}}
  ignis.last_row ins(%x : memref<4x64xf32>) outs(%o : memref<1x32xf32>)
  return
}

// -----

func.func @last_row_c2(%x: memref<4x64xf32>, %o: memref<4x64xf32>) {
  // expected-error @+1 {{out has 4 rows, expected 1}}
  ignis.last_row ins(%x : memref<4x64xf32>) outs(%o : memref<4x64xf32>)
  return
}

// -----

func.func @rms_normalize_c1(%x: memref<4x64xf32>, %o: memref<4x32xf32>) {
  // expected-error @+1 {{x and out differ in shape}}
  ignis.rms_normalize ins(%x : memref<4x64xf32>) outs(%o : memref<4x32xf32>) {eps = 1.0e-06 : f32}
  return
}

// -----

func.func @rms_normalize_c2(%x: memref<4x64xf32>) {
  // expected-error @+1 {{eps must be finite and positive}}
  ignis.rms_normalize ins(%x : memref<4x64xf32>) outs(%x : memref<4x64xf32>) {eps = 0.0 : f32}
  return
}

// -----

func.func @scale_c2(%x: memref<4x64xf32>, %w: memref<32xf32>) {
  // expected-error @+1 {{weight has width 32, expected 64, the width of x}}
  ignis.scale ins(%x, %w : memref<4x64xf32>, memref<32xf32>) outs(%x : memref<4x64xf32>)
  return
}

// -----

func.func @rms_norm_c2(%x: memref<4x64xf32>, %w: memref<32xf32>) {
  // expected-error @+1 {{weight has width 32, expected 64, the width of x}}
  ignis.rms_norm ins(%x, %w : memref<4x64xf32>, memref<32xf32>) outs(%x : memref<4x64xf32>) {eps = 1.0e-06 : f32}
  return
}

// -----

func.func @add_rms_norm_c1_rhs(%x: memref<4x64xf32>, %y: memref<4x32xf32>, %w: memref<64xf32>) {
  // expected-error @+1 {{lhs and rhs differ in shape: 'memref<4x64xf32>' against 'memref<4x32xf32>'}}
  ignis.add_rms_norm ins(%x, %y, %w : memref<4x64xf32>, memref<4x32xf32>, memref<64xf32>) outs(%x, %x : memref<4x64xf32>, memref<4x64xf32>) {eps = 1.0e-06 : f32}
  return
}

// -----

func.func @add_rms_norm_c1_sum(%x: memref<4x64xf32>, %y: memref<2x64xf32>, %w: memref<64xf32>) {
  // expected-error @+1 {{lhs and sum differ in shape}}
  ignis.add_rms_norm ins(%x, %x, %w : memref<4x64xf32>, memref<4x64xf32>, memref<64xf32>) outs(%y, %x : memref<2x64xf32>, memref<4x64xf32>) {eps = 1.0e-06 : f32}
  return
}

// -----

func.func @add_rms_norm_c1_out(%x: memref<4x64xf32>, %y: memref<2x64xf32>, %w: memref<64xf32>) {
  // expected-error @+1 {{lhs and out differ in shape}}
  ignis.add_rms_norm ins(%x, %x, %w : memref<4x64xf32>, memref<4x64xf32>, memref<64xf32>) outs(%x, %y : memref<4x64xf32>, memref<2x64xf32>) {eps = 1.0e-06 : f32}
  return
}

// -----

func.func @add_rms_norm_c2(%x: memref<4x64xf32>, %w: memref<32xf32>) {
  // expected-error @+1 {{weight has width 32, expected 64, the width of lhs}}
  ignis.add_rms_norm ins(%x, %x, %w : memref<4x64xf32>, memref<4x64xf32>, memref<32xf32>) outs(%x, %x : memref<4x64xf32>, memref<4x64xf32>) {eps = 1.0e-06 : f32}
  return
}

// -----

func.func @add_rms_norm_c3(%x: memref<4x64xf32>, %w: memref<64xf32>) {
  // expected-error @+1 {{eps must be finite and positive}}
  ignis.add_rms_norm ins(%x, %x, %w : memref<4x64xf32>, memref<4x64xf32>, memref<64xf32>) outs(%x, %x : memref<4x64xf32>, memref<4x64xf32>) {eps = -1.0e-06 : f32}
  return
}

// -----

func.func @add_rms_norm_c4(%x: memref<4x64xf32>, %w: memref<64xf32>) {
  // expected-error @+1 {{writes sum and out to one buffer, expected two}}
  ignis.add_rms_norm ins(%x, %x, %w : memref<4x64xf32>, memref<4x64xf32>, memref<64xf32>) outs(%x, %x : memref<4x64xf32>, memref<4x64xf32>) {eps = 1.0e-06 : f32}
  return
}

// -----

func.func @add_rms_norm_c5(%x: memref<4x48xf32>, %s: memref<4x48xf32>, %w: memref<48xf32>, %r: memref<4x48x!ignis.q8_act>) {
  // expected-error @+1 {{cannot write rounded rows, got an out of 'memref<4x48x!ignis.q8_act>'}}
  ignis.add_rms_norm ins(%x, %x, %w : memref<4x48xf32>, memref<4x48xf32>, memref<48xf32>) outs(%s, %r : memref<4x48xf32>, memref<4x48x!ignis.q8_act>) {eps = 1.0e-06 : f32}
  return
}

// -----

func.func @rms_norm_c4(%x: memref<4x48xf32>, %w: memref<48xf32>, %r: memref<4x48x!ignis.q8_act>) {
  // expected-error @+1 {{cannot write rounded rows, got an out of 'memref<4x48x!ignis.q8_act>'}}
  ignis.rms_norm ins(%x, %w : memref<4x48xf32>, memref<48xf32>) outs(%r : memref<4x48x!ignis.q8_act>) {eps = 1.0e-06 : f32}
  return
}

// -----

func.func @linear_swiglu_c6(%x: memref<4x64xf32>, %g: memref<64x64xf16>, %r: memref<4x64x!ignis.q8_act>) {
  // expected-error @+1 {{cannot write rounded rows, got an out of 'memref<4x64x!ignis.q8_act>'}}
  ignis.linear_swiglu ins(%x, %g, %g : memref<4x64xf32>, memref<64x64xf16>, memref<64x64xf16>) outs(%r : memref<4x64x!ignis.q8_act>)
  return
}

// -----

func.func @linear_swiglu_c6_blocks(%x: memref<4x64xf32>, %g: memref<48x64x!ignis.q8_0>, %r: memref<4x48x!ignis.q8_act>) {
  // expected-error @+1 {{cannot write rounded rows, got an out of 'memref<4x48x!ignis.q8_act>'}}
  ignis.linear_swiglu ins(%x, %g, %g : memref<4x64xf32>, memref<48x64x!ignis.q8_0>, memref<48x64x!ignis.q8_0>) outs(%r : memref<4x48x!ignis.q8_act>)
  return
}

// -----

// Three heads of 48 columns share a key/value head: 144 columns, four and a half blocks.
func.func @attend_c7(%q: memref<4x288xf32>, %kc: memref<1x2x2x48x16xf16>, %vc: memref<1x2x32x48xf16>, %p: index, %r: memref<4x288x!ignis.q8_act>) {
  // expected-error @+1 {{cannot write rounded rows, got an out of 'memref<4x288x!ignis.q8_act>'}}
  ignis.attend ins(%q, %kc, %vc : memref<4x288xf32>, memref<1x2x2x48x16xf16>, memref<1x2x32x48xf16>) position(%p) outs(%r : memref<4x288x!ignis.q8_act>) {layer = 0 : i64}
  return
}

// -----

func.func @add_rms_norm_mixed(%x: memref<4x64xf32>, %y: tensor<4x64xf32>, %w: memref<64xf32>) {
  // expected-error @+1 {{mixes tensors and memrefs}}
  ignis.add_rms_norm ins(%x, %x, %w : memref<4x64xf32>, memref<4x64xf32>, memref<64xf32>) outs(%x, %y : memref<4x64xf32>, tensor<4x64xf32>) {eps = 1.0e-06 : f32}
  return
}

// -----

func.func @add_rms_norm_dynamic(%x: memref<?x64xf32>, %w: memref<64xf32>) {
  // expected-error @+1 {{needs static shapes}}
  ignis.add_rms_norm ins(%x, %x, %w : memref<?x64xf32>, memref<?x64xf32>, memref<64xf32>) outs(%x, %x : memref<?x64xf32>, memref<?x64xf32>) {eps = 1.0e-06 : f32}
  return
}

// -----

func.func @round_c1(%x: memref<4x64xf32>, %o: memref<2x64x!ignis.q8_act>) {
  // expected-error @+1 {{x and out differ in shape}}
  ignis.round ins(%x : memref<4x64xf32>) outs(%o : memref<2x64x!ignis.q8_act>)
  return
}

// -----

func.func @round_c2(%x: memref<4x40xf32>, %o: memref<4x40x!ignis.q8_act>) {
  // expected-error @+1 {{needs a width that is a multiple of 32, got 40}}
  ignis.round ins(%x : memref<4x40xf32>) outs(%o : memref<4x40x!ignis.q8_act>)
  return
}

// -----

func.func @linear_c1(%x: memref<4x64xf32>, %w: memref<8x32xf32>, %o: memref<4x8xf32>) {
  // expected-error @+1 {{weight has width 32, expected 64, the width of x}}
  ignis.linear ins(%x, %w : memref<4x64xf32>, memref<8x32xf32>) outs(%o : memref<4x8xf32>)
  return
}

// -----

func.func @linear_c2(%x: memref<4x64xf32>, %w: memref<8x64xf32>, %o: memref<4x9xf32>) {
  // expected-error @+1 {{out has width 9, expected 8, the rows of weight}}
  ignis.linear ins(%x, %w : memref<4x64xf32>, memref<8x64xf32>) outs(%o : memref<4x9xf32>)
  return
}

// -----

func.func @linear_c3(%x: memref<4x64xf32>, %w: memref<8x64xf32>, %o: memref<4x8xf32>) {
  // expected-error @+1 {{out has 4 rows, expected 1}}
  ignis.linear ins(%x, %w : memref<4x64xf32>, memref<8x64xf32>) outs(%o : memref<4x8xf32>) {select = #ignis.select<last>}
  return
}

// -----

func.func @linear_c4(%x: memref<4x64xf32>, %w: memref<8x64xf32>, %b: memref<9xf32>, %o: memref<4x8xf32>) {
  // expected-error @+1 {{bias has width 9, expected 8, the width of out}}
  ignis.linear ins(%x, %w : memref<4x64xf32>, memref<8x64xf32>) bias(%b : memref<9xf32>) outs(%o : memref<4x8xf32>)
  return
}

// -----

func.func @linear_c5(%x: memref<4x64xf32>, %w: memref<8x64xf32>, %r: memref<4x9xf32>, %o: memref<4x8xf32>) {
  // expected-error @+1 {{residual and out differ in shape}}
  ignis.linear ins(%x, %w : memref<4x64xf32>, memref<8x64xf32>) residual(%r : memref<4x9xf32>) outs(%o : memref<4x8xf32>)
  return
}

// -----

func.func @linear_c5_last(%x: memref<4x64xf32>, %w: memref<8x64xf32>, %r: memref<1x8xf32>, %o: memref<1x8xf32>) {
  // expected-error @+1 {{cannot add a residual to the last row alone}}
  ignis.linear ins(%x, %w : memref<4x64xf32>, memref<8x64xf32>) residual(%r : memref<1x8xf32>) outs(%o : memref<1x8xf32>) {select = #ignis.select<last>}
  return
}

// -----

func.func @linear_c6(%x: memref<4x40xf32>, %w: memref<8x40x!ignis.q8_0>, %o: memref<4x8xf32>) {
  // expected-error @+1 {{needs rows of a multiple of 32 values for !ignis.q8_0, got 40}}
  ignis.linear ins(%x, %w : memref<4x40xf32>, memref<8x40x!ignis.q8_0>) outs(%o : memref<4x8xf32>)
  return
}

// -----

func.func @linear_c7(%x: memref<4x64x!ignis.q8_act>, %w: memref<8x64xf32>, %o: memref<4x8xf32>) {
  // expected-error @+1 {{has a rounded x but a weight of 'f32', expected !ignis.q8_0}}
  ignis.linear ins(%x, %w : memref<4x64x!ignis.q8_act>, memref<8x64xf32>) outs(%o : memref<4x8xf32>)
  return
}

// -----

func.func @linear_group_c1(%x: memref<4x64xf32>, %w: memref<8x64xf32>, %o: memref<4x8xf32>) {
  // expected-error @+1 {{has 1 weights, 0 biases and 1 outs}}
  ignis.linear_group ins(%x : memref<4x64xf32>) weights(%w : memref<8x64xf32>) outs(%o : memref<4x8xf32>)
  return
}

// -----

func.func @linear_group_c2(%x: memref<4x64xf32>, %w: memref<8x64xf32>, %v: memref<8x64xf16>, %o: memref<4x8xf32>) {
  // expected-error @+1 {{weights differ in element type}}
  ignis.linear_group ins(%x : memref<4x64xf32>) weights(%w, %v : memref<8x64xf32>, memref<8x64xf16>) outs(%o, %o : memref<4x8xf32>, memref<4x8xf32>)
  return
}

// -----

func.func @linear_group_c4(%x: memref<4x64xf32>, %w: memref<8x64xf32>, %o: memref<2x8xf32>) {
  // expected-error @+1 {{out has 2 rows, expected 4}}
  ignis.linear_group ins(%x : memref<4x64xf32>) weights(%w, %w : memref<8x64xf32>, memref<8x64xf32>) outs(%o, %o : memref<2x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @linear_c8_bias(%x: memref<4x64xf32>, %w: memref<8x64x!ignis.q8_0>, %b: memref<8xf16>, %o: memref<4x8xf32>) {
  // expected-error @+1 {{cannot write over its residual, which it reads later}}
  ignis.linear ins(%x, %w : memref<4x64xf32>, memref<8x64x!ignis.q8_0>) bias(%b : memref<8xf16>) residual(%o : memref<4x8xf32>) outs(%o : memref<4x8xf32>)
  return
}

// -----

func.func @linear_c8_input(%x: memref<4x64xf32>, %w: memref<64x64xf32>) {
  // expected-error @+1 {{cannot write over its residual, which it reads later}}
  ignis.linear ins(%x, %w : memref<4x64xf32>, memref<64x64xf32>) residual(%x : memref<4x64xf32>) outs(%x : memref<4x64xf32>)
  return
}

// -----

func.func @linear_swiglu_c1(%x: memref<4x64xf32>, %w: memref<8x64xf32>, %v: memref<9x64xf32>, %o: memref<4x8xf32>) {
  // expected-error @+1 {{gate and up differ in type}}
  ignis.linear_swiglu ins(%x, %w, %v : memref<4x64xf32>, memref<8x64xf32>, memref<9x64xf32>) outs(%o : memref<4x8xf32>)
  return
}

// -----

func.func @linear_swiglu_c3(%x: memref<4x64xf32>, %w: memref<8x64xf32>, %o: memref<3x8xf32>) {
  // expected-error @+1 {{out has 3 rows, expected 4}}
  ignis.linear_swiglu ins(%x, %w, %w : memref<4x64xf32>, memref<8x64xf32>, memref<8x64xf32>) outs(%o : memref<3x8xf32>)
  return
}

// -----

func.func @rope_c2(%x: memref<4x48xf32>, %t: memref<9x32xf32>, %p: index) {
  // expected-error @+1 {{x has width 48, expected a multiple of the table's width 32}}
  ignis.rope ins(%x, %t : memref<4x48xf32>, memref<9x32xf32>) position(%p) outs(%x : memref<4x48xf32>)
  return
}

// -----

func.func @rope_c3(%x: memref<4x48xf32>, %t: memref<9x24xf32>, %p: index) {
  // expected-error @+1 {{has head size 24, expected a multiple of 16 from 32 to 128}}
  ignis.rope ins(%x, %t : memref<4x48xf32>, memref<9x24xf32>) position(%p) outs(%x : memref<4x48xf32>)
  return
}

// -----

func.func @attend_c2(%q: memref<4x64xf32>, %k: memref<1x1x2x32x16xf16>, %v: memref<1x1x48x32xf16>, %p: index) {
  // expected-error @+1 {{does not match value cache}}
  ignis.attend ins(%q, %k, %v : memref<4x64xf32>, memref<1x1x2x32x16xf16>, memref<1x1x48x32xf16>) position(%p) outs(%q : memref<4x64xf32>) {layer = 0 : i64}
  return
}

// -----

func.func @attend_c3(%q: memref<4x48xf32>, %k: memref<1x1x2x32x16xf16>, %v: memref<1x1x32x32xf16>, %p: index) {
  // expected-error @+1 {{q has width 48, expected a multiple of 32}}
  ignis.attend ins(%q, %k, %v : memref<4x48xf32>, memref<1x1x2x32x16xf16>, memref<1x1x32x32xf16>) position(%p) outs(%q : memref<4x48xf32>) {layer = 0 : i64}
  return
}

// -----

func.func @attend_c4(%q: memref<4x64xf32>, %k: memref<1x1x2x32x16xf16>, %v: memref<1x1x32x32xf16>, %p: index) {
  // expected-error @+1 {{has layer 1, expected 0 to 0}}
  ignis.attend ins(%q, %k, %v : memref<4x64xf32>, memref<1x1x2x32x16xf16>, memref<1x1x32x32xf16>) position(%p) outs(%q : memref<4x64xf32>) {layer = 1 : i64}
  return
}

// -----

func.func @cache_write_c3(%k: memref<4x48xf32>, %kc: memref<1x1x2x32x16xf16>, %vc: memref<1x1x32x32xf16>, %p: index) {
  // expected-error @+1 {{k has width 48, expected 32, the cache's heads times head size}}
  ignis.cache_write ins(%k, %k : memref<4x48xf32>, memref<4x48xf32>) position(%p) outs(%kc, %vc : memref<1x1x2x32x16xf16>, memref<1x1x32x32xf16>) {layer = 0 : i64}
  return
}

// -----

func.func @rope_cache_c4(%k: memref<4x32xf32>, %t: memref<9x64xf32>, %kc: memref<1x1x2x32x16xf16>, %vc: memref<1x1x32x32xf16>, %p: index) {
  // expected-error @+1 {{table has width 64, expected 32, the cache's head size}}
  ignis.rope_cache ins(%k, %k, %t : memref<4x32xf32>, memref<4x32xf32>, memref<9x64xf32>) position(%p) outs(%kc, %vc : memref<1x1x2x32x16xf16>, memref<1x1x32x32xf16>) {layer = 0 : i64}
  return
}

// -----

func.func @attention_c5(%q: memref<4x48xf32>, %k: memref<4x32xf32>, %kc: memref<1x1x2x32x16xf16>, %vc: memref<1x1x32x32xf16>, %p: index) {
  // expected-error @+1 {{q has width 48, expected a multiple of k's width 32}}
  ignis.attention ins(%q, %k, %k : memref<4x48xf32>, memref<4x32xf32>, memref<4x32xf32>) position(%p)
    outs(%q, %kc, %vc : memref<4x48xf32>, memref<1x1x2x32x16xf16>, memref<1x1x32x32xf16>) {layer = 0 : i64}
  return
}

// -----

func.func @attention_c2(%q: memref<4x64xf32>, %k: memref<2x32xf32>, %kc: memref<1x1x2x32x16xf16>, %vc: memref<1x1x32x32xf16>, %p: index) {
  // expected-error @+1 {{q has 4 rows but k has 2}}
  ignis.attention ins(%q, %k, %k : memref<4x64xf32>, memref<2x32xf32>, memref<2x32xf32>) position(%p)
    outs(%q, %kc, %vc : memref<4x64xf32>, memref<1x1x2x32x16xf16>, memref<1x1x32x32xf16>) {layer = 0 : i64}
  return
}

// -----

func.func @rope_c4(%x: memref<4x64xf32>, %t: memref<9x32xf32>, %p: memref<3xi32>) {
  // expected-error @+1 {{has 3 positions but 4 rows}}
  ignis.rope ins(%x, %t : memref<4x64xf32>, memref<9x32xf32>) position(%p : memref<3xi32>) outs(%x : memref<4x64xf32>)
  return
}

// -----

func.func @attention_c8(%q: memref<4x64xf32>, %k: memref<4x32xf32>, %kc: memref<2x1x1x2x32x16xf16>, %vc: memref<2x1x1x32x32xf16>, %p: memref<4xi32>) {
  // expected-error @+1 {{caches of several sequences need positions and sequences of rows}}
  ignis.attention ins(%q, %k, %k : memref<4x64xf32>, memref<4x32xf32>, memref<4x32xf32>) position(%p : memref<4xi32>)
    outs(%q, %kc, %vc : memref<4x64xf32>, memref<2x1x1x2x32x16xf16>, memref<2x1x1x32x32xf16>) {layer = 0 : i64}
  return
}

// -----

func.func @attend_c3_no_heads(%q: memref<4x0xf32>, %kc: memref<1x2x2x32x16xf16>, %vc: memref<1x2x32x32xf16>, %p: index) {
  // expected-error @+1 {{q has width 0, expected a multiple of 64, the cache's heads times head size}}
  ignis.attend ins(%q, %kc, %vc : memref<4x0xf32>, memref<1x2x2x32x16xf16>, memref<1x2x32x32xf16>) position(%p) outs(%q : memref<4x0xf32>) {layer = 0 : i64}
  return
}

// -----

func.func @attend_c6(%q: memref<4x64xf32>, %kc: memref<1x1x2x32x16xf16>, %vc: memref<1x1x32x32xf16>, %p: memref<4xi32>, %s: memref<4xi32>) {
  // expected-error @+1 {{caches of one sequence take one position and no sequences of rows}}
  ignis.attend ins(%q, %kc, %vc : memref<4x64xf32>, memref<1x1x2x32x16xf16>, memref<1x1x32x32xf16>) position(%p : memref<4xi32>) sequences(%s : memref<4xi32>) outs(%q : memref<4x64xf32>) {layer = 0 : i64}
  return
}

// -----

func.func @cache_write_c6(%k: memref<4x32xf32>, %kc: memref<2x1x1x2x32x16xf16>, %vc: memref<2x1x1x32x32xf16>, %p: memref<4xi32>, %s: memref<5xi32>) {
  // expected-error @+1 {{has 5 sequences but 4 rows}}
  ignis.cache_write ins(%k, %k : memref<4x32xf32>, memref<4x32xf32>) position(%p : memref<4xi32>) sequences(%s : memref<5xi32>) outs(%kc, %vc : memref<2x1x1x2x32x16xf16>, memref<2x1x1x32x32xf16>) {layer = 0 : i64}
  return
}

// -----

func.func @rope_cache_c7(%k: memref<4x32xf32>, %t: memref<9x32xf32>, %kc: memref<2x1x1x2x32x16xf16>, %vc: memref<2x1x1x32x32xf16>, %p: index, %s: memref<4xi32>) {
  // expected-error @+1 {{caches of several sequences need positions and sequences of rows}}
  ignis.rope_cache ins(%k, %k, %t : memref<4x32xf32>, memref<4x32xf32>, memref<9x32xf32>) position(%p) sequences(%s : memref<4xi32>) outs(%kc, %vc : memref<2x1x1x2x32x16xf16>, memref<2x1x1x32x32xf16>) {layer = 0 : i64}
  return
}

// -----

func.func @add_c1(%x: memref<4x64xf32>, %y: memref<2x64xf32>) {
  // expected-error @+1 {{lhs and rhs differ in shape}}
  ignis.add ins(%x, %y : memref<4x64xf32>, memref<2x64xf32>) outs(%x : memref<4x64xf32>)
  return
}
