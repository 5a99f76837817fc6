// RUN: ignis-opt %s --ignis-drop-returned-arguments | FileCheck %s
// Whoever may call a function, or hand its address on, needs its results. A name in the module's attributes does not.

// CHECK: func.func @named_by_the_module(%arg0: memref<4xf32>) {
// CHECK: func.func @address_taken(%arg0: memref<4xf32>) -> memref<4xf32>
// CHECK: func.func @in_an_array(%arg0: memref<4xf32>) -> memref<4xf32>
// CHECK: func.func @by_an_op_of_ours(%arg0: memref<4xf32>) -> memref<4xf32>
// CHECK: func.func @by_itself(%arg0: memref<4xf32>) -> memref<4xf32>
module attributes {llvm.main = @named_by_the_module} {
  func.func @named_by_the_module(%x: memref<4xf32>) -> memref<4xf32> {
    return %x : memref<4xf32>
  }
  func.func @address_taken(%x: memref<4xf32>) -> memref<4xf32> {
    return %x : memref<4xf32>
  }
  func.func @in_an_array(%x: memref<4xf32>) -> memref<4xf32> {
    return %x : memref<4xf32>
  }
  func.func @by_an_op_of_ours(%x: memref<4xf32>) -> memref<4xf32> {
    return %x : memref<4xf32>
  }
  func.func @by_itself(%x: memref<4xf32>) -> memref<4xf32> {
    %0 = call @by_itself(%x) : (memref<4xf32>) -> memref<4xf32>
    return %x : memref<4xf32>
  }
  func.func @user() attributes {llvm.peers = [{one = @in_an_array}]} {
    %f = constant @address_taken : (memref<4xf32>) -> memref<4xf32>
    ignis.barrier {llvm.peer = @by_an_op_of_ours}
    return
  }
}
