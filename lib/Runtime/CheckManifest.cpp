//===- CheckManifest.cpp - a module's entry points against each other -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Entry points share the caches, the table of angles and the arguments' places, so a call is safe
// only if all of them see these alike.

#include "ignis/Runtime/Manifest.h"
#include "ignis/Runtime/ThreadTeam.h"

#include <cmath>

using namespace ignis;
using namespace ignis::runtime;

static llvm::Error fault(const Entry &entry, const std::string &what) {
  return llvm::createStringError("module manifest: entry '" + entry.name + "': " + what);
}

/// Bytes that code for this argument may touch, at least; -1 if that overflows.
static int64_t leastBytes(const Argument &argument) {
  bool cache = argument.role == Role::KeyCache || argument.role == Role::ValueCache;
  int64_t bytes = cache ? 2 : 4; // float16 or more, float32 or int32
  for (int64_t size : argument.shape)
    if (__builtin_mul_overflow(bytes, size, &bytes))
      return -1;
  return bytes;
}

static llvm::Error checkArguments(const Entry &entry) {
  if (entry.arguments.size() > ThreadTeam::kMostArguments)
    return fault(entry, "expected at most " + std::to_string(ThreadTeam::kMostArguments) +
                            " arguments, got " + std::to_string(entry.arguments.size()));
  for (const Argument &argument : entry.arguments) {
    if (entry.find(argument.role) != &argument)
      return fault(entry, "expected each role once, got one twice");
    if (argument.shape.empty())
      continue;
    int64_t least = leastBytes(argument);
    if (least < 0 || argument.bytes < least)
      return fault(entry, "an argument of " + std::to_string(argument.bytes) +
                              " bytes is too small for its shape");
  }
  return llvm::Error::success();
}

llvm::Error ignis::runtime::checkManifest(const Manifest &manifest) {
  const Argument *table = nullptr;
  for (const Entry &entry : manifest.entries) {
    if (manifest.find(entry.name) != &entry)
      return fault(entry, "expected once, got a second time");
    if (llvm::Error error = checkArguments(entry))
      return error;
    const Argument *own = entry.find(Role::RopeTable), *values = entry.find(Role::ValueCache);
    if (!own)
      continue;
    if (!std::isfinite(own->ropeBase))
      return fault(entry, "expected a finite base of the rope table");
    if (table && (own->shape != table->shape || own->ropeBase != table->ropeBase))
      return fault(entry, "expected the rope table of the other entries, got another one");
    table = own;
    // [.., positions, head size] whatever comes before.
    if (values && values->shape.size() >= 2 &&
        own->shape[0] < values->shape[values->shape.size() - 2])
      return fault(entry, "the rope table has " + std::to_string(own->shape[0]) +
                              " positions, expected the caches' " +
                              std::to_string(values->shape[values->shape.size() - 2]));
  }
  return llvm::Error::success();
}
