//===- LinearChunks.cpp - how threads share a Q8_0 linear layer -------------------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "LinearChunks.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Kernels/KernelABI.h"

#include <numeric>

using namespace mlir;
using namespace ignis;

/// Weight bytes of one chunk, at least: big enough to hide a claim, small enough that threads
/// finish together.
static constexpr int64_t kChunkBytes = 64 << 10;
static constexpr int64_t kMostChunks = 256;
static constexpr int64_t kLeastChunks = 32;
/// With few rows (kStreamedRows) weights are shared out in runs of at most so many bytes, this part
/// of them.
static constexpr int64_t kRunBytes = 1 << 20;
static constexpr int64_t kRunsNumerator = 7, kRunsDenominator = 8;
/// Panels are whole tiles of all kernels' heights that matter (16 rows of AMX tiles).
static constexpr int64_t kTileRows = 16;
/// With panels: chunks that a thread should find, so that the last round leaves few idle. More
/// threads than kManyThreads take more chunks of panels of half the height.
static constexpr int64_t kManyThreads = 4, kFewThreadsChunks = 6, kManyThreadsChunks = 12;
/// Columns of a panel's chunk, at least: a tile of most kernels. Up to kSharedColumns a kernel
/// gains from more, because it prepares rows once for all of them.
static constexpr int64_t kLeastPanelColumns = 2 * kernels::kGroupRows;
static constexpr int64_t kSharedColumns = 8 * kernels::kGroupRows;

static int64_t bytesOfColumns(int64_t k, int64_t columns) {
  return k / kernels::kBlock * kernels::kGroupBlockBytes * columns / kernels::kGroupRows;
}

/// What columns of a chunk are a multiple of: groups, or blocks of 32 where the chunk may round its
/// results (linear_swiglu).
static int64_t unitOf(int64_t weights) {
  return weights > 1 ? std::lcm(kernels::kBlock, kernels::kGroupRows) : kernels::kGroupRows;
}

/// ceil(a / b) of positive numbers.
static Value ceilDiv(Emitter &e, Value a, Value b) {
  return arith::DivUIOp::create(e, e.addI(e.addI(a, b), -1), b);
}

/// Output columns of a chunk when there is one panel of rows; a column has `weights` rows of
/// weights.
static int64_t chunkColumns(int64_t n, int64_t k, int64_t mostRows, int64_t weights) {
  int64_t group = unitOf(weights), groupBytes = bytesOfColumns(k, group) * weights;
  auto wholeGroups = [&](int64_t columns) { return (columns + group - 1) / group * group; };
  int64_t columns = std::max<int64_t>(1, kChunkBytes / groupBytes) * group;
  if (weights > 1)
    columns = std::max(columns, kSwigluColumns); // A tile's worth.
  columns = std::max(columns, wholeGroups(n / kMostChunks));
  // With many rows a chunk has enough to do even if its weights are few.
  if (mostRows >= kPanelRows)
    columns = std::min(columns, wholeGroups((n + kLeastChunks - 1) / kLeastChunks));
  return columns;
}

LinearChunks::LinearChunks(Emitter &e, int64_t n, int64_t k, Value rows, int64_t mostRows,
                           int64_t weights)
    : n(n), rows(rows) {
  int64_t base = chunkColumns(n, k, mostRows, weights);
  columns = e.index(base);
  if (mostRows <= kStreamedRows) {
    addRuns(e, k, unitOf(weights));
    return;
  }
  if (mostRows <= kPanelRows) {
    count = e.index((n + base - 1) / base);
    return;
  }
  addPanels(e, weights > 1 ? base : std::max(base, kLeastPanelColumns), base);
}

void LinearChunks::addPanels(Emitter &e, int64_t unit, int64_t base) {
  Value several = e.compare(arith::CmpIPredicate::sgt, rows, e.index(kPanelRows));
  Value many = e.compare(arith::CmpIPredicate::sgt, e.threads(), e.index(kManyThreads));
  Value height = arith::SelectOp::create(e, arith::AndIOp::create(e, several, many),
                                         e.index(kPanelRows / 2), e.index(kPanelRows));
  panels = ceilDiv(e, rows, height);
  Value tiles = ceilDiv(e, e.ceilDiv(rows, kTileRows), panels);
  panelRows = e.mulI(tiles, kTileRows);
  // As many columns more as there are panels, so that the count of chunks stays, but so few that
  // each thread finds some.
  Value most = arith::DivUIOp::create(
      e, arith::MaxSIOp::create(e, e.mulI(panels, base), e.index(kSharedColumns)), e.index(unit));
  Value chunks =
      arith::SelectOp::create(e, many, e.index(kManyThreadsChunks), e.index(kFewThreadsChunks));
  Value share = arith::DivUIOp::create(e, e.mulI(panels, (n + unit - 1) / unit),
                                       arith::MulIOp::create(e, e.threads(), chunks));
  Value units = arith::MaxSIOp::create(e, e.minI(most, share), e.index(1));
  columns = e.mulI(units, unit);
  count = arith::MulIOp::create(e, ceilDiv(e, e.index(n), columns), panels);
}

void LinearChunks::addRuns(Emitter &e, int64_t k, int64_t group) {
  int64_t groups = n / group * kRunsNumerator / kRunsDenominator; // of all runs together
  Value share = arith::DivUIOp::create(e, e.index(groups), e.threads());
  Value length = e.minI(share, e.index(std::max<int64_t>(1, kRunBytes / bytesOfColumns(k, group))));
  // Runs no longer than chunks are none.
  Value any = e.compare(arith::CmpIPredicate::sgt, e.mulI(length, group), columns);
  Value divisor = arith::SelectOp::create(e, any, length, e.index(groups + 1));
  runs = arith::DivUIOp::create(e, e.index(groups), divisor);
  runColumns = e.mulI(length, group);
  Value rest = arith::SubIOp::create(e, e.index(n), arith::MulIOp::create(e, runs, runColumns));
  count = e.addI(runs, ceilDiv(e, rest, columns));
}

std::pair<Value, Value> LinearChunks::columnsAt(Emitter &e, Value across) const {
  auto shortEnd = [&](Value begin) { return e.minI(e.addI(begin, columns), e.index(n)); };
  if (!runs) {
    Value begin = arith::MulIOp::create(e, across, columns);
    return {begin, shortEnd(begin)};
  }
  Value isRun = e.compare(arith::CmpIPredicate::slt, across, runs);
  Value before = e.minI(across, runs); // runs that lie before the chunk
  Value later = arith::SubIOp::create(e, across, before);
  Value begin = e.addI(arith::MulIOp::create(e, before, runColumns),
                       arith::MulIOp::create(e, later, columns));
  return {begin, arith::SelectOp::create(e, isRun, e.addI(begin, runColumns), shortEnd(begin))};
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
  std::tie(block.begin, block.end) = columnsAt(e, across);
  return block;
}
