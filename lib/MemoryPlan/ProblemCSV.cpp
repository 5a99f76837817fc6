//===- ProblemCSV.cpp - reads and writes problems -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The file comes from outside: every field is checked and every refusal says where.

#include "ignis/MemoryPlan/ProblemCSV.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

namespace ignis::memplan {

namespace {
enum Column { Id, Lower, Upper, Size, Alignment, Offset, columnCount };
constexpr const char *columnNames[] = {"id", "lower", "upper", "size", "alignment", "offset"};

struct Field {
  std::string text;  // quotes removed
  size_t column = 1; // of its first byte in the line
};

class Parser {
public:
  Parser(llvm::StringRef text, llvm::StringRef name) : rest(text), name(name) {
    rest.consume_front("\xEF\xBB\xBF"); // byte order mark
  }

  llvm::Expected<ProblemFile> parse();

private:
  template <typename... Args>
  llvm::Error at(size_t column, const char *format, Args &&...args) const {
    return llvm::createStringError(
        llvm::formatv("{0}:{1}:{2}: ", printable(name), line, column).str() +
        llvm::formatv(format, std::forward<Args>(args)...).str());
  }

  /// Bytes from the file as they may stand in a message: escaped, and not longer than a line.
  static std::string printable(llvm::StringRef text) {
    std::string out;
    llvm::raw_string_ostream os(out);
    llvm::printEscapedString(text.take_front(60), os);
    return text.size() > 60 ? out + "..." : out;
  }

  bool nextLine();
  llvm::Error split();
  llvm::Error parseHeader();
  llvm::Error parseRow(ProblemFile &file);
  llvm::Error parseNumber(Column column, int64_t least, int64_t &value) const;
  llvm::Error parseId(std::string &id) const;
  bool has(Column column) const { return position[column] >= 0; }
  const Field &field(Column column) const { return fields[position[column]]; }

