//===- VerifySignatures.cpp - a module's entry points and weights against each other
//-----------===//
// SPDX-License-Identifier: Apache-2.0
//
// See VerifySignatures.h. Works on tensors and on memrefs.

#include "VerifySignatures.h"

#include "Facts.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace ignis;

//===----------------------------------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------------------------------===//

static bool sameElements(ShapedType a, ShapedType b) {
  return a.getShape() == b.getShape() && a.getElementType() == b.getElementType();
}

/// Several names: rows of all, one below the other, as far as ops of single names say.
static LogicalResult verifyConcatenation(WeightOp weight, const llvm::StringMap<ShapedType> &types,
                                         Broken broken) {
  auto type = cast<ShapedType>(weight.getType());
  int64_t rows = 0;
  for (Attribute attribute : weight.getNames()) {
    StringRef name = cast<StringAttr>(attribute).getValue();
    ShapedType part = types.lookup(name);
    if (!part)
      return success();
    if (part.getRank() != type.getRank() || part.getElementType() != type.getElementType() ||
        part.getShape().back() != type.getShape().back())
      return broken(weight) << "weight '" << name << "' has type " << part
                            << " by itself and cannot be part of " << type;
    rows += part.getDimSize(0);
  }
  if (rows != type.getDimSize(0))
    return broken(weight) << "its tensors have " << rows << " rows by themselves, here "
                          << type.getDimSize(0);
  return success();
}

LogicalResult ignis::verifyWeights(ModuleOp module, Broken broken) {
  llvm::StringMap<ShapedType> types;
  SmallVector<WeightOp> several;
  WalkResult walk = module.walk([&](WeightOp weight) {
    auto type = cast<ShapedType>(weight.getType());
    if (weight.getNames().size() != 1) {
      several.push_back(weight);
      return WalkResult::advance();
    }
    StringRef name = cast<StringAttr>(weight.getNames()[0]).getValue();
    ShapedType first = types.try_emplace(name, type).first->second;
    if (sameElements(first, type))
      return WalkResult::advance();
    return WalkResult(broken(weight) << "weight '" << name << "' has type " << weight.getType()
                                     << " here and " << first << " before");
  });
  if (walk.wasInterrupted())
    return failure();
  return failure(llvm::any_of(several, [&](WeightOp weight) {
    return failed(verifyConcatenation(weight, types, broken));
  }));
}

//===----------------------------------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------------------------------===//

namespace {
/// What the entry points agree on in an argument of this role: empty for those that are each one's
/// own.
ArrayRef<int64_t> sharedShape(StringRef role, ArrayRef<int64_t> shape) {
  size_t dims = llvm::StringSwitch<size_t>(role)
                    .Cases({"input", "embedded", "logits"}, 1)
                    .Case("rope_table", 2)
                    .Case("k_cache", 5) // A batch has one for each sequence.
                    .Case("v_cache", 4)
                    .Default(0);
  return shape.take_back(std::min(dims, shape.size()));
}

struct Argument {
  func::FuncOp entry;
  ShapedType type;
  Attribute base; ///< of a rope table
};

bool agree(StringRef role, const Argument &a, const Argument &b) {
  return sharedShape(role, a.type.getShape()) == sharedShape(role, b.type.getShape()) &&
         a.type.getElementType() == b.type.getElementType() && a.base == b.base;
}

/// Roles in order; one that comes twice counts once (ignis-outline-ops refuses it).
SmallVector<StringRef> rolesOf(func::FuncOp entry) {
  SmallVector<StringRef> roles;
  for (unsigned i = 0; i < entry.getNumArguments(); ++i)
    if (auto role = entry.getArgAttrOfType<StringAttr>(i, kRoleAttr);
        role && !llvm::is_contained(roles, role.getValue()))
      roles.push_back(role.getValue());
  return roles;
}

LogicalResult verifyOrder(func::FuncOp entry, func::FuncOp other, Broken broken) {
  SmallVector<StringRef> roles = rolesOf(entry), others = rolesOf(other);
  llvm::erase_if(roles, [&](StringRef role) { return !llvm::is_contained(rolesOf(other), role); });
  llvm::erase_if(others, [&](StringRef role) { return !llvm::is_contained(roles, role); });
  for (auto [role, expected] : llvm::zip_equal(roles, others))
    if (role != expected)
      return broken(entry) << "the argument with the role '" << role << "' stands before '"
                           << expected << "', behind it in entry '" << other.getName() << "'";
  return success();
}
} // namespace

LogicalResult ignis::verifySignatures(ModuleOp module, Broken broken) {
  llvm::StringMap<Argument> shared; // by role, of the first entry that has it
  SmallVector<func::FuncOp> entries;
  for (auto entry : module.getOps<func::FuncOp>()) {
    if (!isEntry(entry))
      continue;
    for (func::FuncOp other : entries)
      if (failed(verifyOrder(entry, other, broken)))
        return failure();
    entries.push_back(entry);
    for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
      auto role = entry.getArgAttrOfType<StringAttr>(i, kRoleAttr);
      auto type = dyn_cast<ShapedType>(entry.getArgumentTypes()[i]);
      if (!role || !type || !type.hasRank() ||
          sharedShape(role.getValue(), type.getShape()).empty())
        continue;
      // What is embedded is the input of the others.
      StringRef name = role.getValue() == "embedded" ? "input" : role.getValue();
      Argument argument{entry, type, entry.getArgAttr(i, kRopeBaseAttr)};
      Argument first = shared.try_emplace(name, argument).first->second;
      if (!agree(name, argument, first))
        return broken(entry) << "argument " << i << " with the role " << role << " is " << type
                             << ", which does not fit " << first.type << " of entry '"
                             << first.entry.getName() << "'"
                             << (argument.base == first.base ? "" : ", or their bases differ");
    }
  }
  return success();
}
