//===- OptionTable.cpp - command lines --------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See OptionTable.h.

#include "OptionTable.h"

#include "llvm/ADT/StringRef.h"

#include <cerrno>
#include <cstdlib>
#include <sstream>

using namespace ignis::tools;

void OptionTable::add(const char *names, const char *value, const char *help,
                      std::function<bool(const std::string &, std::string &)> set) {
  Option option;
  std::istringstream stream(names);
  for (std::string name; stream >> name;)
    option.names.push_back(name);
  option.value = value;
  option.text = help;
  option.set = std::move(set);
  options.push_back(std::move(option));
}

void OptionTable::flag(const char *names, bool &variable, const char *help) {
  add(names, "", help, [&variable](const std::string &, std::string &) { return variable = true; });
}

void OptionTable::text(const char *names, std::string &variable, const char *value,
                       const char *help, bool mayBeEmpty) {
  std::string expected = std::string("expected ") + value;
  add(names, value, help, [=, &variable](const std::string &given, std::string &error) {
    if (given.empty() && !mayBeEmpty) {
      error = expected;
      return false;
    }
    variable = given;
    return true;
  });
}

void OptionTable::list(const char *names, std::vector<std::string> &variable, const char *value,
                       const char *help) {
  add(names, value, help, [&variable](const std::string &given, std::string &) {
    variable.push_back(given);
    return true;
  });
}

void OptionTable::integer(const char *names, int64_t &variable, const char *value, const char *help,
                          int64_t least, int64_t most) {
  add(names, value, help, [=, &variable](const std::string &given, std::string &error) {
    char *end = nullptr;
    errno = 0;
    long long number = std::strtoll(given.c_str(), &end, 10);
    if (given.empty() || *end || errno || number < least || number > most) {
      error = "expected an integer from " + std::to_string(least);
      if (most != std::numeric_limits<int64_t>::max())
        error += " to " + std::to_string(most);
      else
        error += " on";
      return false;
    }
    variable = number;
    return true;
  });
}

void OptionTable::number(const char *names, double &variable, const char *value, const char *help,
                         double least, double most) {
  add(names, value, help, [=, &variable](const std::string &given, std::string &error) {
    char *end = nullptr;
    double number = std::strtod(given.c_str(), &end);
    if (given.empty() || *end || !(number >= least) || !(number <= most)) {
      std::ostringstream message;
      message << "expected a number from " << least << " to " << most;
      error = message.str();
      return false;
    }
    variable = number;
    return true;
  });
}

void OptionTable::choice(const char *names, std::string &variable, std::vector<std::string> choices,
                         const char *help) {
  std::string value;
  for (const std::string &choice : choices)
    value += (value.empty() ? "" : "|") + choice;
  add(names, value.c_str(), help, [=, &variable](const std::string &given, std::string &error) {
    for (const std::string &choice : choices)
      if (choice == given) {
        variable = given;
        return true;
      }
    error = "expected " + value;
    return false;
  });
}

bool OptionTable::given(const std::string &name) const {
  for (const Option &option : options)
    for (const std::string &candidate : option.names)
      if (candidate == name)
        return option.seen;
  return false;
}

std::string OptionTable::nearest(const std::string &name) const {
  const std::string *best = nullptr;
  unsigned least = static_cast<unsigned>(name.size()) / 3 + 1; // Further away is no misspelling.
  for (const Option &option : options)
    for (const std::string &candidate : option.names) {
      unsigned distance = llvm::StringRef(name).edit_distance(candidate, true, least);
      if (candidate.size() > 2 && distance < least) {
        least = distance;
        best = &candidate;
      }
    }
  return best ? "did you mean '" + *best + "'?" : "see --help";
}

bool OptionTable::parse(int argc, char **argv, std::vector<std::string> &rest, std::string &error) {
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument == "--") { // Whatever follows is no option.
      rest.insert(rest.end(), argv + i + 1, argv + argc);
      break;
    }
    if (argument.size() < 2 || argument[0] != '-') {
      rest.push_back(argument);
      continue;
    }
    size_t equals = argument.find('=');
    std::string name = argument.substr(0, equals);
    Option *found = nullptr;
    for (Option &option : options)
      for (const std::string &candidate : option.names)
        if (candidate == name)
          found = &option;
    if (!found) {
      error = "unknown option '" + name + "' (" + nearest(name) + ")";
      return false;
    }
    std::string value;
    if (found->value.empty()) {
      if (equals != std::string::npos) {
        error = name + " takes no value";
        return false;
      }
    } else if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (i + 1 < argc) {
      value = argv[++i];
    } else {
      error = name + " wants a value: " + found->value;
      return false;
    }
    std::string complaint;
    if (!found->set(value, complaint)) {
      error = name + ": " + complaint + ", got '" + value + "'";
      return false;
    }
    found->seen = true;
  }
  return true;
}

std::string OptionTable::help() const {
  std::string out;
  for (const Option &option : options) {
    std::string line = "  ";
    for (size_t i = 0; i < option.names.size(); ++i)
      line += (i ? ", " : "") + option.names[i];
    if (!option.value.empty())
      line += " " + option.value;
    if (line.size() < 34)
      line.append(34 - line.size(), ' ');
    else
      line += "\n" + std::string(34, ' ');
    out += line + option.text + "\n";
  }
  return out;
}
