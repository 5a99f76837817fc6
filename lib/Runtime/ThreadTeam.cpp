//===- ThreadTeam.cpp - the threads that run compiled code ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A job is published as words behind a sequence lock, so a worker copies a whole job or none, and
// the publisher never waits for a worker. Waiting spins for some tens of microseconds and then
// sleeps: between layers data arrives within the spin, between calls it does not.

#include "ignis/Runtime/ThreadTeam.h"

#include "FloatEnvironment.h"
#include "LongCall.h"
#include "Preemption.h"
#include "Sleep.h"
#include "SpinLimit.h"
#include "ignis/GGUF/File.h"
#include "ignis/Kernels/StartThread.h"
#include "ignis/Runtime/Mapping.h"

#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

using namespace ignis;
using namespace ignis::runtime;

int ignis::runtime::spinLimit() {
  static const int limit = [] {
    constexpr int sample = 64;
    int64_t best = INT64_MAX; // The least disturbed of some samples.
    for (int i = 0; i < 5; ++i) {
      int64_t begin = nanoseconds();
      for (int j = 0; j < sample; ++j)
        spinPause();
      int64_t time = nanoseconds() - begin;
      best = time < best ? time : best;
    }
    // The look itself, another 5 ns or so, is left out.
    int64_t count = 30000 * sample / (best < 1 ? 1 : best);
    return static_cast<int>(count < 50 ? 50 : count > 20000 ? 20000 : count);
  }();
  return limit;
}

namespace {

struct Job {
  uint64_t entry, weights, slots, epoch, threads, arena, isLong, count;
  uint64_t arguments[ThreadTeam::kMostArguments];
};
constexpr size_t kJobWords = sizeof(Job) / 8;
constexpr int64_t kForever = 3600 * int64_t(1000000000); // Sleepers look again, to be safe.

class Team final : public ThreadTeam {
public:
  ~Team() override {
    stopping.store(true);
    rests.fetch_add(1);
    wakeAll(rests);
    wakeWorkers();
    for (Worker &worker : workers)
      pthread_join(worker.thread, nullptr);
  }

  bool initialise(int wanted, int64_t slotCount, int64_t scratchBytes) {
    auto page = static_cast<int64_t>(gguf::pageSize());
    int64_t perThread = (scratchBytes + page - 1) / page * page + page; // Threads share no page.
    auto scratchMapping = Mapping::create(perThread * wanted, Mapping::HugePages::None, "scratch");
    auto slotMapping =
        Mapping::create((slotCount + 1) * static_cast<int64_t>(sizeof(IgnisSlot)) + 128,
                        Mapping::HugePages::None, "counters");
    if (!scratchMapping || !slotMapping) {
      llvm::consumeError(scratchMapping.takeError());
      llvm::consumeError(slotMapping.takeError());
      return false;
    }
    scratch = std::move(*scratchMapping);
    counters = std::move(*slotMapping);
    scratchStride = perThread;
    auto address = (reinterpret_cast<uintptr_t>(counters.data()) + 127) & ~uintptr_t(127);
    slots = reinterpret_cast<IgnisSlot *>(address);
    spinLimit(); // Measured before anybody needs it.
    workers.reserve(static_cast<size_t>(wanted));
    placement = std::make_unique<Placement>(wanted);
    for (int i = 0; i < wanted; ++i)
      longCalls.push_back({TimeSlice(tickLength()), *placement, i});
    for (int i = 1; i < wanted; ++i) {
      workers.push_back({this, i, {}});
      if (!startThread(workers.back().thread, &Team::start, &workers.back())) {
        workers.pop_back(); // Fewer threads than asked for are still a team.
        break;
      }
    }
    return true;
  }

  int threads() const override { return static_cast<int>(workers.size()) + 1; }

  void run(IgnisEntry entry, const void *const *weights, uint8_t *arena,
           llvm::ArrayRef<uint64_t> arguments, Call call) override {
    DefaultFloatEnvironment floats;
    ++calls;
    // A long call has work for whoever gets a part of a core; in a short one with everybody else at
    // rest there is nobody to share with.
    size_t atRest = resting.load(std::memory_order_relaxed);
    if (call == Call::Long && atRest) {
      rests.fetch_add(1);
      wakeAll(rests);
    }
    bool alone =
        call == Call::Alone || workers.empty() || (call == Call::Short && atRest == workers.size());
    Job job{};
    job.entry = reinterpret_cast<uint64_t>(entry);
    job.weights = reinterpret_cast<uint64_t>(weights);
    job.slots = reinterpret_cast<uint64_t>(slots);
    job.epoch = alone ? epoch : ++epoch;
    job.threads = alone ? 1 : static_cast<uint64_t>(threads());
    job.arena = reinterpret_cast<uint64_t>(arena);
    job.isLong = call == Call::Long;
    job.count = arguments.size();
    std::memcpy(job.arguments, arguments.data(), arguments.size() * 8);
    if (!alone)
      publish(job);
    execute(job, 0);
  }

  Statistics statistics() const override { return {calls, preemptions.load(), parkings.load()}; }

private:
  struct Worker {
    Team *team;
    int index;
    pthread_t thread;
  };

  static void *start(void *argument) {
    auto *worker = static_cast<Worker *>(argument);
    DefaultFloatEnvironment floats;
    worker->team->work(worker->index);
    return nullptr;
  }

