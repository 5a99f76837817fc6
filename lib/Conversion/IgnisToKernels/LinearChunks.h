//===- LinearChunks.h - how threads share a Q8_0 linear layer ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A chunk is a block of output rows and columns. One row or few: all rows times columns of at least
// 64 KiB of weights, which hides the claim. Many rows: panels of rows, each times more columns, so
// that a thread's activations and weights come from its second-level cache instead of every chunk
// reading all activations; and at least 32 chunks where columns allow, so that many threads finish
// together. No chunk splits a sum.

#ifndef IGNIS_LIB_CONVERSION_IGNISTOKERNELS_LINEARCHUNKS_H
#define IGNIS_LIB_CONVERSION_IGNISTOKERNELS_LINEARCHUNKS_H

#include "../IgnisToVector/Emitter.h"

namespace ignis {

/// The chunks of a layer with n outputs and k inputs; created before the loop over chunks.
class LinearChunks {
public:
  /// `rows`: index value, the rows in use, at most `mostRows`.
  LinearChunks(Emitter &e, int64_t n, int64_t k, mlir::Value rows, int64_t mostRows);

  struct Block {
    mlir::Value rowBegin;         // null: 0
    mlir::Value rows, begin, end; // rows; columns [begin, end)
  };
  /// The block of a chunk, emitted at e's position. Neighbouring chunks share columns.
  Block block(Emitter &e, mlir::Value chunk) const;

  mlir::Value count; // index value

private:
  int64_t n;
  mlir::Value rows, panels, panelRows, columns; // panels: null for one panel, which has all rows
};

} // namespace ignis

#endif
