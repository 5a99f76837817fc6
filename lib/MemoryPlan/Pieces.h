//===- Pieces.h - a problem cut into independent parts on a grid --------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// What the searches work on. Buffers that are linked by no chain of overlaps in time do not
// influence each other: each connected *piece* is searched alone. Within a piece
//
//   * time is a sequence of *sections*: stretches in which the set of live buffers does not change.
//     Only sections whose set is not contained in a neighbour's are kept, so lifetimes may be as
//     long as int64_t allows;
//   * offsets lie on a *grid*: in a plan that is pushed down as far as it goes every offset is a
//     multiple of the greatest common divisor of all alignments, or of all sizes where the
//     alignments agree with it. Sizes are rounded up to the grid; what that hides at the top of the
//     arena is put back by Item::bytes.

#ifndef IGNIS_LIB_MEMORYPLAN_PIECES_H
#define IGNIS_LIB_MEMORYPLAN_PIECES_H

#include "ignis/MemoryPlan/Problem.h"

namespace ignis::memplan {

struct Piece {
  struct Item {
    int64_t size = 0;     ///< grid steps, > 0
    int64_t align = 1;    ///< grid steps, >= 1
    int64_t bytes = 0;    ///< the buffer's size
    int from = 0, to = 0; ///< sections [from, to)
    double lifetime = 0;  ///< end - begin
    int buffer = 0;       ///< index in the problem
    int twin = -1;        ///< the last item before it with equal size, alignment and sections
  };
  std::vector<Item> items;                  ///< by `from`, then index in the problem
  std::vector<std::vector<int>> sections;   ///< the items live in each section, ascending
  std::vector<std::vector<int>> neighbours; ///< the items that share a section with each item
  std::vector<int> firstItem; ///< per section, and one more: the first item with from >= section
  int64_t grid = 1;           ///< bytes of a step
  int64_t bound = 0;          ///< bytes: no plan of this piece is lower
};

/// The pieces of a problem that passed check(), by time. Buffers of size 0 are in none. Where the
/// lists of sections and neighbours would pass `maxEntries` numbers, the piece has items only.
std::vector<Piece> piecesOf(const Problem &problem, size_t maxEntries = size_t(1) << 26);

} // namespace ignis::memplan

#endif // IGNIS_LIB_MEMORYPLAN_PIECES_H
