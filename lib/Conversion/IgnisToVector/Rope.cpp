//===- Rope.cpp - rotary embedding and writes to the cache ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Rows are independent. Keys go to the blocked layout [layer][head][position /
// 16][element][position mod 16], values to [layer][head][position][element] (docs/Lowering.md says
// why).

#include "Lowerings.h"

using namespace mlir;
using namespace ignis;

static constexpr int64_t kChunkElements = 8192;
static constexpr int64_t kLanes = 16;

/// The two rotated halves' lanes of elements [i, i + 16) and [i + d/2, i + d/2 + 16) of the head at
/// `column`.
static std::pair<Value, Value> rotate(Emitter &e, Value x, Value row, Value column, Value table,
                                      Value position, int64_t i, int64_t half, int64_t lanes) {
  Value lo = e.load(x, {row, e.addI(column, i)}, lanes);
  Value hi = e.load(x, {row, e.addI(column, i + half)}, lanes);
  Value cos = e.load(table, {position, e.index(i)}, lanes);
  Value sin = e.load(table, {position, e.index(i + half)}, lanes);
  Value first = e.fma(lo, cos, Value(arith::NegFOp::create(e, e.mul(hi, sin))));
  Value second = e.fma(hi, cos, e.mul(lo, sin));
  return {first, second};
}

/// Offsets 0 .. half in strips of at most 16 lanes.
static void halfStrips(int64_t half, function_ref<void(int64_t, int64_t)> body) {
  for (int64_t i = 0; i < half;) {
    int64_t lanes = std::min(kLanes, half - i);
    body(i, lanes);
    i += lanes;
  }
}

Value ignis::lowerRope(Emitter &e, RopeOp op) {
  auto type = cast<MemRefType>(op.getX().getType());
  int64_t mostRows = type.getDimSize(0), width = type.getDimSize(1);
  int64_t d = cast<MemRefType>(op.getTable().getType()).getDimSize(1);
  return rowChunks(
      e, rowsInUse(e, op), mostRows, width, kChunkElements, [&](Value begin, Value end) {
        e.forLoop(begin, end, 1, [&](Value row) {
          Value position = rowPosition(e, op.getPosition(), row);
          e.forLoop(e.index(0), e.index(width), d, [&](Value column) {
            halfStrips(d / 2, [&](int64_t i, int64_t lanes) {
              auto [first, second] =
                  rotate(e, op.getX(), row, column, op.getTable(), position, i, d / 2, lanes);
              e.store(first, op.getOut(), {row, e.addI(column, i)});
              e.store(second, op.getOut(), {row, e.addI(column, i + d / 2)});
            });
          });
        });
      });
}

namespace {
/// Writes lanes of one row's keys and values to the caches.
struct CacheWriter {
  Emitter &e;
  Value keyCache, valueCache, position;
  SmallVector<Value> cache; ///< indices of the row's cache
  Value block, within;

  template <typename Op>
  CacheWriter(Emitter &e, Op op, Value row)
      : e(e), keyCache(op.getKeyCache()), valueCache(op.getValueCache()),
        position(rowPosition(e, op.getPosition(), row)),
        cache(cacheIndices(e, op.getSequences(), op.getLayer(), row, {})) {
    block = arith::DivUIOp::create(e, position, e.index(16));
    within = arith::RemUIOp::create(e, position, e.index(16));
  }

  SmallVector<Value> at(ValueRange rest) const {
    SmallVector<Value> indices(cache);
    indices.append(rest.begin(), rest.end());
    return indices;
  }

  /// Elements [i, i + lanes) of head g's key: 16 positions apart in memory, so one by one.
  void key(Value g, int64_t i, Value lanesOfKey) {
    Type element = cast<MemRefType>(keyCache.getType()).getElementType();
    int64_t lanes = cast<VectorType>(lanesOfKey.getType()).getNumElements();
    if (!element.isF32())
      lanesOfKey = arith::TruncFOp::create(e, VectorType::get({lanes}, element), lanesOfKey);
    for (int64_t l = 0; l < lanes; ++l)
      memref::StoreOp::create(e, vector::ExtractOp::create(e, lanesOfKey, ArrayRef<int64_t>{l}),
                              keyCache, at({g, block, e.index(i + l), within}));
  }

  void value(Value g, Value v, Value row, Value column, int64_t d) {
    for (int64_t i = 0; i < d; i += kLanes)
      e.store(e.load(v, {row, e.addI(column, i)}, kLanes), valueCache,
              at({g, position, e.index(i)}));
  }
};
} // namespace

/// Chunks of rows; body(row, head, its first column, writer).
template <typename Op>
static Value cacheRows(Emitter &e, Op op,
                       function_ref<void(Value, Value, Value, CacheWriter &)> body) {
  auto type = cast<MemRefType>(op.getK().getType());
  CacheShape cache(op.getValueCache());
  return rowChunks(e, rowsInUse(e, op), type.getDimSize(0), type.getDimSize(1), 2048,
                   [&](Value begin, Value end) {
                     e.forLoop(begin, end, 1, [&](Value row) {
                       CacheWriter writer(e, op, row);
                       e.forLoop(e.index(0), e.index(cache.heads), 1,
                                 [&](Value g) { body(row, g, e.mulI(g, cache.headSize), writer); });
                     });
                   });
}

Value ignis::lowerRopeCache(Emitter &e, RopeCacheOp op) {
  int64_t d = cast<MemRefType>(op.getTable().getType()).getDimSize(1);
  return cacheRows(e, op, [&](Value row, Value g, Value column, CacheWriter &writer) {
    halfStrips(d / 2, [&](int64_t i, int64_t lanes) {
      auto [first, second] =
          rotate(e, op.getK(), row, column, op.getTable(), writer.position, i, d / 2, lanes);
      writer.key(g, i, first);
      writer.key(g, i + d / 2, second);
    });
    writer.value(g, op.getV(), row, column, d);
  });
}

Value ignis::lowerCacheWrite(Emitter &e, CacheWriteOp op) {
  int64_t d = CacheShape(op.getValueCache()).headSize;
  return cacheRows(e, op, [&](Value row, Value g, Value column, CacheWriter &writer) {
    for (int64_t i = 0; i < d; i += kLanes)
      writer.key(g, i, e.load(op.getK(), {row, e.addI(column, i)}, kLanes));
    writer.value(g, op.getV(), row, column, d);
  });
}