  llvm::StringRef rest, name;
  llvm::StringRef current; // the line at hand, without its end
  size_t line = 0;
  std::vector<Field> fields; // of the line at hand
  int position[columnCount] = {-1, -1, -1, -1, -1, -1};
  size_t headerFields = 0;
  llvm::StringMap<size_t> seen; // id -> line
};
} // namespace

/// Advances to the next line that is not empty.
bool Parser::nextLine() {
  while (!rest.empty()) {
    std::tie(current, rest) = rest.split('\n');
    current.consume_back("\r");
    ++line;
    if (!current.empty())
      return true;
  }
  return false;
}

/// Splits the line into fields. Blanks around unquoted fields are dropped.
llvm::Error Parser::split() {
  fields.clear();
  size_t i = 0;
  while (true) {
    while (i < current.size() && (current[i] == ' ' || current[i] == '\t'))
      ++i;
    Field field;
    field.column = i + 1;
    if (i < current.size() && current[i] == '"') {
      for (++i;; ++i) {
        if (i >= current.size())
          return at(field.column, "expected a closing quote");
        if (current[i] != '"')
          field.text += current[i];
        else if (i + 1 < current.size() && current[i + 1] == '"')
          field.text += current[++i];
        else
          break;
      }
      ++i;
      while (i < current.size() && (current[i] == ' ' || current[i] == '\t'))
        ++i;
      if (i < current.size() && current[i] != ',')
        return at(i + 1, "expected a comma after the closing quote");
    } else {
      size_t end = std::min(current.find(',', i), current.size());
      field.text = current.slice(i, end).rtrim(" \t").str();
      i = end;
    }
    fields.push_back(std::move(field));
    if (i >= current.size())
      return llvm::Error::success();
    ++i; // the comma
  }
}

llvm::Error Parser::parseHeader() {
  if (!nextLine()) {
    line = 1;
    return at(1, "the file is empty, expected a header such as id,lower,upper,size");
  }
  if (llvm::Error error = split())
    return error;
  headerFields = fields.size();
  for (size_t i = 0; i < fields.size(); ++i) {
    auto known = std::find(std::begin(columnNames), std::end(columnNames), fields[i].text);
    if (known == std::end(columnNames))
      return at(fields[i].column,
                "unknown column '{0}' in the header, expected id, lower, upper, size, alignment or "
                "offset",
                printable(fields[i].text));
    int &where = position[known - std::begin(columnNames)];
    if (where >= 0)
      return at(fields[i].column, "column '{0}' stands twice in the header", fields[i].text);
    where = static_cast<int>(i);
  }
  for (Column column : {Id, Lower, Upper, Size})
    if (!has(column))
      return at(1, "column '{0}' is missing in the header", columnNames[column]);
  return llvm::Error::success();
}

llvm::Error Parser::parseNumber(Column column, int64_t least, int64_t &value) const {
  const Field &f = field(column);
  llvm::StringRef digits = f.text;
  digits.consume_front("-");
  if (digits.empty() || !llvm::all_of(digits, llvm::isDigit))
    return at(f.column, "{0}: expected an integer, but got '{1}'", columnNames[column],
              printable(f.text));
  if (llvm::StringRef(f.text).getAsInteger(10, value))
    return at(f.column, "{0}: {1} is out of the range of 64-bit integers", columnNames[column],
              printable(f.text));
  if (value < least)
    return at(f.column, "{0}: expected at least {1}, but got {2}", columnNames[column], least,
              value);
  return llvm::Error::success();
}

llvm::Error Parser::parseId(std::string &id) const {
  const Field &f = field(Id);
  if (f.text.empty())
    return at(f.column, "id: expected a name, but got nothing");
  for (unsigned char c : f.text)
    if (c < 0x20 || c == 0x7f)
      return at(f.column, "id: '{0}' contains a control character", printable(f.text));
  if (!llvm::json::isUTF8(f.text))
    return at(f.column, "id: '{0}' is not UTF-8", printable(f.text));
  id = f.text;
  return llvm::Error::success();
}

llvm::Error Parser::parseRow(ProblemFile &file) {
  if (llvm::Error error = split())
    return error;
  if (fields.size() != headerFields)
    return at(fields.size() > headerFields ? fields[headerFields].column : current.size() + 1,
              "expected {0} fields as in the header, but got {1}", headerFields, fields.size());
  Buffer buffer;
  if (llvm::Error error = parseId(buffer.id))
    return error;
  auto [earlier, isNew] = seen.try_emplace(buffer.id, line);
  if (!isNew)
    return at(field(Id).column, "id '{0}' was used before, in line {1}", printable(buffer.id),
              earlier->second);
  if (llvm::Error error = parseNumber(Lower, INT64_MIN, buffer.begin))
    return error;
  if (llvm::Error error = parseNumber(Upper, INT64_MIN, buffer.end))
    return error;
  if (buffer.end <= buffer.begin)
    return at(field(Upper).column, "expected lower < upper, but got {0} and {1}", buffer.begin,
              buffer.end);
  if (llvm::Error error = parseNumber(Size, 0, buffer.size))
    return error;
  if (has(Alignment))
    if (llvm::Error error = parseNumber(Alignment, 1, buffer.align))
      return error;
  if (has(Offset)) {
    int64_t offset, top;
    if (llvm::Error error = parseNumber(Offset, 0, offset))
      return error;
    if (llvm::AddOverflow(offset, buffer.size, top))
      return at(field(Offset).column, "offset + size is out of the range of 64-bit integers");
    file.plan->offsets.push_back(offset);
    file.plan->height = std::max(file.plan->height, top);
  }
  // check() looks at sums: its limit is reported at the line that passes it.
  file.problem.buffers.push_back(std::move(buffer));
  file.lines.push_back(line);
  return llvm::Error::success();
}

llvm::Expected<ProblemFile> Parser::parse() {
  ProblemFile file;
  if (llvm::Error error = parseHeader())
    return llvm::Expected<ProblemFile>(std::move(error));
  if (has(Offset))
    file.plan.emplace();
  int64_t total = 0;
  while (nextLine()) {
    if (llvm::Error error = parseRow(file))
      return llvm::Expected<ProblemFile>(std::move(error));
    const Buffer &last = file.problem.buffers.back();
    int64_t most;
    if (llvm::AddOverflow(last.size, last.align - 1, most) ||
        llvm::AddOverflow(total, most, total) || total > maxTotalBytes)
      return at(field(Size).column,
                "the sizes up to this line, padding included, pass the limit of 2^61 bytes");
  }
  if (llvm::Error error = check(file.problem))
    return llvm::createStringError(printable(name) + ": " + llvm::toString(std::move(error)));
  return file;
}

llvm::Expected<ProblemFile> parseCSV(llvm::StringRef text, llvm::StringRef name) {
  return Parser(text, name).parse();
}

/// An id as a field: quoted where it would not read back as it is.
static std::string quoted(llvm::StringRef id) {
  bool plain = id.find_first_of(",\"") == llvm::StringRef::npos && id == id.trim(" \t");
  if (plain)
    return id.str();
  std::string out = "\"";
  for (char c : id)
    out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

void writeCSV(llvm::raw_ostream &os, const Problem &problem, const Plan *plan) {
  bool aligned = llvm::any_of(problem.buffers, [](const Buffer &b) { return b.align != 1; });
  os << "id,lower,upper,size" << (aligned ? ",alignment" : "") << (plan ? ",offset" : "") << '\n';
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer &b = problem.buffers[i];
    os << quoted(b.id) << ',' << b.begin << ',' << b.end << ',' << b.size;
    if (aligned)
      os << ',' << b.align;
    if (plan)
      os << ',' << plan->offsets[i];
    os << '\n';
  }
}

} // namespace ignis::memplan
