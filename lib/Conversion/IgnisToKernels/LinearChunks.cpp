//===- LinearChunks.cpp - how threads share a Q8_0 linear layer -------------------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "LinearChunks.h"

#include "ignis/Kernels/KernelABI.h"

using namespace mlir;
using namespace ignis;

/// Weight bytes of one chunk, at least: big enough to hide a claim, small enough that threads
/// finish together.
static constexpr int64_t kChunkBytes = 64 << 10;
static constexpr int64_t kMostChunks = 256;
static constexpr int64_t kLeastChunks = 32;
/// Rows of a panel: whole tiles of all kernels' heights that matter (16 rows of AMX tiles).
static constexpr int64_t kPanelRows = 128;
static constexpr int64_t kTileRows = 16;

/// ceil(a / b) of positive numbers.
static Value ceilDiv(Emitter &e, Value a, Value b) {
  return arith::DivUIOp::create(e, e.addI(e.addI(a, b), -1), b);
}

/// Output columns of a chunk when there is one panel of rows.
static int64_t chunkColumns(int64_t n, int64_t k, int64_t mostRows) {
  int64_t group = kernels::kGroupRows, groupBytes = k / kernels::kBlock * kernels::kGroupBlockBytes;
  auto wholeGroups = [&](int64_t columns) { return (columns + group - 1) / group * group; };
  int64_t columns = std::max<int64_t>(1, kChunkBytes / groupBytes) * group;
  columns = std::max(columns, wholeGroups(n / kMostChunks));
  // With many rows a chunk has enough to do even if its weights are few.
  if (mostRows >= kPanelRows)
    columns = std::min(columns, wholeGroups((n + kLeastChunks - 1) / kLeastChunks));
  return columns;
}

LinearChunks::LinearChunks(Emitter &e, int64_t n, int64_t k, Value rows, int64_t mostRows)
    : n(n), rows(rows) {
  int64_t base = chunkColumns(n, k, mostRows);
  if (mostRows <= kPanelRows) {
    columns = e.index(base);
    count = e.index((n + base - 1) / base);
    return;
  }
  // As many chunks as with one panel, each with fewer rows and more columns.
  panels = e.ceilDiv(rows, kPanelRows);
  Value tiles = ceilDiv(e, e.ceilDiv(rows, kTileRows), panels);
  panelRows = e.mulI(tiles, kTileRows);
  columns = e.mulI(panels, base);
  Value across = ceilDiv(e, e.index(n), columns);
  count = arith::MulIOp::create(e, across, panels);
}

LinearChunks::Block LinearChunks::block(Emitter &e, Value chunk) const {
  Block block;
  block.rows = rows;
  Value across = chunk;
  if (panels) {
    across = arith::DivUIOp::create(e, chunk, panels);
    Value panel = arith::RemUIOp::create(e, chunk, panels);
    block.rowBegin = arith::MulIOp::create(e, panel, panelRows);
    Value rest = arith::SubIOp::create(e, rows, block.rowBegin);
    block.rows = e.minI(panelRows, rest);
  }
  block.begin = arith::MulIOp::create(e, across, columns);
  block.end = e.minI(e.addI(block.begin, columns), e.index(n));
  return block;
}
