//===- Contracts.cpp - what passes require, establish and invalidate --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The registry and the check of a pipeline before it runs.

#include "ignis/Pipelines/Contracts.h"

#include "Facts.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace ignis;

namespace {
struct Registry {
  std::vector<Fact> facts;
  std::vector<Contract> contracts;
};
/// Filled before any pass runs, like the tables of passes themselves. Never destroyed: a plugin,
/// and the code of its facts, may be gone by then.
Registry &registry() {
  static Registry &instance = *new Registry;
  return instance;
}

std::vector<std::string> words(StringRef text) {
  std::vector<std::string> result;
  SmallVector<StringRef> parts;
  llvm::SplitString(text, parts, " ");
  for (StringRef part : parts)
    result.push_back(part.str());
  return result;
}

template <typename T> void replaceOrAdd(std::vector<T> &all, T entry, std::string T::*key) {
  for (T &other : all)
    if (other.*key == entry.*key) {
      other = std::move(entry);
      return;
    }
  all.push_back(std::move(entry));
}

/// What the pipeline knows about one fact at one place.
struct Knowledge {
  bool holds = false;
  Operation *violation = nullptr; ///< in the input
  std::string invalidatedBy;      ///< a pass, if it held before
};

/// `'a' or 'b'` of the passes that establish the fact.
std::string establishers(StringRef fact) {
  std::vector<std::string> names;
  for (const Contract &contract : registeredContracts())
    if (llvm::is_contained(contract.established, fact))
      names.push_back("'" + contract.pass + "'");
  return llvm::join(names, " or ");
}
} // namespace

void ignis::registerFact(Fact fact) {
  replaceOrAdd(registry().facts, std::move(fact), &Fact::name);
}

void ignis::registerContract(Contract contract) {
  replaceOrAdd(registry().contracts, std::move(contract), &Contract::pass);
}

void ignis::registerContract(StringRef pass, StringRef required, StringRef established,
                             StringRef invalidated) {
  registerContract(Contract{pass.str(), words(required), words(established), words(invalidated)});
}

const std::vector<Fact> &ignis::registeredFacts() { return registry().facts; }
const std::vector<Contract> &ignis::registeredContracts() { return registry().contracts; }

const Fact *ignis::lookupFact(StringRef name) {
  for (const Fact &fact : registry().facts)
    if (fact.name == name)
      return &fact;
  return nullptr;
}

const Contract *ignis::lookupContract(StringRef pass) {
  for (const Contract &contract : registry().contracts)
    if (contract.pass == pass)
      return &contract;
  return nullptr;
}

bool ignis::forgetEstablished(StringRef pass, StringRef fact) {
  for (Contract &contract : registry().contracts)
    if (contract.pass == pass)
      for (auto it = contract.established.begin(); it != contract.established.end(); ++it)
        if (*it == fact) {
          contract.established.erase(it);
          return true;
        }
  return false;
}

std::vector<std::string> ignis::flattenPipeline(const OpPassManager &manager) {
  // Nested pass managers can be printed but not visited. NAME(...) is an anchor, NAME or NAME{...}
  // a pass.
  std::string text;
  llvm::raw_string_ostream stream(text);
  manager.printAsTextualPipeline(stream);
  std::vector<std::string> passes;
  std::string name;
  int braces = 0;
  auto finish = [&] {
    StringRef trimmed = StringRef(name).trim();
    if (!trimmed.empty())
      passes.push_back(trimmed.str());
    name.clear();
  };
  for (char c : text) {
    if (c == '{')
      ++braces;
    else if (c == '}')
      --braces;
    else if (braces)
      continue;
    else if (c == '(')
      name.clear();
    else if (c == ',' || c == ')')
      finish();
    else
      name += c;
  }
  finish();
  return passes;
}

LogicalResult ignis::checkContracts(Operation *module, ArrayRef<std::string> passes) {
  llvm::StringMap<Knowledge> known;
  // Facts of the input are looked for only where something asks.
  auto know = [&](const std::string &fact) -> Knowledge & {
    auto [it, isNew] = known.try_emplace(fact);
    if (isNew)
      if (const Fact *entry = lookupFact(fact)) {
        it->second.violation = entry->findViolation(module);
        it->second.holds = !it->second.violation;
      }
    return it->second;
  };
  for (auto [i, pass] : llvm::enumerate(passes)) {
    const Contract *contract = lookupContract(pass);
    if (!contract)
      continue;
    for (const std::string &fact : contract->required) {
      Knowledge &knowledge = know(fact);
      if (knowledge.holds)
        continue;
      const Fact *entry = lookupFact(fact);
      std::string makers = establishers(fact);
      InFlightDiagnostic error =
          emitError(module->getLoc())
          << "illegal pass order: '" << pass << "' (pass " << i + 1 << ") requires '" << fact << "'"
          << (entry ? " (" + entry->summary + ")" : std::string()) << ", which ";
      if (!knowledge.invalidatedBy.empty())
        error << "'" << knowledge.invalidatedBy << "' before it invalidates";
      else if (knowledge.violation)
        error << "'" << knowledge.violation->getName().getStringRef()
              << "' in the input contradicts";
      else
        error << "is not known";
      if (!makers.empty())
        error << "; put " << makers << " before it";
      else if (!knowledge.invalidatedBy.empty())
        error << "; put it before '" << knowledge.invalidatedBy << "'";
      else
        error << "; no pass establishes it";
      if (knowledge.violation && knowledge.invalidatedBy.empty())
        error.attachNote(knowledge.violation->getLoc()) << "this op";
      return failure();
    }
    for (const std::string &fact : contract->invalidated) {
      Knowledge &knowledge = know(fact);
      if (knowledge.holds)
        knowledge.invalidatedBy = pass;
      knowledge.holds = false;
    }
    for (const std::string &fact : contract->established)
      know(fact).holds = true;
  }
  return success();
}

void ignis::registerContracts() {
  registerFacts();
#define IGNIS_CONTRACT(PASS, REQUIRED, ESTABLISHED, INVALIDATED)                                   \
  registerContract(PASS, REQUIRED, ESTABLISHED, INVALIDATED);
#include "ignis/Dialect/Ignis/Transforms/Contracts.def" // In order of the phases.

#include "ignis/Transforms/Contracts.def"

#include "ignis/Conversion/Contracts.def"

#include "ignis/Pipelines/Contracts.def"
#undef IGNIS_CONTRACT
}
