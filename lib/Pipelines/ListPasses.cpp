//===- ListPasses.cpp - contracts as JSON and as text -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Behind `ignis-opt --ignis-list-passes`.

#include "ignis/Pipelines/Contracts.h"
#include "ignis/Pipelines/Pipelines.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace ignis;
namespace json = llvm::json;

namespace {
json::Array array(const std::vector<std::string> &names) {
  json::Array result;
  for (const std::string &name : names)
    result.push_back(name);
  return result;
}

/// The pass, as its flag adds it to a pipeline, in text: `NAME{OPTION=DEFAULT ...}`; empty if there
/// is no such pass. A pass that runs on functions comes with its anchor.
std::string textOf(StringRef pass) {
  const PassInfo *info = PassInfo::lookup(pass);
  if (!info)
    return "";
  OpPassManager manager(OpPassManager::Nesting::Implicit);
  if (failed(info->addToPipeline(manager, "", [](const Twine &) { return failure(); })))
    return "";
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (const Pass &added : manager.getPasses())
    const_cast<Pass &>(added).printAsTextualPipeline(stream);
  return text;
}

/// {NAME: DEFAULT} from `NAME{OPTION=DEFAULT ...}`, all values as text.
json::Object optionsOf(StringRef text) {
  json::Object result;
  size_t open = text.find('{'), close = text.rfind('}');
  if (open == StringRef::npos || close == StringRef::npos)
    return result;
  SmallVector<StringRef> parts;
  text.slice(open + 1, close).split(parts, ' ', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    auto [name, value] = part.split('=');
    result[name.str()] = value.trim('"').str();
  }
  return result;
}

} // namespace

std::string ignis::contractsJSON() {
  json::Array facts, passes, pipelines;
  for (const Fact &fact : registeredFacts())
    facts.push_back(json::Object{{"name", fact.name}, {"summary", fact.summary}});
  for (const Contract &contract : registeredContracts()) {
    const PassInfo *info = PassInfo::lookup(contract.pass);
    std::string text = textOf(contract.pass);
    passes.push_back(json::Object{{"name", contract.pass},
                                  {"summary", info ? info->getPassDescription() : ""},
                                  {"options", optionsOf(text)},
                                  {"requires", array(contract.required)},
                                  {"establishes", array(contract.established)},
                                  {"invalidates", array(contract.invalidated)}});
  }
  for (StringRef name : pipelineNames()) {
    const PassPipelineInfo *info = PassPipelineInfo::lookup(name);
    OpPassManager manager("builtin.module", OpPassManager::Nesting::Implicit);
    if (!info || failed(info->addToPipeline(manager, "", [](const Twine &) { return failure(); })))
      continue;
    pipelines.push_back(json::Object{{"name", name},
                                     {"summary", info->getPassDescription()},
                                     {"passes", array(flattenPipeline(manager))}});
  }
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << llvm::formatv("{0:2}", json::Value(json::Object{{"facts", std::move(facts)},
                                                            {"passes", std::move(passes)},
                                                            {"pipelines", std::move(pipelines)}}))
         << '\n';
  return text;
}

std::string ignis::contractsText() {
  std::string text;
  llvm::raw_string_ostream stream(text);
  auto row = [&](StringRef pass, StringRef required, StringRef made, StringRef lost) {
    stream << "| " << llvm::left_justify(pass, 31) << " | " << llvm::left_justify(required, 48)
           << " | " << llvm::left_justify(made, 15) << " | " << llvm::left_justify(lost, 38)
           << " |\n";
  };
  row("pass", "requires", "establishes", "invalidates");
  row("---", "---", "---", "---");
  for (const Contract &contract : registeredContracts())
    row(contract.pass, llvm::join(contract.required, ", "), llvm::join(contract.established, ", "),
        llvm::join(contract.invalidated, ", "));
  stream << '\n';
  for (const Fact &fact : registeredFacts())
    stream << "| " << llvm::left_justify(fact.name, 15) << " | " << fact.summary << " |\n";
  return text;
}
