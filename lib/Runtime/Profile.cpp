//===- Profile.cpp - where the time of compiled code goes -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Profile.h. Logging is one clock reading and one store into a vector of the thread's own.

#include "ignis/Runtime/Profile.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <tuple>

using namespace ignis;
using namespace ignis::runtime;

namespace {
struct Record {
  int64_t nanoseconds;
  int32_t entry, event;
  int64_t rows, positions; ///< of the call, in the record of event 0: rows, and positions attended
};
struct alignas(128) ThreadLog {
  std::vector<Record> records;
};
} // namespace

struct Profile::Log {
  const Manifest *manifest;
  std::vector<ThreadLog> threads;
};

struct Profile::Stretch {
  int64_t begin, end; ///< nanoseconds
  size_t thread;
  int32_t entry, event;
  double bytes, flops;
};

static std::atomic<Profile *> active{nullptr};

Profile::Profile(const Manifest &manifest, int threads)
    : manifest(manifest), log(std::make_unique<Log>()) {
  log->manifest = &manifest;
  log->threads.resize(static_cast<size_t>(threads));
  active.store(this);
}

Profile::~Profile() { active.store(nullptr); }

/// Rows in use and the positions that they attend to, all rows together.
static std::pair<int64_t, int64_t> workOf(const Entry &entry, const IgnisFrame *frame) {
  int64_t rows = 1, first = 0;
  const int32_t *positions = nullptr;
  for (size_t i = 0; i < entry.arguments.size(); ++i) {
    uint64_t word = frame->args[i];
    switch (entry.arguments[i].role) {
    case Role::Rows:
      rows = static_cast<int64_t>(word);
      break;
    case Role::Position:
      first = static_cast<int64_t>(word);
      break;
    case Role::Positions:
      positions = reinterpret_cast<const int32_t *>(word);
      break;
    default:
      break;
    }
  }
  int64_t attended = 0;
  for (int64_t r = 0; r < rows; ++r)
    attended += (positions ? positions[r] : first + r) + 1;
  return {rows, attended};
}

void ignis::runtime::profileEvent(const IgnisFrame *frame, int64_t entry, int64_t event) {
  Profile *profile = active.load(std::memory_order_acquire);
  auto thread = static_cast<size_t>(frame->thread);
  if (!profile || thread >= profile->log->threads.size())
    return;
  Record record{0, static_cast<int32_t>(entry), static_cast<int32_t>(event), 0, 0};
  if (event == 0)
    std::tie(record.rows, record.positions) =
        workOf(profile->manifest.entries[static_cast<size_t>(entry)], frame);
  record.nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(
                           std::chrono::steady_clock::now().time_since_epoch())
                           .count();
  profile->log->threads[thread].records.push_back(record);
}

std::vector<Profile::Stretch> Profile::stretches() const {
  std::vector<Stretch> all;
  for (auto [thread, threadLog] : llvm::enumerate(log->threads)) {
    int64_t rows = 0, positions = 0;
    for (size_t i = 0; i + 1 < threadLog.records.size(); ++i) {
      const Record &record = threadLog.records[i];
      const std::vector<ProfiledOp> &ops =
          manifest.entries[static_cast<size_t>(record.entry)].profile;
      if (record.event == 0) {
        rows = record.rows;
        positions = record.positions;
      }
      if (record.event >= static_cast<int32_t>(ops.size()))
        continue; // The end of a call.
      const ProfiledOp &op = ops[static_cast<size_t>(record.event)];
      int64_t ofRows = rows, ofPositions = positions;
      if (op.lastRow && rows > 1) { // Each row attends to one position more than the one before.
        ofRows = 1;
        ofPositions = (positions + rows * (rows - 1) / 2) / rows;
      }
      auto total = [&](const ProfiledCost &cost) {
        return cost.fixed + cost.perRow * static_cast<double>(ofRows) +
               cost.perPosition * static_cast<double>(ofPositions);
      };
      all.push_back({record.nanoseconds, threadLog.records[i + 1].nanoseconds, thread, record.entry,
                     record.event, total(op.bytes), total(op.flops)});
    }
  }
  return all;
}

std::vector<Profile::Line> Profile::table() const {
  std::map<std::pair<std::string, std::string>, Line> lines;
  for (const Stretch &stretch : stretches()) {
    const Entry &entry = manifest.entries[static_cast<size_t>(stretch.entry)];
    const ProfiledOp &op = entry.profile[static_cast<size_t>(stretch.event)];
    Line &line = lines[{entry.name, op.name}];
    line.entry = entry.name;
    line.op = op.name;
    line.seconds += static_cast<double>(stretch.end - stretch.begin) * 1e-9 /
                    static_cast<double>(log->threads.size());
    if (stretch.thread)
      continue; // An op's work is counted once, not for every thread that shares it.
    ++line.calls;
    line.bytes += stretch.bytes;
    line.flops += stretch.flops;
  }
  std::vector<Line> sorted;
  for (auto &[key, line] : lines)
    sorted.push_back(line);
  std::sort(sorted.begin(), sorted.end(), [](const Line &a, const Line &b) {
    return std::tie(b.seconds, a.entry, a.op) < std::tie(a.seconds, b.entry, b.op);
  });
  return sorted;
}

std::string Profile::trace() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::json::OStream json(stream);
  std::vector<Stretch> all = stretches();
  int64_t origin = INT64_MAX;
  for (const Stretch &stretch : all)
    origin = std::min(origin, stretch.begin);
  json.object([&] {
    json.attribute("displayTimeUnit", "ns");
    json.attributeArray("traceEvents", [&] {
      for (const Stretch &stretch : all) {
        const Entry &entry = manifest.entries[static_cast<size_t>(stretch.entry)];
        const ProfiledOp &op = entry.profile[static_cast<size_t>(stretch.event)];
        json.object([&] {
          json.attribute("name", op.name);
          json.attribute("cat", entry.name);
          json.attribute("ph", "X");
          json.attribute("pid", 1);
          json.attribute("tid", static_cast<int64_t>(stretch.thread));
          json.attribute("ts", static_cast<double>(stretch.begin - origin) * 1e-3);
          json.attribute("dur", static_cast<double>(stretch.end - stretch.begin) * 1e-3);
          json.attributeObject("args", [&] {
            if (!op.label.empty())
              json.attribute("weights", op.label);
            if (op.layer >= 0)
              json.attribute("layer", op.layer);
            if (stretch.bytes > 0)
              json.attribute("bytes", stretch.bytes);
            if (stretch.flops > 0)
              json.attribute("flops", stretch.flops);
          });
        });
      }
    });
  });
  return text;
}
