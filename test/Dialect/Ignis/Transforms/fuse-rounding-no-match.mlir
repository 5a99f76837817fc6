// RUN: ignis-opt %s --ignis-fuse-rounding --split-input-file --verify-diagnostics --remarks-filter-missed=ignis --remark-format=emitRemark -o /dev/null
// RUN: ignis-opt %s --split-input-file -o %t.plain
// RUN: ignis-opt %s --split-input-file --ignis-fuse-rounding | diff %t.plain -
// Every reason why a rounding stays one.

func.func @argument(%x: memref<4x64xf32>, %w: memref<64xf32>, %y: memref<4x64xf32>) {
  %r = memref.alloc() : memref<4x64x!ignis.q8_act>
  ignis.rms_norm ins(%x, %w : memref<4x64xf32>, memref<64xf32>) outs(%y : memref<4x64xf32>) {eps = 1.0e-06 : f32}
  // expected-remark @+1 {{the rows or the rounded rows are not memory of the function that is to be planned}}
  ignis.round ins(%y : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  return
}

// -----

func.func @rounded_argument(%x: memref<4x64xf32>, %w: memref<64xf32>, %r: memref<4x64x!ignis.q8_act>) {
  %y = memref.alloc() : memref<4x64xf32>
  ignis.rms_norm ins(%x, %w : memref<4x64xf32>, memref<64xf32>) outs(%y : memref<4x64xf32>) {eps = 1.0e-06 : f32}
  // expected-remark @+1 {{the rows or the rounded rows are not memory of the function that is to be planned}}
  ignis.round ins(%y : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  return
}

// -----

func.func @planned(%x: memref<4x64xf32>, %w: memref<64xf32>, %arena: memref<1024xi8>) {
  %zero = arith.constant 0 : index
  %y = memref.view %arena[%zero][] : memref<1024xi8> to memref<4x64xf32>
  %r = memref.alloc() : memref<4x64x!ignis.q8_act>
  ignis.rms_norm ins(%x, %w : memref<4x64xf32>, memref<64xf32>) outs(%y : memref<4x64xf32>) {eps = 1.0e-06 : f32}
  // expected-remark @+1 {{the rows or the rounded rows are not memory of the function that is to be planned}}
  ignis.round ins(%y : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  return
}

// -----

func.func @unmade(%x: memref<4x64xf32>, %w: memref<64xf32>) {
  %y = memref.alloc() : memref<4x64xf32>
  %r = memref.alloc() : memref<4x64x!ignis.q8_act>
  // expected-remark @+1 {{no op of the dialect makes the rows}}
  ignis.round ins(%y : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  return
}

// -----

func.func @reader_before(%x: memref<4x64xf32>, %w: memref<64xf32>, %o: memref<4x64xf32>) {
  %y = memref.alloc() : memref<4x64xf32>
  %r = memref.alloc() : memref<4x64x!ignis.q8_act>
  ignis.rms_norm ins(%x, %w : memref<4x64xf32>, memref<64xf32>) outs(%y : memref<4x64xf32>) {eps = 1.0e-06 : f32}
  ignis.add ins(%y, %y : memref<4x64xf32>, memref<4x64xf32>) outs(%o : memref<4x64xf32>)
  // expected-remark @+1 {{the rows have another reader}}
  ignis.round ins(%y : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  return
}

// -----

func.func @reader_after(%x: memref<4x64xf32>, %w: memref<64xf32>, %o: memref<4x64xf32>) {
  %y = memref.alloc() : memref<4x64xf32>
  %r = memref.alloc() : memref<4x64x!ignis.q8_act>
  ignis.rms_norm ins(%x, %w : memref<4x64xf32>, memref<64xf32>) outs(%y : memref<4x64xf32>) {eps = 1.0e-06 : f32}
  // expected-remark @+1 {{the rows have another reader}}
  ignis.round ins(%y : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  ignis.add ins(%y, %y : memref<4x64xf32>, memref<4x64xf32>) outs(%o : memref<4x64xf32>)
  return
}

// -----

func.func @other_op(%x: memref<4x64xf32>, %w: memref<64xf32>) {
  %y = memref.alloc() : memref<4x64xf32>
  %r = memref.alloc() : memref<4x64x!ignis.q8_act>
  ignis.add ins(%x, %x : memref<4x64xf32>, memref<4x64xf32>) outs(%y : memref<4x64xf32>)
  // expected-remark @+1 {{the op that makes the rows does not round}}
  ignis.round ins(%y : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  return
}

// -----

func.func @rows_differ(%x: memref<4x64xf32>, %w: memref<64xf32>, %rows: index) {
  %y = memref.alloc() : memref<4x64xf32>
  %r = memref.alloc() : memref<4x64x!ignis.q8_act>
  ignis.rms_norm ins(%x, %w : memref<4x64xf32>, memref<64xf32>) outs(%y : memref<4x64xf32>) {eps = 1.0e-06 : f32}
  // expected-remark @+1 {{rows in use differ}}
  ignis.round ins(%y : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>) rows(%rows)
  return
}

// -----

func.func @used_before(%x: memref<4x64xf32>, %w: memref<64xf32>) {
  %y = memref.alloc() : memref<4x64xf32>
  %r = memref.alloc() : memref<4x64x!ignis.q8_act>
  // expected-remark @+1 {{the rows or the rounded rows are not memory of the function that is to be planned}}
  ignis.round ins(%x : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  ignis.rms_norm ins(%x, %w : memref<4x64xf32>, memref<64xf32>) outs(%y : memref<4x64xf32>) {eps = 1.0e-06 : f32}
  // expected-remark @+1 {{the rounded rows' buffer is used before}}
  ignis.round ins(%y : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  return
}

// -----

func.func @other_block(%x: memref<4x64xf32>, %w: memref<64xf32>, %c: i1, %o: memref<4x64xf32>) {
  %y = memref.alloc() : memref<4x64xf32>
  %r = memref.alloc() : memref<4x64x!ignis.q8_act>
  ignis.rms_norm ins(%x, %w : memref<4x64xf32>, memref<64xf32>) outs(%y : memref<4x64xf32>) {eps = 1.0e-06 : f32}
  cf.br ^next
^next:
  // expected-remark @+1 {{the rows are used through a view, by a foreign op or in another block}}
  ignis.round ins(%y : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  return
}

// -----

func.func @view(%x: memref<4x64xf32>, %w: memref<64xf32>, %o: memref<4x64xf32>) {
  %y = memref.alloc() : memref<4x64xf32>
  %r = memref.alloc() : memref<4x64x!ignis.q8_act>
  %v = memref.reinterpret_cast %y to offset: [0], sizes: [4, 64], strides: [64, 1] : memref<4x64xf32> to memref<4x64xf32>
  ignis.rms_norm ins(%x, %w : memref<4x64xf32>, memref<64xf32>) outs(%y : memref<4x64xf32>) {eps = 1.0e-06 : f32}
  // expected-remark @+1 {{the rows are used through a view, by a foreign op or in another block}}
  ignis.round ins(%y : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  ignis.add ins(%v, %v : memref<4x64xf32>, memref<4x64xf32>) outs(%o : memref<4x64xf32>)
  return
}

// -----

func.func @foreign(%x: memref<4x64xf32>, %w: memref<64xf32>) {
  %zero = arith.constant 0.0 : f32
  %y = memref.alloc() : memref<4x64xf32>
  %r = memref.alloc() : memref<4x64x!ignis.q8_act>
  ignis.rms_norm ins(%x, %w : memref<4x64xf32>, memref<64xf32>) outs(%y : memref<4x64xf32>) {eps = 1.0e-06 : f32}
  // expected-remark @+1 {{the rows are used through a view, by a foreign op or in another block}}
  ignis.round ins(%y : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  linalg.fill ins(%zero : f32) outs(%y : memref<4x64xf32>)
  return
}

// -----

func.func @partly_written(%x: memref<4x64xf32>, %w: memref<64xf32>, %n: index, %o: memref<4x64xf32>) {
  %y = memref.alloc() : memref<4x64xf32>
  %r = memref.alloc() : memref<4x64x!ignis.q8_act>
  ignis.rms_norm ins(%x, %w : memref<4x64xf32>, memref<64xf32>) outs(%y : memref<4x64xf32>) {eps = 1.0e-06 : f32}
  // expected-remark @+1 {{the rows have another reader}}
  ignis.round ins(%y : memref<4x64xf32>) outs(%r : memref<4x64x!ignis.q8_act>)
  // Leaves rows as they were.
  ignis.add ins(%x, %x : memref<4x64xf32>, memref<4x64xf32>) outs(%y : memref<4x64xf32>) rows(%n)
  ignis.add ins(%y, %y : memref<4x64xf32>, memref<4x64xf32>) outs(%o : memref<4x64xf32>)
  return
}
