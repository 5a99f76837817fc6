// RUN: ignis-opt %s --split-input-file --ignis-plan-memory --verify-diagnostics

func.func @escapes() -> memref<4xf32> {
  %a = memref.alloc() : memref<4xf32>
  // expected-error @+1 {{a buffer escapes through 'func.return'}}
  return %a : memref<4xf32>
}

// -----

func.func private @g(memref<4xf32>)
func.func @called() {
  %a = memref.alloc() : memref<4xf32>
  // expected-error @+1 {{a buffer is passed to a call}}
  call @g(%a) : (memref<4xf32>) -> ()
  return
}

// -----

func.func @dynamic(%n: index) {
  // expected-error @+1 {{a buffer has no static size}}
  %a = memref.alloc(%n) : memref<?xf32>
  return
}

// -----

func.func @merged(%c: i1) {
  %v = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %a = memref.alloc() : memref<4xf32>
  %b = memref.alloc() : memref<4xf32>
  // expected-error @+1 {{'arith.select' may merge buffers}}
  %s = arith.select %c, %a, %b : memref<4xf32>
  memref.store %v, %s[%c0] : memref<4xf32>
  return
}
