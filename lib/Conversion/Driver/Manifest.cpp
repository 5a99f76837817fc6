//===- Manifest.cpp - what a compiled module tells the runtime --------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Manifest.h.

#include "Manifest.h"

#include "ignis/Execution/ModuleABI.h"

using namespace mlir;
using namespace ignis;

static StringRef roleOf(func::FuncOp function, unsigned argument) {
  auto role = function.getArgAttrOfType<StringAttr>(argument, kRoleAttr);
  return role ? role.getValue() : StringRef();
}

bool Manifest::isEntry(func::FuncOp function) {
  if (function.isExternal())
    return false;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (!roleOf(function, i).empty())
      return true;
  return false;
}

bool Manifest::isArena(func::FuncOp function, BlockArgument argument) {
  return roleOf(function, argument.getArgNumber()) == "arena";
}

int64_t Manifest::argumentIndex(func::FuncOp function, BlockArgument argument) {
  int64_t index = 0;
  for (unsigned i = 0; i < argument.getArgNumber(); ++i)
    index += roleOf(function, i) != "arena";
  return index;
}

static std::string elementName(Type type) {
  if (isa<Q8_0Type>(type))
    return "q8_0";
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

int64_t Manifest::weightIndex(WeightOp weight, OpOperand &use) {
  auto type = cast<ShapedType>(weight.getType());
  bool packed = interleaved && isa<Q8_0Type>(type.getElementType()) &&
                isa<LinearOp, LinearGroupOp, LinearSwigluOp>(use.getOwner());
  // Names and types are unique in the context.
  auto [it, isNew] =
      weightIndices.try_emplace({{weight.getNames().getAsOpaquePointer(), packed}, type},
                                static_cast<int64_t>(weights.size()));
  if (isNew)
    weights.push_back({weight.getNames(), type, packed});
  return it->second;
}

// Keys in alphabetical order, as llvm::json::Value writes them.
void Manifest::write(llvm::json::OStream &stream, const Weight &weight) {
  ShapedType type = weight.type;
  stream.object([&] {
    stream.attribute("cols", type.getShape().back());
    stream.attribute("layout", weight.interleaved ? "interleaved" : "file");
    stream.attribute("rows", type.getRank() == 2 ? type.getDimSize(0) : 1);
    stream.attributeArray("tensors", [&] {
      for (Attribute name : weight.names)
        stream.value(cast<StringAttr>(name).getValue());
    });
    stream.attribute("type", elementName(type.getElementType()));
  });
}

LogicalResult Manifest::addEntry(func::FuncOp function, int64_t slots, llvm::json::Array profile) {
  llvm::json::Array arguments;
  int64_t mostRows = 1;
  for (BlockArgument argument : function.getArguments()) {
    unsigned i = argument.getArgNumber();
    std::string role = roleOf(function, i).str();
    auto type = dyn_cast<MemRefType>(argument.getType());
    if (role.empty())
      return function.emitError("argument ") << i << " has no " << kRoleAttr;
    if (role == "arena") {
      arenaBytes = std::max(arenaBytes, type.getDimSize(0));
      continue;
    }
    llvm::json::Object object{{"role", role}};
    if (!type) {
      object["type"] = "index";
    } else {
      FailureOr<int64_t> bytes = getSizeInBytes(type);
      if (failed(bytes))
        return function.emitError("argument ") << i << " has a type of unknown size: " << type;
      object["type"] = elementName(type.getElementType());
      object["shape"] = llvm::json::Array(type.getShape());
      object["bytes"] = *bytes;
      if (role == "input" || role == "tokens")
        mostRows = type.getDimSize(0);
    }
    if (auto base = function.getArgAttrOfType<FloatAttr>(i, kRopeBaseAttr))
      object["base"] = base.getValueAsDouble();
    if (auto offset = function.getArgAttrOfType<IntegerAttr>(i, kOffsetAttr))
      object["arena_offset"] = offset.getInt();
    arguments.push_back(std::move(object));
  }
  function.walk(
      [&](ComputeOpInterface op) { scratchBytes = std::max(scratchBytes, op.getScratchBytes()); });
  llvm::json::Object entry{{"name", function.getName().str()},
                           {"symbol", ("ignis_entry_" + function.getName()).str()},
                           {"slots", slots},
                           {"max_rows", mostRows},
                           {"args", std::move(arguments)}};
  if (!profile.empty())
    entry["profile"] = std::move(profile);
  entries.push_back(std::move(entry));
  return success();
}

std::string Manifest::json() const {
  std::string text;
  llvm::raw_string_ostream characters(text);
  llvm::json::OStream stream(characters);
  stream.object([&] {
    stream.attribute("abi", kModuleABIVersion);
    stream.attribute("arena_bytes", arenaBytes);
    stream.attribute("cpu", cpu);
    stream.attributeArray("entries", [&] {
      for (const llvm::json::Value &entry : entries)
        stream.value(entry);
    });
    stream.attribute("kernels", kernels);
    stream.attribute("scratch_bytes", scratchBytes);
    stream.attributeArray("weights", [&] {
      for (const Weight &weight : weights)
        write(stream, weight);
    });
  });
  return text;
}
