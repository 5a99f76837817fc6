//===- SpinLimit.h - how long to spin before sleeping -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A pause instruction takes 5 to 50 ns, depending on the processor's age and make, and a futex
// wake-up some 45 us in a virtual machine. So the number of pauses that fill 30 us is measured
// once.

#ifndef IGNIS_LIB_RUNTIME_SPINLIMIT_H
#define IGNIS_LIB_RUNTIME_SPINLIMIT_H

namespace ignis::runtime {

/// Looks at a word, each followed by a pause, that take about 30 us.
int spinLimit();

} // namespace ignis::runtime

#endif
