//===- OptionTable.h - command lines ----------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// `--name value`, `--name=value` and flags, each bound to a variable; behind `--` nothing is an
// option. One line for every mistake; the caller exits with 2. (llvm::cl exits by itself, with 1.)

#ifndef IGNIS_TOOLS_COMMON_OPTIONTABLE_H
#define IGNIS_TOOLS_COMMON_OPTIONTABLE_H

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace ignis::tools {

class OptionTable {
public:
  void flag(const char *names, bool &variable, const char *help);
  /// An empty value is a mistake (of a script's unset variable, mostly) unless it means something.
  void text(const char *names, std::string &variable, const char *value, const char *help,
            bool mayBeEmpty = false);
  void list(const char *names, std::vector<std::string> &variable, const char *value,
            const char *help);
  void integer(const char *names, int64_t &variable, const char *value, const char *help,
               int64_t least, int64_t most = std::numeric_limits<int64_t>::max());
  void number(const char *names, double &variable, const char *value, const char *help,
              double least, double most);
  void choice(const char *names, std::string &variable, std::vector<std::string> choices,
              const char *help);
  /// Whether the option was on the command line.
  bool given(const std::string &name) const;

  /// False with a message if an option is unknown, lacks its value or has a bad one. Everything
  /// else goes to `rest`.
  bool parse(int argc, char **argv, std::vector<std::string> &rest, std::string &error);
  std::string help() const;

private:
  struct Option {
    std::vector<std::string> names;
    std::string value, text;
    bool seen = false;
    std::function<bool(const std::string &, std::string &)> set; ///< value in, complaint out
  };
  /// What to say about a name that is no option's.
  std::string nearest(const std::string &name) const;
  void add(const char *names, const char *value, const char *help,
           std::function<bool(const std::string &, std::string &)> set);
  std::vector<Option> options;
};

} // namespace ignis::tools

#endif
