//===- Manifest.cpp - what a compiled module wants from the runtime ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Manifest.h. Ahead-of-time modules come from files, so every number is checked before it is
// used as a size.

#include "ignis/Runtime/Manifest.h"

#include "ignis/Execution/ModuleABI.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/JSON.h"

#include <optional>

using namespace ignis;
using namespace ignis::runtime;
namespace json = llvm::json;

const Argument *Entry::find(Role role) const {
  for (const Argument &argument : arguments)
    if (argument.role == role)
      return &argument;
  return nullptr;
}

const Entry *Manifest::find(llvm::StringRef name) const {
  for (const Entry &entry : entries)
    if (entry.name == name)
      return &entry;
  return nullptr;
}

namespace {
constexpr int64_t kMostBytes = int64_t(1) << 46;

class Parser {
public:
  llvm::Error error() {
    return message.empty() ? llvm::Error::success()
                           : llvm::createStringError("module manifest: " + message);
  }

  int64_t integer(const json::Object &object, llvm::StringRef key, int64_t least, int64_t most) {
    std::optional<int64_t> value = object.getInteger(key);
    if (!value || *value < least || *value > most) {
      fail(key.str() + " is missing or out of range");
      return least;
    }
    return *value;
  }
  std::string text(const json::Object &object, llvm::StringRef key) {
    std::optional<llvm::StringRef> value = object.getString(key);
    if (!value)
      fail(key.str() + " is missing");
    return value ? value->str() : std::string();
  }
  template <typename F> void each(const json::Object &object, llvm::StringRef key, F body) {
    const json::Array *array = object.getArray(key);
    if (!array)
      return fail(key.str() + " is missing");
    for (const json::Value &value : *array) {
      const json::Object *element = value.getAsObject();
      if (!element)
        return fail(key.str() + " holds something that is no object");
      body(*element);
    }
  }

  void weight(const json::Object &object, Manifest &manifest) {
    WeightRequest request;
    if (const json::Array *names = object.getArray("tensors"))
      for (const json::Value &name : *names)
        if (auto text = name.getAsString())
          request.tensors.push_back(text->str());
    if (request.tensors.empty())
      fail("a weight names no tensor");
    std::string layout = text(object, "layout");
    if (layout != "file" && layout != "interleaved")
      fail("unknown weight layout '" + layout + "'");
    request.interleaved = layout == "interleaved";
    request.type = text(object, "type");
    request.rows = integer(object, "rows", 1, INT32_MAX);
    request.columns = integer(object, "cols", 1, INT32_MAX);
    manifest.weights.push_back(std::move(request));
  }

  void entry(const json::Object &object, Manifest &manifest) {
    Entry entry;
    entry.name = text(object, "name");
    entry.slots = integer(object, "slots", 0, 1 << 24);
    entry.maxRows = integer(object, "max_rows", 1, 1 << 24);
    each(object, "args", [&](const json::Object &element) { argument(element, entry, manifest); });
    if (object.get("profile"))
      each(object, "profile", [&](const json::Object &element) { profiled(element, entry); });
    manifest.entries.push_back(std::move(entry));
  }

  void profiled(const json::Object &object, Entry &entry) {
    ProfiledOp op;
    op.name = text(object, "op");
    if (auto label = object.getString("weights"))
      op.label = label->str();
    op.layer = object.getInteger("layer").value_or(-1);
    op.lastRow = object.getInteger("rows").value_or(0) == 1;
    for (auto [key, cost] : {std::pair("bytes", &op.bytes), std::pair("flops", &op.flops)}) {
      const json::Array *array = object.getArray(key);
      double *parts[] = {&cost->fixed, &cost->perRow, &cost->perPosition};
      for (size_t i = 0; array && i < 3 && i < array->size(); ++i)
        *parts[i] = (*array)[i].getAsNumber().value_or(0);
    }
    entry.profile.push_back(std::move(op));
  }

  void argument(const json::Object &object, Entry &entry, const Manifest &manifest) {
    std::string name = text(object, "role");
    auto role = llvm::StringSwitch<std::optional<Role>>(name)
                    .Case("tokens", Role::Tokens)
                    .Case("embedded", Role::Embedded)
                    .Case("input", Role::Input)
                    .Case("position", Role::Position)
                    .Case("rows", Role::Rows)
                    .Case("positions", Role::Positions)
                    .Case("sequences", Role::Sequences)
                    .Case("rope_table", Role::RopeTable)
                    .Case("k_cache", Role::KeyCache)
                    .Case("v_cache", Role::ValueCache)
                    .Case("logits", Role::Logits)
                    .Default(std::nullopt);
    if (!role)
      return fail("unknown role '" + name + "'");
    Argument argument;
    argument.role = *role;
    if (*role != Role::Position && *role != Role::Rows) {
      argument.bytes = integer(object, "bytes", 0, kMostBytes);
      if (const json::Array *shape = object.getArray("shape"))
        for (const json::Value &size : *shape)
          argument.shape.push_back(size.getAsInteger().value_or(0));
      if (argument.shape.empty())
        fail("argument '" + name + "' has no shape");
      for (int64_t size : argument.shape)
        if (size < 1)
          fail("argument '" + name + "' has an empty shape");
    }
    if (object.get("arena_offset")) {
      argument.arenaOffset = integer(object, "arena_offset", 0, manifest.arenaBytes);
      if (argument.arenaOffset + argument.bytes > manifest.arenaBytes)
        fail("argument '" + name + "' reaches beyond the arena");
    }
    if (*role == Role::RopeTable) {
      argument.ropeBase = object.getNumber("base").value_or(0);
      if (!(argument.ropeBase >= 1) || argument.shape.size() != 2)
        fail("the rope table has no base or a wrong shape");
    }
    entry.arguments.push_back(std::move(argument));
  }

  void fail(std::string text) {
    if (message.empty())
      message = std::move(text);
  }

private:
  std::string message;
};
} // namespace

llvm::Expected<Manifest> ignis::runtime::parseManifest(llvm::StringRef text) {
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value)
    return llvm::createStringError("module manifest: " + llvm::toString(value.takeError()));
  const json::Object *root = value->getAsObject();
  if (!root)
    return llvm::createStringError("module manifest: expected an object");
  Parser parser;
  Manifest manifest;
  if (parser.integer(*root, "abi", 0, INT32_MAX) != kModuleABIVersion)
    return llvm::createStringError(
        "module manifest: made for another version of ignis, expected ABI " +
        std::to_string(kModuleABIVersion));
  manifest.kernels = parser.text(*root, "kernels");
  manifest.arenaBytes = parser.integer(*root, "arena_bytes", 0, kMostBytes);
  manifest.scratchBytes = parser.integer(*root, "scratch_bytes", 0, kMostBytes);
  parser.each(*root, "weights",
              [&](const json::Object &object) { parser.weight(object, manifest); });
  parser.each(*root, "entries",
              [&](const json::Object &object) { parser.entry(object, manifest); });
  if (llvm::Error error = parser.error())
    return error;
  if (llvm::Error error = checkManifest(manifest))
    return error;
  return manifest;
}
