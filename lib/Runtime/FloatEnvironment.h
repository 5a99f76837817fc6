//===- FloatEnvironment.h - rounding and denormals as docs/Numerics.md wants them -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A program that embeds ignis may flush denormals or round differently (a library built with
// -ffast-math is enough), and threads inherit that. Logits are defined for the default mode alone,
// so it is set around everything that computes, and put back.

#ifndef IGNIS_LIB_RUNTIME_FLOATENVIRONMENT_H
#define IGNIS_LIB_RUNTIME_FLOATENVIRONMENT_H

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace ignis::runtime {

/// Nearest-even, denormals kept, exceptions masked, as long as it lives.
class DefaultFloatEnvironment {
public:
  DefaultFloatEnvironment() : saved(read()) {
    if ((saved & kControl) != kDefault)
      write(kDefault);
  }
  ~DefaultFloatEnvironment() {
    if ((saved & kControl) != kDefault)
      write(saved);
  }
  DefaultFloatEnvironment(const DefaultFloatEnvironment &) = delete;
  DefaultFloatEnvironment &operator=(const DefaultFloatEnvironment &) = delete;

private:
#if defined(__x86_64__)
  static constexpr uint64_t kControl = 0xffc0; // all but the sticky flags
  static constexpr uint64_t kDefault = 0x1f80;
  static uint64_t read() { return _mm_getcsr(); }
  static void write(uint64_t value) { _mm_setcsr(static_cast<unsigned>(value)); }
#elif defined(__aarch64__)
  static constexpr uint64_t kControl = ~uint64_t(0);
  static constexpr uint64_t kDefault = 0;
  static uint64_t read() {
    uint64_t value;
    asm volatile("mrs %0, fpcr" : "=r"(value));
    return value;
  }
  static void write(uint64_t value) { asm volatile("msr fpcr, %0" : : "r"(value)); }
#else
  static constexpr uint64_t kControl = 0, kDefault = 0;
  static uint64_t read() { return 0; }
  static void write(uint64_t) {}
#endif

  uint64_t saved;
};

} // namespace ignis::runtime

#endif
