// RUN: not ignis-opt %s --ignis-fuse-linear-swiglu 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not ignis-opt %s --one-shot-bufferize=bufferize-function-boundaries --ignis-fuse-swiglu 2>&1 | FileCheck %s --check-prefix=INVALIDATED
// RUN: not ignis-opt %s --pass-pipeline='builtin.module(func.func(ignis-plan-memory))' 2>&1 | FileCheck %s --check-prefix=NESTED
// RUN: ignis-opt %s --ignis-fuse-swiglu --ignis-fuse-linear-swiglu --ignis-verify-contracts | FileCheck %s --check-prefix=LEGAL
// RUN: not ignis-opt %s --ignis-fuse-swiglu --ignis-fuse-linear-swiglu --ignis-forget-established=ignis-fuse-swiglu:swiglu 2>&1 | FileCheck %s --check-prefix=MISSING2
// RUN: not ignis-opt --ignis-forget-established=ignis-fuse-swiglu:planned %s 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not ignis-opt --ignis-list-passes=yaml 2>&1 | FileCheck %s --check-prefix=FORMAT
// A pipeline in an illegal order is refused before it runs, with the pass that would help.

// MISSING: error: illegal pass order: 'ignis-fuse-linear-swiglu' (pass 1) requires 'swiglu' (no product of a silu is left that could be a swiglu), which 'ignis.mul' in the input contradicts; put 'ignis-fuse-swiglu' before it
// MISSING: note: this op
// MISSING2: 'ignis-fuse-linear-swiglu' (pass 2) requires 'swiglu'
// MISSING2-SAME: no pass establishes it
// INVALIDATED: 'ignis-fuse-swiglu' (pass 2) requires 'tensors' (the ops of the dialect work on tensors), which 'one-shot-bufferize' before it invalidates; put it before 'one-shot-bufferize'
// NESTED: 'ignis-plan-memory' (pass 1) requires 'buffers' (no value is a tensor), which 'func.func' in the input contradicts; put 'ignis-bufferize' or 'one-shot-bufferize' before it
// LEGAL: ignis.swiglu
// UNKNOWN: ignis-opt: 'ignis-fuse-swiglu' does not establish 'planned'
// FORMAT: ignis-opt: --ignis-list-passes is 'yaml', expected json or text
func.func @f(%x: tensor<1x64xf32>, %y: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %e = tensor.empty() : tensor<1x64xf32>
  %0 = ignis.silu ins(%x : tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  %1 = ignis.mul ins(%0, %y : tensor<1x64xf32>, tensor<1x64xf32>) outs(%e : tensor<1x64xf32>) -> tensor<1x64xf32>
  return %1 : tensor<1x64xf32>
}
