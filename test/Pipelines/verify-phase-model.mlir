// RUN: ignis-opt %s --split-input-file --verify-diagnostics --ignis-verify-phase='phase=bufferize model=%model' -o /dev/null
// RUN: not ignis-opt %s --split-input-file --ignis-verify-phase='phase=bufferize model=%t.absent' -o /dev/null 2>&1 | FileCheck %s --check-prefix=ABSENT
// RUN: not ignis-opt %s --split-input-file --ignis-verify-phase='phase=bufferize model=%s' -o /dev/null 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: ignis-run %model --emit=import --ctx=64 -o %t.import
// RUN: ignis-opt %t.import --ignis-verify-phase='phase=import model=%model' --ignis-fuse-pipeline --ignis-optimize-pipeline --ignis-bufferize-pipeline --ignis-verify-phase='phase=bufferize model=%model' -o /dev/null
// A module against the file that it is for: the shipped model, 24 layers, 2 key/value heads of 64.
// ABSENT: error: {{.*}}absent: cannot open: no such file or directory
// NONE: error: {{.*}}verify-phase-model.mlir: offset 0x0: magic: expected 'GGUF'

// How many layers and positions there are is the module's own affair.
func.func @decode(%x: memref<1x256xf32> {ignis.role = "input"}, %t: memref<32x64xf32> {ignis.role = "rope_table", ignis.rope_base = 5.0e+05 : f32},
                  %k: memref<3x2x2x64x16xf16> {ignis.role = "k_cache"}, %v: memref<3x2x32x64xf16> {ignis.role = "v_cache"},
                  %l: memref<1x8192xf32> {ignis.role = "logits"}) {
  %g = ignis.weight "blk.3.ffn_gate.weight" : memref<704x256x!ignis.q8_0>
  %kv = ignis.weight "blk.3.attn_k.weight", "blk.3.attn_v.weight" : memref<256x256x!ignis.q8_0>
  %n = ignis.weight "output_norm.weight" : memref<256xf32>
  return
}

// -----

func.func @name() {
  // expected-error @+1 {{wants tensor 'blk.24.ffn_up.weight', which is not in}}
  %w = ignis.weight "blk.24.ffn_up.weight" : memref<704x256x!ignis.q8_0>
  return
}

// -----

func.func @type() {
  // expected-error @+1 {{expects elements of 'f16', tensor 'blk.3.ffn_up.weight' has Q8_0}}
  %w = ignis.weight "blk.3.ffn_up.weight" : memref<704x256xf16>
  return
}

// -----

func.func @width() {
  // expected-error @+1 {{expects rows of 704 values, tensor 'blk.3.ffn_up.weight' has 256}}
  %w = ignis.weight "blk.3.ffn_up.weight" : memref<256x704x!ignis.q8_0>
  return
}

// -----

func.func @rows() {
  // expected-error @+1 {{expects 1407 rows, the file has 1408 of that name}}
  %w = ignis.weight "blk.3.ffn_gate.weight", "blk.3.ffn_up.weight" : memref<1407x256x!ignis.q8_0>
  return
}

// -----

// A matrix is no vector.
func.func @rank() {
  // expected-error @+1 {{expects elements of 'f32', tensor 'blk.3.ffn_up.weight' has Q8_0}}
  %w = ignis.weight "blk.3.ffn_up.weight" : memref<256xf32>
  return
}

// -----

// expected-error @+1 {{argument 0 with the role "input" has width 128, expected 256, the model's}}
func.func @decode(%x: memref<1x128xf32> {ignis.role = "input"}) { return }

// -----

// expected-error @+1 {{argument 0 with the role "embedded" has width 128, expected 256, the model's}}
func.func @embed(%x: memref<1x128xf32> {ignis.role = "embedded"}) { return }

// -----

// expected-error @+1 {{argument 0 with the role "logits" has width 8191, expected 8192, the model's}}
func.func @decode(%x: memref<1x8191xf32> {ignis.role = "logits"}) { return }

// -----

// expected-error @+1 {{argument 0 with the role "rope_table" has width 32, expected 64, the model's}}
func.func @decode(%x: memref<16x32xf32> {ignis.role = "rope_table"}) { return }

// -----

// expected-error @+1 {{argument 0 with the role "k_cache" has heads 4, expected 2, the model's}}
func.func @decode(%x: memref<24x4x2x64x16xf16> {ignis.role = "k_cache"}) { return }

// -----

// expected-error @+1 {{argument 0 with the role "k_cache" has head size 32, expected 64, the model's}}
func.func @batch(%x: memref<7x24x2x2x32x16xf16> {ignis.role = "k_cache"}) { return }

// -----

// expected-error @+1 {{argument 0 with the role "v_cache" has heads 1, expected 2, the model's}}
func.func @batch(%x: memref<7x24x1x32x64xf16> {ignis.role = "v_cache"}) { return }
