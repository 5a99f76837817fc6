//===- LinearChunks.h - how threads share a Q8_0 linear layer ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A chunk is a block of output rows and columns; none splits a sum.
//
// Up to 16 rows: a layer is as fast as its weights come from memory, and a thread that reads on
// where it has just been is faster than two that take turns. So most of the columns are shared out
// in long runs, at most a thread's share, and the rest in chunks of at least 64 KiB of weights,
// which hide the claim, so that threads still finish together.
//
// Many rows: panels of rows, each times more columns, so that a thread's activations and weights
// come from its second-level cache instead of every chunk reading all activations; where columns
// allow 6 chunks a thread, or 12 if threads are many, so that they finish together.

#ifndef IGNIS_LIB_CONVERSION_IGNISTOKERNELS_LINEARCHUNKS_H
#define IGNIS_LIB_CONVERSION_IGNISTOKERNELS_LINEARCHUNKS_H

#include "../IgnisToVector/Emitter.h"

namespace ignis {

/// The chunks of a layer with n outputs and k inputs; created before the loop over chunks.
class LinearChunks {
public:
  /// `rows`: index value, the rows in use, at most `mostRows`. `weights`: matrices of n x k that a
  /// chunk multiplies by, the same columns of each.
  LinearChunks(Emitter &e, int64_t n, int64_t k, mlir::Value rows, int64_t mostRows,
               int64_t weights = 1);

  struct Block {
    mlir::Value rowBegin;         // null: 0
    mlir::Value rows, begin, end; // rows; columns [begin, end)
  };
  /// The block of a chunk, emitted at e's position. Neighbouring chunks share columns.
  Block block(Emitter &e, mlir::Value chunk) const;

  mlir::Value count; // index value

private:
  /// Runs and chunks for few rows; columns are a multiple of `group`.
  void addRuns(Emitter &e, int64_t k, int64_t group);
  /// Chunks of panels; their columns are a multiple of `unit`, about `base` for one panel.
  void addPanels(Emitter &e, int64_t unit, int64_t base);
  std::pair<mlir::Value, mlir::Value> columnsAt(Emitter &e, mlir::Value across) const;

  int64_t n;
  mlir::Value rows, columns;     // columns: of a chunk
  mlir::Value panels, panelRows; // null for one panel, which has all rows
  mlir::Value runs, runColumns;  // null if no columns are shared out in runs, which come first
};

} // namespace ignis

#endif
