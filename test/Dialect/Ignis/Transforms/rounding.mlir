// RUN: ignis-opt %s --ignis-share-rounding | FileCheck %s --check-prefix=SHARE
// RUN: ignis-opt %s --ignis-share-rounding -o %t.once
// RUN: ignis-opt %t.once --ignis-share-rounding | diff %t.once -
// RUN: ignis-opt %s --ignis-bufferize-pipeline --ignis-materialize-rounding | FileCheck %s --check-prefixes=BUFFER,SHARED
// RUN: ignis-opt %s --ignis-bufferize-pipeline --ignis-materialize-rounding=share=false | FileCheck %s --check-prefixes=BUFFER,APART
// RUN: ignis-opt %s --ignis-bufferize-pipeline --ignis-materialize-rounding -o %t.once
// RUN: ignis-opt %t.once --ignis-materialize-rounding | diff %t.once -
// Two layers of weights in 8 bits read one value, one of f16 weights reads it as it is.

// SHARE-LABEL: func.func @f
// SHARE: %[[R:.*]] = ignis.round ins(%arg0
// SHARE: ignis.linear ins(%[[R]]
// SHARE: ignis.linear ins(%[[R]]
// SHARE-NOT: ignis.round
// SHARE: ignis.linear ins(%arg0
// BUFFER-LABEL: func.func @f
// BUFFER: %[[B:.*]] = memref.alloc() : memref<1x64x!ignis.q8_act>
// BUFFER: ignis.round ins(%arg0 : {{.*}}) outs(%[[B]] :
// BUFFER: ignis.linear ins(%[[B]]
// SHARED-NOT: ignis.round
// APART: ignis.round ins(%arg0
// APART-NOT: ignis.round
func.func @f(%x: tensor<1x64xf32>, %a: tensor<1x64xf32>, %b: tensor<1x64xf32>, %c: tensor<1x64xf32>)
    -> (tensor<1x64xf32>, tensor<1x64xf32>, tensor<1x64xf32>) {
  %w = ignis.weight "w" : tensor<64x64x!ignis.q8_0>
  %h = ignis.weight "h" : tensor<64x64xf16>
  %0 = ignis.linear ins(%x, %w : tensor<1x64xf32>, tensor<64x64x!ignis.q8_0>) outs(%a : tensor<1x64xf32>) -> tensor<1x64xf32>
  %1 = ignis.linear ins(%x, %w : tensor<1x64xf32>, tensor<64x64x!ignis.q8_0>) outs(%b : tensor<1x64xf32>) -> tensor<1x64xf32>
  %2 = ignis.linear ins(%x, %h : tensor<1x64xf32>, tensor<64x64xf16>) outs(%c : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %0, %1, %2 : tensor<1x64xf32>, tensor<1x64xf32>, tensor<1x64xf32>
}
