//===- VerifyEntry.cpp - what the runtime relies on in an entry point -------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Modules are text that people edit. The runtime passes a pointer or a number for every argument,
// by its role alone, so role and type must agree, and what lies in the arena must end there.

#include "VerifyEntry.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSwitch.h"

#include <cmath>

using namespace mlir;
using namespace ignis;

namespace {
/// What an argument of a role is.
struct RoleType {
  enum Kind { Value, Int32, Float32, Cache, Bytes } kind;
  int64_t rankFrom, rankTo;
};
} // namespace

static std::optional<RoleType> typeOfRole(StringRef role) {
  using R = RoleType;
  return llvm::StringSwitch<std::optional<R>>(role)
      .Cases({"position", "rows"}, R{R::Value, 0, 0})
      .Cases({"tokens", "positions", "sequences"}, R{R::Int32, 1, 1})
      .Cases({"embedded", "input", "logits", "rope_table"}, R{R::Float32, 2, 2})
      .Case("k_cache", R{R::Cache, 5, 6}) // 6 and 5: of several sequences
      .Case("v_cache", R{R::Cache, 4, 5})
      .Case("arena", R{R::Bytes, 1, 1})
      .Default(std::nullopt);
}

/// "index", or for instance "a memref of f32, rank 2".
static std::string describe(const RoleType &wanted) {
  if (wanted.kind == RoleType::Value)
    return "index";
  static const char *const elements[] = {"", "i32", "f32", "f16 or f32", "i8"};
  std::string text = std::string("a static memref of ") + elements[wanted.kind] + ", rank " +
                     std::to_string(wanted.rankFrom);
  return wanted.rankTo == wanted.rankFrom ? text : text + " or " + std::to_string(wanted.rankTo);
}

static bool matches(Type type, const RoleType &wanted) {
  if (wanted.kind == RoleType::Value)
    return type.isIndex();
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref || !memref.hasStaticShape() || !memref.getLayout().isIdentity() ||
      memref.getRank() < wanted.rankFrom || memref.getRank() > wanted.rankTo)
    return false;
  Type element = memref.getElementType();
  switch (wanted.kind) {
  case RoleType::Int32:
    return element.isSignlessInteger(32);
  case RoleType::Float32:
    return element.isF32();
  case RoleType::Cache:
    return element.isF16() || element.isF32();
  case RoleType::Bytes:
    return element.isSignlessInteger(8);
  case RoleType::Value:
    break;
  }
  return false;
}

LogicalResult ignis::verifyEntry(func::FuncOp function) {
  llvm::StringMap<BlockArgument> seen;
  for (BlockArgument argument : function.getArguments()) {
    unsigned i = argument.getArgNumber();
    auto role = function.getArgAttrOfType<StringAttr>(i, kRoleAttr);
    if (!role)
      return function.emitError("argument ") << i << " has no " << kRoleAttr;
    std::optional<RoleType> wanted = typeOfRole(role.getValue());
    if (!wanted)
      return function.emitError("argument ") << i << " has the unknown role " << role;
    if (!matches(argument.getType(), *wanted))
      return function.emitError("argument ") << i << " with the role " << role << " must be "
                                             << describe(*wanted) << ", got " << argument.getType();
    if (!seen.try_emplace(role.getValue(), argument).second)
      return function.emitError("argument ")
             << i << " has the role " << role << ", which another one has too";
  }
  if (BlockArgument table = seen.lookup("rope_table")) {
    auto base = function.getArgAttrOfType<FloatAttr>(table.getArgNumber(), kRopeBaseAttr);
    if (!base || !(base.getValueAsDouble() >= 1) || !std::isfinite(base.getValueAsDouble()))
      return function.emitError("argument ") << table.getArgNumber() << " needs " << kRopeBaseAttr
                                             << ", a finite number of at least 1";
  }
  // Arguments in the arena.
  BlockArgument arena = seen.lookup("arena");
  int64_t arenaBytes = arena ? cast<MemRefType>(arena.getType()).getDimSize(0) : 0;
  for (BlockArgument argument : function.getArguments()) {
    unsigned i = argument.getArgNumber();
    Attribute attribute = function.getArgAttr(i, kOffsetAttr);
    if (!attribute)
      continue;
    auto offset = dyn_cast<IntegerAttr>(attribute);
    if (!offset || !isa<MemRefType>(argument.getType()))
      return function.emitError("argument ")
             << i << " has a " << kOffsetAttr << " that is no integer, or is no memref";
    if (failed(verifyPlace(function, cast<MemRefType>(argument.getType()), offset.getInt(),
                           arenaBytes)))
      return failure();
  }
  return success();
}

LogicalResult ignis::verifyPlace(Operation *op, MemRefType type, int64_t offset,
                                 int64_t arenaBytes) {
  FailureOr<int64_t> bytes = getSizeInBytes(type);
  if (failed(bytes))
    return op->emitError("a type of unknown size in the arena: ") << type;
  int64_t end = 0;
  if (offset < 0 || llvm::AddOverflow(offset, *bytes, end) || end > arenaBytes)
    return op->emitError() << "bytes " << offset << " to " << offset + *bytes << " of " << type
                           << " lie outside the arena of " << arenaBytes;
  // Kernels and vector code want elements where elements may be.
  if (offset % 4 && !type.getElementType().isInteger(8))
    return op->emitError() << "offset " << offset << " in the arena is not a multiple of 4";
  return success();
}
