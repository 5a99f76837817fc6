// RUN: ignis-opt %s --split-input-file --verify-diagnostics --ignis-verify-phase=phase=bufferize -o /dev/null
// Entry points are called in turn on the same caches, tables and weights: they have to agree.

// What they do agree on; caches of several sequences have one more dimension, and arguments may be missing.
func.func @embed(%t: memref<4xi32> {ignis.role = "tokens"}, %n: index {ignis.role = "rows"}, %e: memref<4x64xf32> {ignis.role = "embedded"}) { return }
func.func @decode(%x: memref<1x64xf32> {ignis.role = "input"}, %p: index {ignis.role = "position"}, %k: memref<2x1x2x32x16xf16> {ignis.role = "k_cache"},
                  %v: memref<2x1x32x32xf16> {ignis.role = "v_cache"}, %l: memref<1x99xf32> {ignis.role = "logits"}) {
  %a = ignis.weight "a" : memref<8x64xf16>
  %b = ignis.weight "b" : memref<4x64xf16>
  %ab = ignis.weight "a", "b" : memref<12x64xf16>
  %ac = ignis.weight "a", "never alone" : memref<99x64xf16>
  return
}
func.func @batch(%x: memref<3x64xf32> {ignis.role = "input"}, %p: memref<3xi32> {ignis.role = "positions"}, %s: memref<3xi32> {ignis.role = "sequences"},
                 %n: index {ignis.role = "rows"}, %k: memref<3x2x1x2x32x16xf16> {ignis.role = "k_cache"}, %v: memref<3x2x1x32x32xf16> {ignis.role = "v_cache"},
                 %l: memref<3x99xf32> {ignis.role = "logits"}) { return }
// Functions that are no entry points may do as they like.
func.func @other(%x: memref<1x32xf32>) { return }

// -----

func.func @embed(%e: memref<4x32xf32> {ignis.role = "embedded"}) { return }
// expected-error @+1 {{after phase 'bufferize': argument 0 with the role "input" is 'memref<1x64xf32>', which does not fit 'memref<4x32xf32>' of entry 'embed'}}
func.func @decode(%x: memref<1x64xf32> {ignis.role = "input"}) { return }

// -----

func.func @decode(%l: memref<1x99xf32> {ignis.role = "logits"}) { return }
// expected-error @+1 {{argument 0 with the role "logits" is 'memref<4x98xf32>', which does not fit 'memref<1x99xf32>' of entry 'decode'}}
func.func @score(%l: memref<4x98xf32> {ignis.role = "logits"}) { return }

// -----

func.func @decode(%k: memref<2x1x2x32x16xf16> {ignis.role = "k_cache"}) { return }
// expected-error @+1 {{argument 0 with the role "k_cache" is 'memref<2x1x4x32x16xf16>', which does not fit}}
func.func @prefill(%k: memref<2x1x4x32x16xf16> {ignis.role = "k_cache"}) { return }

// -----

func.func @decode(%v: memref<2x1x32x32xf16> {ignis.role = "v_cache"}) { return }
// expected-error @+1 {{argument 0 with the role "v_cache" is 'memref<3x2x1x32x32xf32>', which does not fit}}
func.func @batch(%v: memref<3x2x1x32x32xf32> {ignis.role = "v_cache"}) { return }

// -----

func.func @decode(%t: memref<32x64xf32> {ignis.role = "rope_table", ignis.rope_base = 1.0e+06 : f32}) { return }
// expected-error @+1 {{argument 0 with the role "rope_table" is 'memref<32x64xf32>', which does not fit 'memref<32x64xf32>' of entry 'decode', or their bases differ}}
func.func @prefill(%t: memref<32x64xf32> {ignis.role = "rope_table", ignis.rope_base = 1.0e+04 : f32}) { return }

// -----

func.func @decode(%x: memref<1x64xf32> {ignis.role = "input"}, %p: index {ignis.role = "position"}, %l: memref<1x99xf32> {ignis.role = "logits"}) { return }
// expected-error @+1 {{the argument with the role 'logits' stands before 'position', behind it in entry 'decode'}}
func.func @score(%x: memref<4x64xf32> {ignis.role = "input"}, %l: memref<4x99xf32> {ignis.role = "logits"}, %n: index {ignis.role = "rows"}, %p: index {ignis.role = "position"}) { return }

// -----

func.func @weights() {
  %0 = ignis.weight "w" : memref<64xf32>
  // expected-error @+1 {{weight 'w' has type 'memref<64xf16>' here and 'memref<64xf32>' before}}
  %1 = ignis.weight "w" : memref<64xf16>
  return
}

// -----

func.func @too_many_rows() {
  // expected-error @+1 {{its tensors have 12 rows by themselves, here 13}}
  %ab = ignis.weight "a", "b" : memref<13x64xf16>
  %a = ignis.weight "a" : memref<8x64xf16>
  %b = ignis.weight "b" : memref<4x64xf16>
  return
}

// -----

func.func @not_below() {
  %a = ignis.weight "a" : memref<8x64xf16>
  %b = ignis.weight "b" : memref<4x32xf16>
  // expected-error @+1 {{weight 'b' has type 'memref<4x32xf16>' by itself and cannot be part of 'memref<12x64xf16>'}}
  %ab = ignis.weight "a", "b" : memref<12x64xf16>
  return
}
