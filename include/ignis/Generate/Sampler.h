//===- Sampler.h - from logits to the next token ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// docs/Numerics.md, section 7: the same seed gives the same text on every machine. Top-k; top-p is
// nucleus sampling (Holtzman et al., 2020), min-p is Nguyen et al.'s (2024), the repetition penalty
// Keskar et al.'s (2019).

#ifndef IGNIS_GENERATE_SAMPLER_H
#define IGNIS_GENERATE_SAMPLER_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace ignis::generate {

struct SamplerOptions {
  double temperature = 0; ///< 0: greedy
  int64_t topK = 0;       ///< 0: all
  double topP = 1;        ///< in (0, 1]
  double minP = 0;        ///< in [0, 1]; 0: all
  uint64_t seed = 0;

  // These change the logits of single tokens, greedy or not.
  double repetitionPenalty = 1; ///< above 0; divides what is positive, multiplies the rest
  double frequencyPenalty = 0;  ///< taken off for each occurrence
  double presencePenalty = 0;   ///< taken off once
  int64_t penaltyWindow = 64;   ///< ids back that occurrences are counted in; negative: all
  std::vector<std::pair<int32_t, float>> bias; ///< added; -infinity bans a token
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
  /// Notes ids of the prompt, or the one that sample() gave: penalties count them.
  void accept(llvm::ArrayRef<int32_t> ids);

private:
  bool penalises() const {
    return options.repetitionPenalty != 1 || options.frequencyPenalty != 0 ||
           options.presencePenalty != 0;
  }
  /// The logits with bias and penalties.
  llvm::ArrayRef<float> adjust(llvm::ArrayRef<float> logits);

  SamplerOptions options;
  RandomGenerator random;
  std::vector<int32_t> history; ///< accepted ids, if anything is penalised
  std::vector<int32_t> recent;  ///< those in the window, sorted
  std::vector<float> adjusted;
  std::vector<int32_t> order;
  std::vector<double> weights;
};

/// The first index of the largest logit.
int32_t argmax(llvm::ArrayRef<float> logits);
/// Whether a token can be chosen: no logit is NaN, and some are above -infinity.
bool areUsable(llvm::ArrayRef<float> logits);

} // namespace ignis::generate

#endif
