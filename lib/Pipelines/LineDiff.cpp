//===- LineDiff.cpp - unified diffs of texts --------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Myers' greedy algorithm (An O(ND) Difference Algorithm and Its Variations, 1986) on lines.

#include "LineDiff.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <vector>

using namespace llvm;

namespace {
constexpr int kContext = 3;
constexpr int kMostEdits = 4000; ///< the trace takes kMostEdits^2 / 2 numbers: 32 MB

using Lines = SmallVector<StringRef, 0>;

/// One line of the script: kept (' '), removed ('-') or added ('+'), with its numbers in both
/// texts.
struct Edit {
  char kind;
  int before, after;
};

Lines split(StringRef text) {
  Lines lines;
  text.split(lines, '\n');
  if (!lines.empty() && lines.back().empty())
    lines.pop_back();
  return lines;
}

/// The shortest script between a[begin, aEnd) and b[begin, bEnd), backwards; false if it is too
/// long.
bool shortestScript(const Lines &a, const Lines &b, int begin, int aEnd, int bEnd,
                    std::vector<Edit> &script) {
  int n = aEnd - begin, m = bEnd - begin, most = std::min(n + m, kMostEdits);
  std::vector<std::vector<int>> trace;        // furthest x on diagonals -d, -d + 2, ..., d
  std::vector<int> furthest(2 * most + 2, 0); // the same, of the last round; diagonal k at k + most
  for (int d = 0; d <= most; ++d) {
    std::vector<int> round;
    for (int k = -d; k <= d; k += 2) {
      int x = 0;
      if (d != 0)
        x = (k == -d || (k != d && furthest[k - 1 + most] < furthest[k + 1 + most]))
                ? furthest[k + 1 + most]
                : furthest[k - 1 + most] + 1;
      while (x < n && x - k < m && a[begin + x] == b[begin + x - k])
        ++x;
      round.push_back(x);
      if (x >= n && x - k >= m) {
        // Back along the rounds.
        for (int y = x - k; d >= 0; --d) {
          int diagonal = x - y, from = 0;
          if (d > 0) {
            auto at = [&](int k) {
              return k < -(d - 1) || k > d - 1 ? -1 : trace[d - 1][(k + d - 1) / 2];
            };
            bool down = diagonal == -d || (diagonal != d && at(diagonal - 1) < at(diagonal + 1));
            from = down ? at(diagonal + 1) : at(diagonal - 1) + 1;
            while (x > from)
              script.push_back({' ', begin + --x, begin + --y});
            if (down)
              script.push_back({'+', begin + x, begin + --y});
            else
              script.push_back({'-', begin + --x, begin + y});
          } else {
            while (x > 0)
              script.push_back({' ', begin + --x, begin + --y});
          }
        }
        return true;
      }
    }
    for (int k = -d, i = 0; k <= d; k += 2, ++i)
      furthest[k + most] = round[i];
    trace.push_back(std::move(round));
  }
  return false;
}
} // namespace

std::string ignis::unifiedDiff(StringRef before, StringRef after, StringRef beforeName,
                               StringRef afterName) {
  Lines a = split(before), b = split(after);
  int aEnd = static_cast<int>(a.size()), bEnd = static_cast<int>(b.size()), begin = 0;
  while (begin < aEnd && begin < bEnd && a[begin] == b[begin])
    ++begin;
  if (begin == aEnd && begin == bEnd)
    return "";
  while (aEnd > begin && bEnd > begin && a[aEnd - 1] == b[bEnd - 1])
    --aEnd, --bEnd;

  std::vector<Edit> script;
  for (int i = std::max(0, begin - kContext); i < begin; ++i)
    script.push_back({' ', i, i});
  std::vector<Edit> middle;
  if (shortestScript(a, b, begin, aEnd, bEnd, middle)) {
    script.insert(script.end(), middle.rbegin(), middle.rend());
  } else {
    for (int i = begin; i < aEnd; ++i)
      script.push_back({'-', i, begin});
    for (int i = begin; i < bEnd; ++i)
      script.push_back({'+', aEnd, i});
  }
  for (int i = 0; i < kContext && aEnd + i < static_cast<int>(a.size()); ++i)
    script.push_back({' ', aEnd + i, bEnd + i});

  std::string text;
  raw_string_ostream stream(text);
  stream << "--- " << beforeName << "\n+++ " << afterName << '\n';
  // A hunk ends where more than twice the context is kept.
  int size = static_cast<int>(script.size());
  for (int i = 0; i < size;) {
    while (i < size && script[i].kind == ' ')
      ++i;
    if (i == size)
      break;
    int first = std::max(0, i - kContext), last = i;
    for (int j = i; j < size && j - last <= 2 * kContext; ++j)
      if (script[j].kind != ' ')
        last = j;
    int end = std::min(size, last + 1 + kContext);
    int removed = 0, added = 0;
    for (int j = first; j < end; ++j) {
      removed += script[j].kind != '+';
      added += script[j].kind != '-';
    }
    // An empty side is numbered by the line before it.
    stream << "@@ -" << script[first].before + (removed != 0) << ',' << removed << " +"
           << script[first].after + (added != 0) << ',' << added << " @@\n";
    for (int j = first; j < end; ++j)
      stream << script[j].kind << (script[j].kind == '+' ? b[script[j].after] : a[script[j].before])
             << '\n';
    i = end;
  }
  return text;
}
