//===- RenderText.cpp - a plan as characters ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// For a first look in a terminal. Each cell shows the buffer at its centre, or else one that merely
// touches the cell, so that thin buffers do not vanish.

#include "ignis/MemoryPlan/Render.h"

#include "TimeAxis.h"

#include "llvm/Support/Format.h"

#include <cmath>

namespace ignis::memplan {

/// Letters repeat after 62 buffers; neighbours in the list still differ.
static char letterOf(size_t i) {
  static constexpr char letters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  return letters[i % (sizeof(letters) - 1)];
}

void renderText(llvm::raw_ostream &os, const Problem &problem, const Plan &plan, unsigned columns,
                unsigned rows) {
  columns = std::clamp(columns, 1u, 1000u);
  rows = std::clamp(rows, 1u, 1000u);
  if (problem.buffers.empty() || plan.height <= 0) {
    os << "(no bytes)\n";
    return;
  }
  TimeAxis axis(problem, /*even=*/false);
  double height = static_cast<double>(plan.height);
  struct Cell {
    char letter = '.';
    bool central = false;
  };
  std::vector<Cell> cells(static_cast<size_t>(columns) * rows);
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer &buffer = problem.buffers[i];
    if (buffer.size == 0)
      continue;
    double left = axis.at(buffer.begin) * columns, right = axis.at(buffer.end) * columns;
    double low = static_cast<double>(plan.offsets[i]) / height * rows;
    double high = static_cast<double>(plan.offsets[i] + buffer.size) / height * rows;
    auto last = [](double edge, unsigned cells) {
      return std::min<unsigned>(cells, static_cast<unsigned>(std::ceil(edge)));
    };
    for (unsigned r = static_cast<unsigned>(low); r < last(high, rows); ++r)
      for (unsigned c = static_cast<unsigned>(left); c < last(right, columns); ++c) {
        bool central = left <= c + 0.5 && c + 0.5 < right && low <= r + 0.5 && r + 0.5 < high;
        Cell &cell = cells[static_cast<size_t>(r) * columns + c];
        if (cell.letter == '.' || (central && !cell.central))
          cell = {letterOf(i), central};
      }
  }
  // Addresses grow upwards: the last row is printed first, each with the address of its lower edge.
  for (unsigned r = rows; r-- > 0;) {
    os << llvm::format("%20.0f |", std::floor(height * r / rows));
    for (unsigned c = 0; c < columns; ++c)
      os << cells[static_cast<size_t>(r) * columns + c].letter;
    os << '\n';
  }
  os << std::string(21, ' ') << '+' << std::string(columns, '-') << '\n';
  std::string first = std::to_string(axis.distinct().front());
  std::string end = std::to_string(axis.distinct().back());
  size_t gap = first.size() + end.size() < columns ? columns - first.size() - end.size() : 1;
  os << std::string(22, ' ') << first << std::string(gap, ' ') << end << '\n';
}

} // namespace ignis::memplan
