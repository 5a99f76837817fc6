//===- ModuleABI.h - how the runtime calls compiled modules -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A compiled module exports one function per entry point, `void ignis_entry_NAME(const IgnisFrame
// *)`, and the string `ignis_manifest` (JSON, see docs/Execution.md). Every thread of the team runs
// the whole entry function (one program, many threads) with a frame of its own; frames differ in
// `thread`, `scratch` and `sharesCore`.
//
// Work sharing. Each parallel op of an entry owns one slot. A slot has two 64-bit words, each epoch
// << 24 | count:
//   next   chunks claimed: a thread claims the next chunk by compare-and-swap; a word of an older
//   epoch counts as 0,
//          a word of a newer epoch means that this op is long finished;
//   done   chunks finished, counted likewise.
// The epoch is the number of the call, so counters are never reset and a thread that was preempted
// for long cannot disturb a later call. A barrier waits until the slots it names have all their
// chunks done; it waits for chunks, not for threads, so a preempted thread that holds no chunk
// delays nobody. This header is shared by generated code's emitter and the runtime: change both,
// and kModuleABIVersion.

#ifndef IGNIS_EXECUTION_MODULEABI_H
#define IGNIS_EXECUTION_MODULEABI_H

#include <cstddef>
#include <cstdint>

namespace ignis {

constexpr int kModuleABIVersion = 2;
constexpr int kEpochShift = 24;
constexpr int64_t kMaxChunks = (int64_t(1) << kEpochShift) - 1;
constexpr int64_t kWakeSleepers = -1, kBetweenChunks = -2;

/// Chunk counters of one parallel op; the words sit in cache lines of their own.
struct alignas(128) IgnisSlot {
  uint64_t next; // byte 0
  uint64_t pad0[7];
  uint64_t done; // byte 64
  uint32_t
      sleepers; // byte 72: threads asleep on `done`; the finisher wakes them through ignis_barrier
  uint32_t pad1[13];
};
static_assert(sizeof(IgnisSlot) == 128, "generated code indexes slots by 128 bytes");

/// What one thread of one call sees. Generated code reads these fields by their byte offset.
struct IgnisFrame {
  const void *const *weights; // 0: one pointer per entry of the manifest's "weights"
  IgnisSlot *slots;           // 8: [slots of the entry]
  uint64_t epoch;             // 16: number of this call, from 1
  int64_t thread;             // 24: 0 <= thread < threads
  int64_t threads;            // 32: 1 means that no atomics are needed
  uint8_t *arena;             // 40: [arena_bytes], 64-byte aligned, shared by all threads
  uint8_t *scratch;           // 48: [scratch_bytes], 64-byte aligned, this thread's own
  void *team;                 // 56: the runtime's, opaque to generated code
  const uint64_t
      *args; // 64: [arguments of the entry] a pointer or an int64 each, in the manifest's order
  mutable int64_t sharesCore; // 72: the runtime's; not 0: this thread asks ignis_barrier before it
                              // claims a chunk whether to let another process have the core
};

static_assert(offsetof(IgnisFrame, slots) == 8 && offsetof(IgnisFrame, epoch) == 16 &&
                  offsetof(IgnisFrame, thread) == 24 && offsetof(IgnisFrame, threads) == 32 &&
                  offsetof(IgnisFrame, arena) == 40 && offsetof(IgnisFrame, scratch) == 48 &&
                  offsetof(IgnisFrame, args) == 64 && offsetof(IgnisFrame, sharesCore) == 72,
              "generated code reads the fields by these offsets");

using IgnisEntry = void (*)(const IgnisFrame *);

/// The one external symbol of compiled modules that is no kernel: `ignis_barrier`.
/// chunks >= 0: returns once slot `slot` has `chunks` chunks done in this epoch. kWakeSleepers:
/// wakes the sleepers of the slot. kBetweenChunks: may yield; the thread holds no chunk.
using IgnisBarrier = void (*)(const IgnisFrame *, int64_t slot, int64_t chunks);

/// Modules compiled for profiling call `ignis_profile` too: stretch `event` of entry number `entry`
/// (both count in the manifest) begins.
using IgnisProfile = void (*)(const IgnisFrame *, int64_t entry, int64_t event);

} // namespace ignis

#endif
