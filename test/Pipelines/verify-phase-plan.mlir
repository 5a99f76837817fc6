// RUN: ignis-opt %s --split-input-file --verify-diagnostics --ignis-verify-phase=phase=plan -o /dev/null

func.func @unplanned(%n: index {ignis.role = "rows"}) {
  // expected-error @+1 {{after phase 'plan': expected no allocation, got 'memref.alloc'}}
  %a = memref.alloc() : memref<4xf32>
  return
}

// -----

// Two buffers that are live at one time share bytes 128 to 255.
// expected-error @+1 {{after phase 'plan': the memory plan is wrong}}
func.func @overlap(%x: memref<1x64xf32> {ignis.role = "input"}, %arena: memref<512xi8> {ignis.role = "arena"}) {
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  %a = memref.view %arena[%c0][] : memref<512xi8> to memref<1x64xf32>
  %b = memref.view %arena[%c128][] : memref<512xi8> to memref<1x64xf32>
  ignis.silu ins(%x : memref<1x64xf32>) outs(%a : memref<1x64xf32>)
  ignis.silu ins(%x : memref<1x64xf32>) outs(%b : memref<1x64xf32>)
  ignis.add ins(%a, %b : memref<1x64xf32>, memref<1x64xf32>) outs(%x : memref<1x64xf32>)
  return
}

// -----

// expected-error @+1 {{after phase 'plan': the memory plan ends at byte 512, the arena has 511}}
func.func @outside(%x: memref<1x64xf32> {ignis.role = "input"}, %arena: memref<511xi8> {ignis.role = "arena"}) {
  %c256 = arith.constant 256 : index
  %a = memref.view %arena[%c256][] : memref<511xi8> to memref<1x64xf32>
  ignis.silu ins(%x : memref<1x64xf32>) outs(%a : memref<1x64xf32>)
  ignis.silu ins(%a : memref<1x64xf32>) outs(%x : memref<1x64xf32>)
  return
}

// -----

// expected-error @+1 {{after phase 'plan': a buffer has no constant offset in the arena}}
func.func @variable(%x: memref<1x64xf32> {ignis.role = "input"}, %i: index, %arena: memref<512xi8> {ignis.role = "arena"}) {
  %a = memref.view %arena[%i][] : memref<512xi8> to memref<1x64xf32>
  ignis.silu ins(%x : memref<1x64xf32>) outs(%a : memref<1x64xf32>)
  return
}
