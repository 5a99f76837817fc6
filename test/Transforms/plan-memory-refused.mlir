// RUN: ignis-opt %s --split-input-file --ignis-plan-memory --verify-diagnostics
// Each reason to refuse a function, at the op that is the reason.

func.func @escapes() -> memref<4xf32> {
  // expected-note @+1 {{the buffer}}
  %a = memref.alloc() : memref<4xf32>
  // expected-error @+1 {{cannot plan a buffer: it escapes through 'func.return'; let the caller pass the memory (--buffer-results-to-out-params)}}
  return %a : memref<4xf32>
}

// -----

func.func private @g(memref<4xf32>)
func.func @called() {
  // expected-note @+1 {{the buffer}}
  %a = memref.alloc() : memref<4xf32>
  // expected-error @+1 {{it is passed to a call; inline the callee, or mark the call ignis.borrows if it neither keeps nor returns the buffer}}
  call @g(%a) : (memref<4xf32>) -> ()
  return
}

// -----

func.func @dynamic(%n: index) {
  // expected-error @+1 {{cannot plan a buffer: it has no static size}}
  %a = memref.alloc(%n) : memref<?xf32>
  return
}

// -----

func.func @out_of_range() {
  // expected-error @+1 {{cannot plan a buffer: its element type has no known size, or its size is 2^63 bytes or more}}
  %a = memref.alloc() : memref<4611686018427387904x4xf32>
  return
}

// -----

// expected-error @+1 {{size 9223372036854775807 with alignment 64 takes the sum of all buffers out of range, expected at most 2^61 bytes}}
func.func @nearly_out_of_range() {
  %a = memref.alloc() : memref<9223372036854775807xi8>
  return
}

// -----

func.func @layout() {
  // expected-error @+1 {{it has a layout map; run --normalize-memrefs before}}
  %a = memref.alloc() : memref<4x4xf32, affine_map<(i, j) -> (j, i)>>
  return
}

// -----

func.func @space() {
  // expected-error @+1 {{it is in a memory space of its own}}
  %a = memref.alloc() : memref<4xf32, 3>
  return
}

// -----

func.func @stored(%table: memref<2xmemref<4xf32>>) {
  %c0 = arith.constant 0 : index
  // expected-note @+1 {{the buffer}}
  %a = memref.alloc() : memref<4xf32>
  // expected-error @+1 {{'memref.store' may keep its address}}
  memref.store %a, %table[%c0] : memref<2xmemref<4xf32>>
  return
}

// -----

func.func @pointer() -> index {
  // expected-note @+1 {{the buffer}}
  %a = memref.alloc() : memref<4xf32>
  // expected-error @+1 {{'memref.extract_aligned_pointer_as_index' may keep its address}}
  %p = memref.extract_aligned_pointer_as_index %a : memref<4xf32> -> index
  return %p : index
}

// -----

func.func @unknown_name() {
  // expected-note @+1 {{the buffer}}
  %a = memref.alloc() : memref<4xf32>
  // expected-error @+1 {{'builtin.unrealized_conversion_cast' may make another name for it that cannot be followed}}
  %b = builtin.unrealized_conversion_cast %a : memref<4xf32> to memref<2xf64>
  return
}

// -----

func.func @grows() {
  // expected-note @+1 {{the buffer}}
  %a = memref.alloc() : memref<4xf32>
  // expected-error @+1 {{it is given to 'memref.realloc'; run --expand-realloc before}}
  %b = memref.realloc %a : memref<4xf32> to memref<8xf32>
  return
}

// -----

// The first round's buffer is read while the second one's is written.
func.func @carried(%x: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %v = arith.constant 1.0 : f32
  %last = scf.for %i = %c0 to %c9 step %c1 iter_args(%old = %x) -> (memref<4xf32>) {
    // expected-error @+1 {{it is carried from one run of a region of 'scf.for' to the next, which allocates it again; allocate it outside}}
    %new = memref.alloc() : memref<4xf32>
    memref.copy %old, %new : memref<4xf32> to memref<4xf32>
    scf.yield %new : memref<4xf32>
  }
  memref.store %v, %last[%c0] : memref<4xf32>
  return
}

// -----

func.func @affine_parallel(%x: f32) {
  affine.parallel (%i) = (0) to (8) {
    // expected-error @+1 {{it is allocated in parallel by 'affine.parallel'; allocate it outside}}
    %a = memref.alloc() : memref<8xf32>
    affine.store %x, %a[%i] : memref<8xf32>
  }
  return
}

// -----

func.func @forall(%x: f32) {
  scf.forall (%i) in (8) {
    // expected-error @+1 {{it is allocated in parallel by 'scf.forall'; allocate it outside}}
    %a = memref.alloc() : memref<8xf32>
    memref.store %x, %a[%i] : memref<8xf32>
  }
  return
}

// -----

func.func @parallel() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %v = arith.constant 1.0 : f32
  scf.parallel (%i) = (%c0) to (%c9) step (%c1) {
    // expected-error @+1 {{it is allocated in parallel by 'scf.parallel'; allocate it outside}}
    %a = memref.alloc() : memref<4xf32>
    memref.store %v, %a[%c0] : memref<4xf32>
  }
  return
}

// -----

func.func @blocks(%x: memref<4xf32>, %c: i1) {
  %c0 = arith.constant 0 : index
  cf.br ^loop(%x : memref<4xf32>)
^loop(%old: memref<4xf32>):
  // expected-error @+1 {{it may be carried around a cycle of blocks while it is allocated again; allocate it before the cycle}}
  %new = memref.alloc() : memref<4xf32>
  memref.copy %old, %new : memref<4xf32> to memref<4xf32>
  cf.cond_br %c, ^loop(%new : memref<4xf32>), ^done
^done:
  return
}

// -----

func.func @asynchronous() {
  %c0 = arith.constant 0 : index
  %v = arith.constant 1.0 : f32
  // expected-note @+1 {{the buffer}}
  %a = memref.alloc() : memref<4xf32>
  %token = async.execute {
    // expected-error @+1 {{it is used in a region of 'async.execute', and when that runs is not known; plan before this op is made}}
    memref.store %v, %a[%c0] : memref<4xf32>
    async.yield
  }
  async.await %token : !async.token
  return
}

// -----

func.func @asynchronous_allocation() {
  %token = async.execute {
    // expected-error @+1 {{it is allocated in a region of 'async.execute', and how often that runs is not known; allocate it outside}}
    %a = memref.alloc() : memref<4xf32>
    async.yield
  }
  async.await %token : !async.token
  return
}

// -----

func.func @mixed(%x: memref<4xf32>, %c: i1) {
  // expected-note @+1 {{the buffer}}
  %a = memref.alloc() : memref<4xf32>
  %s = arith.select %c, %a, %x : memref<4xf32>
  // expected-error @+1 {{it is freed where something else may be freed instead}}
  memref.dealloc %s : memref<4xf32>
  return
}
