//===- ThreadTeamTest.cpp - chunks, barriers and late workers ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// An entry function written by hand follows the rules of ModuleABI.h as generated code does: ops
// claim chunks, a barrier waits for chunks.

#include "ignis/Runtime/ThreadTeam.h"
#include "ignis/GGUF/File.h"
#include "ignis/Kernels/KernelABI.h"
#include "ignis/Kernels/StartThread.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <gtest/gtest.h>
#include <pthread.h>
#include <vector>

using namespace ignis;
using namespace ignis::runtime;

namespace {

int64_t claim(const IgnisFrame *frame, int64_t index, int64_t chunks, int64_t local) {
  if (frame->threads == 1)
    return local;
  if (frame->sharesCore || frame->epoch % 2) // Generated code asks on shared cores alone.
    barrier(frame, index, kBetweenChunks);
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
    barrier(frame, index, kWakeSleepers);
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

/// Comes back when `count` threads are here, or after ten seconds.
void meet(std::atomic<int64_t> &here, int64_t count) {
  here.fetch_add(1);
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (here.load() < count && std::chrono::steady_clock::now() < end)
    ;
}

/// Writes to twice the stack that kernels may use, from the near end, as calls do.
__attribute__((noinline)) int useStack() {
  volatile char bytes[2 * kernels::kMostStackBytes - 8192];
  for (size_t i = sizeof(bytes); i >= 1024; i -= 1024)
    bytes[i - 1] = 1;
  return bytes[sizeof(bytes) - 1];
}

struct Places {
  std::atomic<int64_t> here{0};
  std::atomic<uint8_t *> scratch[3] = {};
};

/// Every thread says where its scratch is.
void tellScratch(const IgnisFrame *frame) {
  auto *places = reinterpret_cast<Places *>(frame->args[0]);
  places->scratch[frame->thread] = frame->scratch;
  useStack();
  meet(places->here, 3);
}

TEST(ThreadTeam, ThreadsShareNoPageOfScratch) {
  auto page = static_cast<int64_t>(gguf::pageSize());
  EXPECT_EQ(page & (page - 1), 0);
  for (int64_t bytes : {int64_t(128), page, page + 64}) {
    auto team = ThreadTeam::create(3, 1, bytes);
    ASSERT_NE(team, nullptr);
    Places places;
    uint64_t arguments[1] = {reinterpret_cast<uint64_t>(&places)};
    team->run(tellScratch, nullptr, nullptr, arguments);
    ASSERT_EQ(places.here, 3);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(places.scratch[i].load()) % page, 0u);
      if (i) {
        EXPECT_GE(places.scratch[i].load() - places.scratch[i - 1].load(), bytes);
      }
    }
  }
}

#ifdef __GLIBC__
TEST(ThreadTeam, StacksAreLargeEnoughForKernels) {
  pthread_attr_t before, small; // What musl gives.
  ASSERT_EQ(pthread_getattr_default_np(&before), 0);
  ASSERT_EQ(pthread_attr_init(&small), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&small, 128 << 10), 0);
  ASSERT_EQ(pthread_setattr_default_np(&small), 0);
  auto team = ThreadTeam::create(3, 1, 128);
  ASSERT_NE(team, nullptr);
  Places places;
  uint64_t arguments[1] = {reinterpret_cast<uint64_t>(&places)};
  team->run(tellScratch, nullptr, nullptr, arguments);
  EXPECT_EQ(places.here, 3);
  std::atomic<int64_t> here{0};
  parallelFor(3, 3, [&](int64_t) {
    useStack();
    meet(here, 3);
  });
  EXPECT_EQ(here, 3);
  EXPECT_EQ(pthread_setattr_default_np(&before), 0);
  pthread_attr_destroy(&small);
  pthread_attr_destroy(&before);
}
#endif

TEST(ThreadTeam, EveryChunkOnceInOrder) {
  for (int threads : {1, 2, 3, 4}) {
    auto team = ThreadTeam::create(threads, kOps, 128);
    ASSERT_NE(team, nullptr);
    EXPECT_EQ(team->threads(), threads);
    for (int64_t call = 0; call < 2000; ++call) {
      std::vector<int64_t> values(kValues, 0);
      uint64_t arguments[2] = {reinterpret_cast<uint64_t>(values.data()),
                               static_cast<uint64_t>(1 + call % kValues)};
      // A long call minds who shares its cores, which changes no result.
      auto kind = call % 3 ? ThreadTeam::Call::Short : ThreadTeam::Call::Long;
      team->run(chain, nullptr, nullptr, arguments, kind);
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

TEST(StartThread, FaultsOfItsOwnReachTheirHandlerAndSignalsFromOutsideDoNot) {
  pthread_t thread;
  sigset_t blocked;
  auto *run = +[](void *set) -> void * {
    pthread_sigmask(SIG_SETMASK, nullptr, static_cast<sigset_t *>(set));
    return nullptr;
  };
  ASSERT_TRUE(startThread(thread, run, &blocked));
  ASSERT_EQ(pthread_join(thread, nullptr), 0);
  for (int fault : {SIGBUS, SIGSEGV, SIGFPE, SIGILL})
    EXPECT_EQ(sigismember(&blocked, fault), 0) << fault;
  for (int outside : {SIGINT, SIGTERM, SIGCHLD})
    EXPECT_EQ(sigismember(&blocked, outside), 1) << outside;
}

} // namespace
