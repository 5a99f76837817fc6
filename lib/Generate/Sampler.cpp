//===- Sampler.cpp - from logits to the next token --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Sampler.h. Only candidates that can matter are sorted: a weight below e^-64 of the largest
// counts as 0.

#include "ignis/Generate/Sampler.h"

#include "ignis/Generate/Math.h"

#include <algorithm>
#include <limits>

using namespace ignis::generate;

RandomGenerator::RandomGenerator(uint64_t seed) {
  for (uint64_t &word : state) {
    seed += 0x9e3779b97f4a7c15;
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

static uint64_t rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

uint64_t RandomGenerator::next() {
  uint64_t result = rotate(state[1] * 5, 7) * 9, t = state[1] << 17;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= t;
  state[3] = rotate(state[3], 45);
  return result;
}

int32_t ignis::generate::argmax(llvm::ArrayRef<float> logits) {
  // The largest value first, in lanes, then its place: both loops vectorise.
  constexpr size_t kLanes = 16;
  constexpr float kLeast = -std::numeric_limits<float>::infinity();
  float lanes[kLanes], most = kLeast;
  std::fill(lanes, lanes + kLanes, kLeast);
  size_t whole = logits.size() / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes)
    for (size_t j = 0; j < kLanes; ++j)
      lanes[j] = logits[i + j] > lanes[j] ? logits[i + j] : lanes[j];
  for (float lane : lanes)
    most = std::max(most, lane);
  for (float logit : logits.drop_front(whole))
    most = logit > most ? logit : most;
  if (most == kLeast)
    return 0;
  for (size_t i = 0; i < whole; i += kLanes) {
    bool here = false;
    for (size_t j = 0; j < kLanes; ++j)
      here |= logits[i + j] == most;
    if (here)
      return static_cast<int32_t>(std::find(&logits[i], &logits[i] + kLanes, most) - logits.data());
  }
  return static_cast<int32_t>(std::find(logits.begin() + whole, logits.end(), most) -
                              logits.begin());
}

bool ignis::generate::areUsable(llvm::ArrayRef<float> logits) {
  bool numbers = true, some = false;
  for (float logit : logits) { // No early end: so it vectorises.
    numbers &= logit == logit;
    some |= logit > -std::numeric_limits<float>::infinity();
  }
  return numbers && some;
}

void Sampler::accept(llvm::ArrayRef<int32_t> ids) {
  if (penalises())
    history.insert(history.end(), ids.begin(), ids.end());
}

llvm::ArrayRef<float> Sampler::adjust(llvm::ArrayRef<float> logits) {
  size_t window = options.penaltyWindow < 0
                      ? history.size()
                      : std::min(history.size(), static_cast<size_t>(options.penaltyWindow));
  if (options.bias.empty() && window == 0)
    return logits;
  adjusted.assign(logits.begin(), logits.end());
  auto known = [&](int32_t id) { return id >= 0 && static_cast<size_t>(id) < adjusted.size(); };
  for (auto [id, bias] : options.bias)
    if (known(id))
      adjusted[static_cast<size_t>(id)] += bias;
  recent.assign(history.end() - static_cast<std::ptrdiff_t>(window), history.end());
  std::sort(recent.begin(), recent.end());
  for (auto first = recent.begin(), last = first; first != recent.end(); first = last) {
    last = std::upper_bound(first, recent.end(), *first);
    if (!known(*first))
      continue;
    float &logit = adjusted[static_cast<size_t>(*first)];
    double value = logit, penalty = options.repetitionPenalty;
    value = value > 0 ? value / penalty : value * penalty;
    value -= static_cast<double>(last - first) * options.frequencyPenalty;
    logit = static_cast<float>(value - options.presencePenalty);
  }
  return adjusted;
}

int32_t Sampler::sample(llvm::ArrayRef<float> given) {
  llvm::ArrayRef<float> logits = adjust(given);
  int32_t best = argmax(logits);
  if (options.temperature <= 0)
    return best;
  double most = logits[static_cast<size_t>(best)];
  auto scaled = [&](int32_t i) {
    return (logits[static_cast<size_t>(i)] - most) / options.temperature;
  };
  order.clear();
  // Far fewer than all are near enough to the best: a comparison with a little room to spare comes
  // before the division.
  double least = most - 64.000001 * options.temperature;
  for (size_t i = 0; i < logits.size(); ++i)
    if (logits[i] >= least && scaled(static_cast<int32_t>(i)) >= -64)
      order.push_back(static_cast<int32_t>(i));
  if (order.empty())
    return best;
  auto before = [&](int32_t a, int32_t b) {
    float la = logits[static_cast<size_t>(a)], lb = logits[static_cast<size_t>(b)];
    return la > lb || (la == lb && a < b);
  };
  if (options.topK > 0 && static_cast<size_t>(options.topK) < order.size()) {
    std::nth_element(order.begin(), order.begin() + (options.topK - 1), order.end(), before);
    order.resize(static_cast<size_t>(options.topK));
  }
  std::sort(order.begin(), order.end(), before);
  weights.resize(order.size());
  double sum = 0;
  for (size_t i = 0; i < order.size(); ++i)
    sum += weights[i] = exponential(scaled(order[i]));
  if (options.topP < 1) {
    double share = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      share += weights[i];
      if (share >= options.topP * sum) {
        order.resize(i + 1);
        sum = share;
        break;
      }
    }
  }
  if (options.minP > 0) { // The best has weight 1.
    size_t kept = 1;
    for (sum = weights[0]; kept < order.size() && weights[kept] >= options.minP; ++kept)
      sum += weights[kept];
    order.resize(kept);
  }
  double target = random.uniform() * sum, reached = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    reached += weights[i];
    if (target < reached)
      return order[i];
  }
  return order.back();
}