  void publish(const Job &job) {
    uint64_t words[kJobWords];
    std::memcpy(words, &job, sizeof(job));
    sequence.store(2 * epoch - 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    for (size_t i = 0; i < kJobWords; ++i)
      published[i].store(words[i], std::memory_order_relaxed);
    sequence.store(2 * epoch, std::memory_order_seq_cst);
    if (sleeping.load(std::memory_order_seq_cst))
      wakeWorkers();
  }

  void execute(const Job &job, int index) {
    if (job.isLong && job.threads > 1)
      currentLongCall = &longCalls[static_cast<size_t>(index)];
    IgnisFrame frame{reinterpret_cast<const void *const *>(job.weights),
                     reinterpret_cast<IgnisSlot *>(job.slots),
                     job.epoch,
                     index,
                     static_cast<int64_t>(job.threads),
                     reinterpret_cast<uint8_t *>(job.arena),
                     scratch.data() + index * scratchStride,
                     this,
                     job.arguments,
                     0};
    if (currentLongCall)
      currentLongCall->begin(frame);
    reinterpret_cast<IgnisEntry>(job.entry)(&frame);
    if (currentLongCall)
      currentLongCall->pauses();
    currentLongCall = nullptr;
  }

  void work(int index) {
    uint64_t seen = 0;
    PreemptionWatch watch;
    while (true) {
      uint64_t current = waitForJob(seen);
      if (stopping.load())
        return;
      Job job;
      if (!copyJob(current, job))
        continue; // A newer job is being written.
      seen = current;
      int64_t switchesBefore = involuntarySwitches();
      watch.rested(switchesBefore); // What happened while it waited harmed nobody.
      int64_t begin = nanoseconds(), ranBefore = threadTime();
      execute(job, index);
      int64_t switches = involuntarySwitches();
      if (switches == switchesBefore ||
          nanoseconds() - begin - (threadTime() - ranBefore) < kEarnestLoss)
        continue;
      preemptions.fetch_add(1, std::memory_order_relaxed);
      if (job.isLong)
        continue; // Its chunks are longer than a wait for one, and half a core is a gain.
      if (int64_t time = watch.afterCall(switches, nanoseconds()))
        rest(time);
    }
  }

  /// Out of the way: neither spinning nor counted among those that publish() wakes. Long calls end
  /// it early.
  void rest(int64_t time) {
    parkings.fetch_add(1, std::memory_order_relaxed);
    uint32_t ticket = rests.load();
    resting.fetch_add(1);
    int64_t end = nanoseconds() + time;
    for (int64_t left = time; left > 0 && rests.load() == ticket && !stopping.load();
         left = end - nanoseconds())
      sleepOn(rests, ticket, left);
    resting.fetch_sub(1, std::memory_order_relaxed);
  }

  /// The sequence number of a job newer than `seen`.
  uint64_t waitForJob(uint64_t seen) {
    for (int i = 0, limit = spinLimit(); i < limit; ++i) {
      uint64_t current = sequence.load(std::memory_order_acquire);
      if ((current > seen && current % 2 == 0) || stopping.load(std::memory_order_relaxed))
        return current;
      spinPause();
    }
    while (true) {
      sleeping.fetch_add(1);
      uint32_t ticket = wakeups.load();
      uint64_t current = sequence.load();
      if (current <= seen && !stopping.load())
        sleepOn(wakeups, ticket, kForever);
      sleeping.fetch_sub(1);
      current = sequence.load();
      if ((current > seen && current % 2 == 0) || stopping.load())
        return current;
    }
  }

  bool copyJob(uint64_t current, Job &job) {
    uint64_t words[kJobWords];
    for (size_t i = 0; i < kJobWords; ++i)
      words[i] = published[i].load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (sequence.load(std::memory_order_relaxed) != current)
      return false;
    std::memcpy(&job, words, sizeof(job));
    return true;
  }

  void wakeWorkers() {
    wakeups.fetch_add(1);
    wakeAll(wakeups);
  }

  std::vector<Worker> workers;
  std::unique_ptr<Placement> placement;
  std::vector<LongCall> longCalls; ///< one per thread
  Mapping scratch, counters;
  int64_t scratchStride = 0;
  IgnisSlot *slots = nullptr;
  uint64_t epoch = 0, calls = 0;
  alignas(128) std::atomic<uint64_t> sequence{0};
  std::atomic<uint64_t> published[kJobWords] = {};
  alignas(128) std::atomic<uint32_t> wakeups{0}, sleeping{0}, rests{0};
  std::atomic<size_t> resting{0};
  std::atomic<uint64_t> preemptions{0}, parkings{0};
  std::atomic<bool> stopping{false};
};

} // namespace

std::unique_ptr<ThreadTeam> ThreadTeam::create(int threads, int64_t slots, int64_t scratchBytes) {
  auto team = std::make_unique<Team>();
  threads = threads < 1 ? 1 : threads > kMostThreads ? kMostThreads : threads;
  if (!team->initialise(threads, slots, scratchBytes))
    return nullptr;
  return team;
}

void ignis::runtime::parallelFor(int threads, int64_t count,
                                 const std::function<void(int64_t)> &task) {
  struct Shared {
    std::atomic<int64_t> next{0};
    int64_t count;
    const std::function<void(int64_t)> *task;
    void work() {
      for (int64_t i; (i = next.fetch_add(1)) < count;)
        (*task)(i);
    }
  } shared;
  shared.count = count;
  shared.task = &task;
  std::vector<pthread_t> helpers;
  for (int i = 1; i < threads && i < count; ++i) {
    pthread_t thread;
    auto run = [](void *argument) -> void * {
      static_cast<Shared *>(argument)->work();
      return nullptr;
    };
    if (!startThread(thread, run, &shared))
      break;
    helpers.push_back(thread);
  }
  shared.work();
  for (pthread_t thread : helpers)
    pthread_join(thread, nullptr);
}
