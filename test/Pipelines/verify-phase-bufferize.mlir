// RUN: ignis-opt %s --split-input-file --verify-diagnostics --ignis-verify-phase=phase=bufferize -o /dev/null

// expected-error @+1 {{after phase 'bufferize': expected no tensor in 'func.func'}}
func.func @tensor(%x: tensor<1x64xf32>) { return }

// -----

func.func @dynamic(%n: index {ignis.role = "rows"}) {
  // expected-error @+1 {{after phase 'bufferize': expected a static size, got 'memref<?xf32>'}}
  %a = memref.alloc(%n) : memref<?xf32>
  return
}

// -----

func.func @nested(%c: i1, %n: index {ignis.role = "rows"}) {
  scf.if %c {
    // expected-error @+1 {{after phase 'bufferize': expected allocations in the entry block alone}}
    %a = memref.alloc() : memref<4xf32>
  }
  return
}

// -----

// Functions without roles may do as they like.
func.func @other(%n: index) {
  %a = memref.alloc(%n) : memref<?xf32>
  return
}
