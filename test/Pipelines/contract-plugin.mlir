// RUN: not ignis-opt %s --load-pass-plugin=%contract-plugin --pass-pipeline='builtin.module(test-needs-mark)' 2>&1 | FileCheck %s
// RUN: ignis-opt %s --load-pass-plugin=%contract-plugin --pass-pipeline='builtin.module(test-mark,test-needs-mark)' | FileCheck %s --check-prefix=LEGAL
// RUN: not ignis-opt %s --load-pass-plugin=%contract-plugin --pass-pipeline='builtin.module(test-mark,test-unmark,test-needs-mark)' --ignis-verify-contracts 2>&1 | FileCheck %s --check-prefix=BROKEN
// RUN: ignis-opt --load-pass-plugin=%contract-plugin --ignis-list-passes=text | FileCheck %s --check-prefix=LIST
// A plugin brings passes, a fact and contracts of its own.

// CHECK: 'test-needs-mark' (pass 1) requires 'marked' (the module has the attribute test.mark), which 'builtin.module' in the input contradicts; put 'test-mark' before it
// LEGAL: module attributes {test.mark}
// test-unmark does not say that it invalidates the fact; running it shows that.
// BROKEN: broken contract: after 'test-unmark' the fact 'marked' (the module has the attribute test.mark) does not hold, though the pass does not invalidate it
// LIST: | test-needs-mark {{ *}}| marked
module {}
