//===- Sampler.h - from logits to the next token ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// docs/Numerics.md, section 7: the same seed gives the same text on every machine. Top-k; top-p is
// nucleus sampling (Holtzman et al., 2020).

#ifndef IGNIS_GENERATE_SAMPLER_H
#define IGNIS_GENERATE_SAMPLER_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace ignis::generate {

struct SamplerOptions {
  double temperature = 0; ///< 0: greedy
  int64_t topK = 0;       ///< 0: all
  double topP = 1;        ///< in (0, 1]
  uint64_t seed = 0;
};

/// xoshiro256** (Blackman and Vigna, 2018), seeded by SplitMix64.
class RandomGenerator {
public:
  explicit RandomGenerator(uint64_t seed);
  uint64_t next();
  /// In [0, 1), 53 bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
  uint64_t state[4];
};

class Sampler {
public:
  explicit Sampler(const SamplerOptions &options) : options(options), random(options.seed) {}
  /// One token id from logits [vocabulary]; NaN is never taken.
  int32_t sample(llvm::ArrayRef<float> logits);

private:
  SamplerOptions options;
  RandomGenerator random;
  std::vector<int32_t> order;
  std::vector<double> weights;
};

/// The first index of the largest logit.
int32_t argmax(llvm::ArrayRef<float> logits);

} // namespace ignis::generate

#endif
