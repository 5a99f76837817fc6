//===- MiniMallocTest.cpp - the public benchmark instances --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// data/planner/minimalloc: real allocations of neural networks, capacity 1,048,576 bytes.

#include "ignis/MemoryPlan/LowerBound.h"

#include "Support.h"

#include "llvm/Support/MemoryBuffer.h"

using namespace ignis::memplan;
using namespace ignis::memplan::test;

namespace {

Problem instance(const std::string &name) {
  std::string path = IGNIS_SOURCE_DIR "/data/planner/minimalloc/" + name + ".csv";
  auto text = llvm::MemoryBuffer::getFile(path);
  if (!text) {
    ADD_FAILURE() << path << ": " << text.getError().message();
    return {};
  }
  llvm::Expected<ProblemFile> file = parseCSV((*text)->getBuffer(), path);
  if (!file) {
    ADD_FAILURE() << llvm::toString(file.takeError());
    return {};
  }
  return std::move(file->problem);
}

struct Instance {
  const char *name;
  size_t buffers;
  int64_t bound;
} instances[] = {
    {"A.1048576", 154, 1048576}, {"B.1048576", 170, 1048576}, {"C.1048576", 203, 1039360},
    {"E.1048576", 215, 1048576}, {"F.1048576", 296, 1048576}, {"G.1048576", 308, 1048576},
    {"I.1048576", 374, 1048576}, {"K.1048576", 454, 1048576}, {"input.12", 5, 12},
};

TEST(MiniMalloc, Bounds) {
  for (const Instance &i : instances) {
    Problem problem = instance(i.name);
    EXPECT_EQ(problem.buffers.size(), i.buffers) << i.name;
    EXPECT_EQ(lowerBound(problem), i.bound) << i.name;
  }
}

TEST(MiniMalloc, ExactProvesEachOptimum) {
  for (const Instance &i : instances) {
    Problem problem = instance(i.name);
    PlanOptions options;
    options.budgetSeconds = 60; // some milliseconds on an idle machine
    PlanResult result = planned("exact", problem, options);
    EXPECT_TRUE(isValid(problem, result.plan)) << i.name;
    EXPECT_EQ(result.plan.height, i.bound) << i.name;
    EXPECT_EQ(result.status, PlanStatus::Optimal) << i.name;
    // Nodes, unlike seconds, are the same everywhere.
    EXPECT_LT(result.nodes, 100000u) << i.name;
    options.capacity = 1048576;
    EXPECT_LE(planned("exact", problem, options).plan.height, 1048576) << i.name;
  }
}

// It stops at the first plan below the greedy ones; on an idle machine that takes milliseconds.
TEST(MiniMalloc, LocalSearchBeatsTheBestGreedy) {
  for (const Instance &i : instances) {
    Problem problem = instance(i.name);
    int64_t greedy = planned("best-of-greedy", problem).plan.height;
    if (greedy == i.bound)
      continue;
    PlanOptions options;
    options.capacity = greedy - 1;
    options.budgetSeconds = 20;
    PlanResult result = planned("local", problem, options);
    EXPECT_TRUE(isValid(problem, result.plan)) << i.name;
    EXPECT_NE(result.status, PlanStatus::Infeasible) << i.name;
  }
}

// Heights of greedy plans depend on nothing but the instance and the order of placement: a change
// here is a change of the planner.
TEST(MiniMalloc, GreedyHeights) {
  struct Heights {
    const char *name;
    int64_t bySize, best;
  } heights[] = {
      {"A.1048576", 1352704, 1218560},
      {"B.1048576", 1412096, 1284096},
      {"C.1048576", 1417216, 1311744},
      {"E.1048576", 1435648, 1395712},
      {"F.1048576", 1433600, 1220608},
      {"G.1048576", 1428480, 1280000},
      {"I.1048576", 1478656, 1464320},
      {"K.1048576", 1339392, 1256448},
      {"input.12", 12, 12},
  };
  for (const Heights &expected : heights) {
    Problem problem = instance(expected.name);
    PlanResult bySize = planned("greedy-size", problem);
    EXPECT_EQ(bySize.plan.height, expected.bySize) << expected.name;
    EXPECT_LT(bySize.seconds, 0.05)
        << expected.name << ": milliseconds, with room for a busy machine";
    EXPECT_EQ(planned("best-of-greedy", problem).plan.height, expected.best) << expected.name;
  }
}

} // namespace
