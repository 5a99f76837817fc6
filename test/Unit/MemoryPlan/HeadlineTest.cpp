//===- HeadlineTest.cpp - the decode graph of Qwen2.5-0.5B --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The published figures, on a problem built here from the graph's shape: 24 layers, rows of 896,
// keys of 128, gates of 4864, 151936 logits, float32, one token. The passes' own tests compute the
// same figures from the IR; this one shows what is the planners' part in them.

#include "ignis/MemoryPlan/LowerBound.h"

#include "Support.h"

using namespace ignis::memplan;
using namespace ignis::memplan::test;

namespace {

/// One op after the other; each result is live from its op to its last use.
class Graph {
public:
  int64_t input(int64_t floats) { return add("input", 0, floats); }

  int64_t op(const std::string &name, std::initializer_list<int64_t> operands, int64_t floats) {
    ++now;
    for (int64_t i : operands)
      problem.buffers[i].end = now + 1;
    int64_t result = add(name + std::to_string(now), now, floats);
    ops.push_back({operands, result});
    return result;
  }

  /// The same ops in another order that their operands allow, drawn at random.
  Problem reordered(Random &random) const {
    std::vector<size_t> order;
    std::vector<bool> done(ops.size());
    std::vector<size_t> ready;
    while (order.size() < ops.size()) {
      ready.clear();
      for (size_t k = 0; k < ops.size(); ++k)
        if (!done[k] &&
            llvm::all_of(ops[k].operands, [&](int64_t i) { return i == 0 || done[i - 1]; }))
          ready.push_back(k);
      order.push_back(ready[random.next() % ready.size()]);
      done[order.back()] = true;
    }
    Problem out = problem;
    for (size_t at = 0; at < order.size(); ++at) {
      const Op &op = ops[order[at]];
      int64_t time = static_cast<int64_t>(at) + 1;
      out.buffers[op.result].begin = time;
      out.buffers[op.result].end = time + 1;
      for (int64_t i : op.operands)
        out.buffers[i].end = time + 1;
    }
    return out;
  }

  Problem problem;
  int64_t now = 0;

private:
  struct Op {
    std::vector<int64_t> operands;
    int64_t result; // ops[k] makes buffer k + 1; buffer 0 is the input
  };
  std::vector<Op> ops;

  int64_t add(const std::string &id, int64_t begin, int64_t floats) {
    problem.buffers.push_back({id, begin, begin + 1, floats * 4, 1});
    return static_cast<int64_t>(problem.buffers.size()) - 1;
  }
};

/// The graph after both fusions, or before (18 ops a layer), for a number of rows.
Graph decode(bool fused, int64_t rows = 1, bool logits = true) {
  constexpr int64_t layers = 24, hidden = 896, keys = 128, wide = 4864, vocabulary = 151936;
  const int64_t h = hidden * rows, kv = keys * rows, w = wide * rows;
  Graph g;
  auto norm = [&](int64_t x) {
    if (fused)
      return g.op("norm", {x}, h);
    return g.op("scale", {g.op("normalize", {x}, h)}, h);
  };
  int64_t x = g.input(h);
  for (int64_t layer = 0; layer < layers; ++layer) {
    int64_t n = norm(x);
    int64_t q = g.op("q", {n}, h), k = g.op("k", {n}, kv), v = g.op("v", {n}, kv);
    int64_t qRope = g.op("rope_q", {q}, h), kRope = g.op("rope_k", {k}, kv);
    int64_t a = g.op("attention", {qRope, kRope, v}, h);
    int64_t middle = g.op("add", {x, g.op("o", {a}, h)}, h);
    int64_t m = norm(middle);
    int64_t gate = g.op("gate", {m}, w), up = g.op("up", {m}, w);
    int64_t s =
        fused ? g.op("swiglu", {gate, up}, w) : g.op("mul", {g.op("silu", {gate}, w), up}, w);
    x = g.op("add", {middle, g.op("down", {s}, h)}, h);
  }
  int64_t last = norm(x);
  if (logits)
    g.op("head", {last}, vocabulary);
  return g;
}

TEST(Headline, OpsAndBytes) {
  Graph fused = decode(true), unfused = decode(false);
  EXPECT_EQ(unfused.now, 435);
  EXPECT_EQ(fused.now, 362);
  EXPECT_EQ(fused.problem.buffers.size(), 363u);
  EXPECT_EQ(upperBound(fused.problem), 2826752);
  EXPECT_EQ(upperBound(unfused.problem), 3469312);
  EXPECT_EQ(lowerBound(fused.problem), 611328);
  EXPECT_EQ(lowerBound(unfused.problem), 611328);
  EXPECT_EQ(lowerBound(decode(true, 1, false).problem), 61952) << "the body alone";
}

TEST(Headline, FiveSlots) {
  for (bool fused : {true, false}) {
    Problem problem = decode(fused).problem;
    for (const char *policy : {"slots", "slots-first", "slots-largest", "slots-nearest"}) {
      PlanResult result = planned(policy, problem);
      EXPECT_EQ(result.slotSizes.size(), 5u) << policy;
      EXPECT_GE(result.plan.height, 650752) << policy;
      EXPECT_LE(result.plan.height, 669696) << policy;
    }
  }
  PlanResult slots = planned("slots", decode(true).problem);
  EXPECT_EQ(slots.plan.height, 653824);
  EXPECT_NEAR(1 - 653824.0 / 2826752, 0.769, 0.0005);
}

// docs/MemoryPlanning.md has the proof; this is a search for a hole in it.
TEST(Headline, NoOrderOfTheOpsLowersTheBound) {
  Random random(8);
  for (bool fused : {true, false}) {
    Graph whole = decode(fused), body = decode(fused, 1, false);
    for (int round = 0; round < 100; ++round) {
      EXPECT_GE(lowerBound(whole.reordered(random)), 611328);
      EXPECT_GE(lowerBound(body.reordered(random)), 61952);
    }
  }
}

TEST(Headline, AnArenaReachesTheBound) {
  for (int64_t rows : {1, 512}) {
    for (bool logits : {true, false}) {
      Problem problem = decode(true, rows, logits).problem;
      PlanResult result = planned("exact", problem);
      EXPECT_EQ(result.status, PlanStatus::Optimal);
      EXPECT_EQ(result.plan.height, lowerBound(problem)) << rows;
      EXPECT_EQ(planned("best-of-greedy", problem).plan.height, lowerBound(problem)) << rows;
      for (Buffer &buffer : problem.buffers)
        buffer.align = 64;
      EXPECT_EQ(planned("exact", problem).plan.height, lowerBound(problem))
          << "sizes are multiples";
    }
  }
}

} // namespace
