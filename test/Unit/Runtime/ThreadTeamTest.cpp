//===- ThreadTeamTest.cpp - chunks, barriers and late workers ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// An entry function written by hand follows the rules of ModuleABI.h as generated code does: ops
// claim chunks, a barrier waits for chunks.

#include "ignis/Runtime/ThreadTeam.h"

#include <atomic>
#include <cstring>
#include <gtest/gtest.h>
#include <vector>

using namespace ignis;
using namespace ignis::runtime;

namespace {

int64_t claim(const IgnisFrame *frame, int64_t index, int64_t chunks, int64_t local) {
  if (frame->threads == 1)
    return local;
  auto &next = reinterpret_cast<std::atomic<uint64_t> &>(frame->slots[index].next);
  uint64_t word = next.load();
  while (true) {
    uint64_t epoch = word >> kEpochShift;
    if (epoch > frame->epoch)
      return chunks;
    int64_t chunk = epoch == frame->epoch ? static_cast<int64_t>(word & kMaxChunks) : 0;
    if (chunk >= chunks)
      return chunks;
    if (next.compare_exchange_weak(word,
                                   frame->epoch << kEpochShift | static_cast<uint64_t>(chunk + 1)))
      return chunk;
  }
}

void finish(const IgnisFrame *frame, int64_t index, int64_t chunks) {
  if (frame->threads == 1)
    return;
  IgnisSlot &slot = frame->slots[index];
  auto &done = reinterpret_cast<std::atomic<uint64_t> &>(slot.done);
  uint64_t word = done.load(), after;
  do {
    uint64_t count = word >> kEpochShift == frame->epoch ? word & kMaxChunks : 0;
    after = frame->epoch << kEpochShift | (count + 1);
  } while (!done.compare_exchange_weak(word, after));
  if (static_cast<int64_t>(after & kMaxChunks) == chunks &&
      reinterpret_cast<std::atomic<uint32_t> &>(slot.sleepers).load())
    barrier(frame, index, -1);
}

constexpr int64_t kOps = 5, kValues = 64;

/// Op s adds 1 to every value; each op needs what the op before it left. args: values, chunks.
void chain(const IgnisFrame *frame) {
  auto *values = reinterpret_cast<int64_t *>(frame->args[0]);
  auto chunks = static_cast<int64_t>(frame->args[1]);
  for (int64_t op = 0; op < kOps; ++op) {
    int64_t local = 0;
    for (int64_t chunk; (chunk = claim(frame, op, chunks, local++)) < chunks;
         finish(frame, op, chunks))
      for (int64_t i = chunk * kValues / chunks; i < (chunk + 1) * kValues / chunks; ++i)
        values[i] = values[(i + op) % kValues] >= 0 ? values[i] + 1 : -1000;
    barrier(frame, op, chunks);
  }
}

/// Every thread leaves its mark in its own scratch.
void mark(const IgnisFrame *frame) {
  std::memset(frame->scratch, static_cast<int>(frame->thread + 1), 128);
  reinterpret_cast<std::atomic<int64_t> *>(frame->args[0])->fetch_add(1);
}

TEST(ThreadTeam, EveryChunkOnceInOrder) {
  for (int threads : {1, 2, 3, 4}) {
    auto team = ThreadTeam::create(threads, kOps, 128);
    ASSERT_NE(team, nullptr);
    EXPECT_EQ(team->threads(), threads);
    for (int64_t call = 0; call < 2000; ++call) {
      std::vector<int64_t> values(kValues, 0);
      uint64_t arguments[2] = {reinterpret_cast<uint64_t>(values.data()),
                               static_cast<uint64_t>(1 + call % kValues)};
      team->run(chain, nullptr, nullptr, arguments);
      for (int64_t value : values)
        ASSERT_EQ(value, kOps) << threads << " threads, call " << call;
    }
  }
}

TEST(ThreadTeam, NoThreadAfterTheTeamIsGone) {
  std::atomic<int64_t> runs{0};
  for (int i = 0; i < 50; ++i) {
    auto team = ThreadTeam::create(3, 1, 128);
    ASSERT_NE(team, nullptr);
    uint64_t arguments[1] = {reinterpret_cast<uint64_t>(&runs)};
    team->run(mark, nullptr, nullptr, arguments);
  }
  EXPECT_GE(runs.load(), 50); // The caller's own; workers join in if they come in time.
  EXPECT_LE(runs.load(), 150);
}

TEST(ThreadTeam, ParallelForDoesEachTaskOnce) {
  for (int threads : {1, 2, 5}) {
    std::vector<std::atomic<int>> seen(1000);
    parallelFor(threads, 1000, [&](int64_t i) { seen[static_cast<size_t>(i)].fetch_add(1); });
    for (auto &count : seen)
      ASSERT_EQ(count.load(), 1);
  }
}

TEST(ThreadTeam, DefaultCountIsAtLeastOne) { EXPECT_GE(defaultThreadCount(), 1); }

} // namespace
