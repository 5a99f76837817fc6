// RUN: not ignis-opt %s --ignis-verify-phase=phase=link 2>&1 | FileCheck %s
// CHECK: error: unknown phase 'link', expected import, fuse, bufferize, plan or lower
module {}
