//===- Attention.cpp - attend -----------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Two passes over the positions: scores of a tile of query rows into scratch, exact maximum and
// weights, then the weighted sum of the values. A tile holds the heads that share one key/value
// head, times up to four tokens; the chains of fma over head elements and over positions run in
// order, so tile shapes never change bits.

#include "Lowerings.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace ignis;

namespace {

constexpr int64_t kBlock = 16; // positions of one key block, lanes of a vector
constexpr int64_t kChains = 8; // latency times throughput of fma on today's processors

class AttendLowering {
public:
  AttendLowering(Emitter &e, AttendOp op) : e(e), op(op) {
    auto q = cast<MemRefType>(op.getQ().getType());
    CacheShape cache(op.getValueCache());
    mostRows = q.getDimSize(0);
    d = cache.headSize;
    positions = cache.positions;
    heads = q.getDimSize(1) / d;
    group = heads / cache.heads;
    tileHeads = op.getTileHeads();
    rounded = isRounded(op.getOut());
    tileTokens =
        mostRows == 1 || op.getSequences() // Neighbours share no cache then.
            ? 1
            : std::max<int64_t>(1, std::min<int64_t>(4, e.tiles.attentionRows / tileHeads));
  }

  Value run() {
    Value rows = rowsInUse(e, op);
    int64_t headTiles = heads / tileHeads;
    Value tokenTiles = e.ceilDiv(rows, tileTokens);
    return e.chunkLoop(e.mulI(tokenTiles, headTiles), [&](Value chunk) {
      // Later tokens see more positions: the longest chunks go first, so that threads finish
      // together.
      Value backwards = arith::SubIOp::create(e, e.addI(tokenTiles, -1),
                                              arith::DivUIOp::create(e, chunk, e.index(headTiles)));
      Value firstRow = e.mulI(backwards, tileTokens);
      Value headTile = arith::RemUIOp::create(e, chunk, e.index(headTiles));
      prepare(headTile);
      if (tileTokens == 1)
        return tile(firstRow, 1);
      // Fewer rows than a tile: rounded, the last one stands in for those that are missing, and
      // what comes of them stays in scratch. So there is one tile's code and not two.
      if (rounded) {
        lastToken =
            least(e.index(tileTokens - 1), arith::SubIOp::create(e, e.addI(rows, -1), firstRow));
        return tile(firstRow, tileTokens);
      }
      Value whole = e.compare(arith::CmpIPredicate::sle, e.addI(firstRow, tileTokens), rows);
      auto branch = scf::IfOp::create(e, whole, /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(e);
      e.setInsertionPointToStart(branch.thenBlock());
      tile(firstRow, tileTokens);
      e.setInsertionPointToStart(branch.elseBlock());
      e.forLoop(firstRow, rows, 1, [&](Value row) { tile(row, 1); });
    });
  }

private:
  /// Values of a chunk: the first head of its tile and the key/value head they share; views of
  /// scratch.
  void prepare(Value headTile) {
    firstHead = e.mulI(headTile, tileHeads);
    kvHead = arith::DivUIOp::create(e, firstHead, e.index(group));
    int64_t stride = scoreStride(positions);
    scores = e.view(e.scratch(), MemRefType::get({kAttentionRows, stride}, e.getF32Type()));
    int64_t used = kAttentionRows * stride;
    auto next = [&](ArrayRef<int64_t> shape) {
      Value begin =
          LLVM::GEPOp::create(e, LLVM::LLVMPointerType::get(e.getContext()), e.getF32Type(),
                              e.scratch(), ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(used)});
      auto type = MemRefType::get(shape, e.getF32Type());
      used += type.getNumElements();
      return e.view(begin, type);
    };
    factors = next({kAttentionRows});
    maxima = next({kAttentionRows, kBlock});
    queries = next({kAttentionRows, d});
    if (rounded)
      outTile = next({kAttentionRows / tileHeads, tileHeads * d});
  }

  /// Row m of a tile is head m mod tileHeads of token m / tileHeads.
  Value column(int64_t m) { return e.mulI(e.addI(firstHead, m % tileHeads), d); }
  Value endColumn() { return e.mulI(e.addI(firstHead, tileHeads), d); }
  Value row(Value firstRow, int64_t m) { return atToken(firstRow, m / tileHeads); }
  /// Row or position `first` of the tile's first token, moved to its token `token`, or to the last
  /// one that there is.
  Value atToken(Value first, int64_t token) {
    return lastToken && token ? e.addI(first, least(e.index(token), lastToken))
                              : e.addI(first, token);
  }
  Value least(Value a, Value b) { return arith::MinUIOp::create(e, a, b); }

  /// Indices into the tile's cache, that of its key/value head.
  SmallVector<Value> at(ValueRange rest) const {
    SmallVector<Value> indices(cache);
    indices.append(rest.begin(), rest.end());
    return indices;
  }

  void tile(Value firstRow, int64_t tokens) {
    int64_t m = tokens * tileHeads;
    Value first = rowPosition(e, op.getPosition(), firstRow); // position of the tile's first token
    cache = cacheIndices(e, op.getSequences(), op.getLayer(), firstRow, {kvHead});
    Value blocks =
        e.addI(arith::DivUIOp::create(e, atToken(first, tokens - 1), e.index(kBlock)), 1);
    // Key blocks of one register tile: enough independent chains to cover the latency of fma.
    int64_t wide = e.tiles.accumulators >= 2 * e.tiles.attentionRows ? 2 : 1;
    while (m * wide < kChains && 2 * m * wide <= e.tiles.accumulators)
      wide *= 2;
    viewQueries(firstRow, tokens);
    copyQueries(m, wide);
    // Blocks that all rows of the tile see: their maxima are taken with their scores.
    seen = arith::DivUIOp::create(e, e.addI(first, 1), e.index(kBlock));
    summarised = arith::AndIOp::create(e, seen, e.index(-wide));
    Value minusInfinity = e.splat(kBlock, -std::numeric_limits<float>::infinity());
    for (int64_t i = 0; i < m; ++i)
      e.store(minusInfinity, maxima, {e.index(i), e.index(0)});
    Value begin = e.index(0);
    for (; wide >= 1; wide /= 2) {
      Value end = wide == 1 ? blocks : Value(arith::AndIOp::create(e, blocks, e.index(-wide)));
      e.forLoop(begin, end, wide, [&](Value block) { scoreBlocks(m, block, wide); });
      begin = end;
    }
    e.forLoop(e.index(0), e.index(m), 1, [&](Value i) {
      Value at = tokens == 1 ? e.index(0) : Value(arith::DivUIOp::create(e, i, e.index(tileHeads)));
      softmax(i, e.addI(first, lastToken ? least(at, lastToken) : at));
    });
    weightedSum(firstRow, first, tokens);
    if (rounded)
      roundRows(e, e.pointer(outTile), tileHeads * d, op.getOut(), firstRow,
                lastToken ? e.addI(lastToken, 1) : e.index(tokens), column(0), endColumn());
  }

  /// Each token's queries of the tile as [tileHeads, d]: addresses in the loops over elements are a
  /// base, the element and a constant.
  void viewQueries(Value firstRow, int64_t tokens) {
    Type element = cast<MemRefType>(op.getQ().getType()).getElementType();
    tokenQueries.clear();
    for (int64_t token = 0; token < tokens; ++token) {
      Value first = e.addI(e.mulI(atToken(firstRow, token), heads * d), e.mulI(firstHead, d));
      Value begin =
          LLVM::GEPOp::create(e, LLVM::LLVMPointerType::get(e.getContext()), element,
                              e.pointer(op.getQ()), ArrayRef<LLVM::GEPArg>{e.toI64(first)});
      tokenQueries.push_back(e.view(begin, MemRefType::get({tileHeads, d}, element)));
    }
  }
  Value queryAt(int64_t m, Value element) {
    return e.loadScalar(tokenQueries[m / tileHeads], {e.index(m % tileHeads), element});
  }

  /// A second copy of the tile's queries: where two key blocks meet the same query, each multiplies
  /// its own copy, so that the broadcasts are operands of fma in memory (AVX-512) instead of
  /// instructions that take turns with the loads of keys.
  void copyQueries(int64_t rows, int64_t wide) {
    copied = wide == 2 && e.tiles.accumulators >= 16;
    if (!copied)
      return;
    for (int64_t m = 0; m < rows; ++m)
      e.strips(e.index(0), d, d, [&](Value element, int64_t lanes) {
        Value query = e.load(tokenQueries[m / tileHeads], {e.index(m % tileHeads), element}, lanes);
        e.store(query, queries, {e.index(m), element});
      });
  }

  /// Scores of all rows of the tile against `width` key blocks from `block` on.
  void scoreBlocks(int64_t rows, Value block, int64_t width) {
    int64_t tileRows = std::max<int64_t>(1, e.tiles.accumulators / width);
    for (int64_t begin = 0; begin < rows; begin += tileRows) {
      int64_t count = std::min(tileRows, rows - begin);
      SmallVector<Value> init(count * width, e.splat(kBlock, 0.0f));
      auto sums = e.forLoop(e.index(0), e.index(d), 1, init, [&](Value element, ValueRange acc) {
        SmallVector<Value> keys, next;
        for (int64_t b = 0; b < width; ++b)
          keys.push_back(
              e.load(op.getKeyCache(), at({e.addI(block, b), element, e.index(0)}), kBlock));
        for (int64_t m = 0; m < count; ++m) {
          Value q = e.broadcast(queryAt(begin + m, element), kBlock);
          Value other = q;
          if (copied && width == 2)
            other = e.broadcast(e.loadScalar(queries, {e.index(begin + m), element}), kBlock);
          for (int64_t b = 0; b < width; ++b)
            next.push_back(e.fma(b % 2 ? other : q, keys[b], acc[m * width + b]));
        }
        return next;
      });
      Value scale = e.splat(kBlock, 1.0f / std::sqrt(static_cast<float>(d)));
      for (Value &sum : sums)
        sum = e.mul(sum, scale);
      for (int64_t m = 0; m < count; ++m)
        for (int64_t b = 0; b < width; ++b)
          e.store(sums[m * width + b], scores,
                  {e.index(begin + m), e.mulI(e.addI(block, b), kBlock)});
      e.ifThen(e.compare(arith::CmpIPredicate::sle, e.addI(block, width), seen), [&] {
        for (int64_t m = 0; m < count; ++m) {
          SmallVector<Value> at = {e.index(begin + m), e.index(0)};
          Value greatest = e.load(maxima, at, kBlock);
          for (int64_t b = 0; b < width; ++b)
            greatest = e.maximum(greatest, sums[m * width + b]);
          e.store(greatest, maxima, at);
        }
      });
    }
  }

  /// Row i of the scores becomes its weights over positions 0 .. last; the reciprocal of their sum
  /// goes to factors.
  void softmax(Value i, Value last) {
    Value count = e.addI(last, 1);
    Value whole = arith::AndIOp::create(e, count, e.index(-kBlock));
    Value rest = arith::SubIOp::create(e, count, whole);
    Value lanes = arith::ConstantOp::create(
        e, DenseElementsAttr::get(
               VectorType::get({kBlock}, e.getI32Type()),
               ArrayRef<int32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
    Value restLanes =
        vector::BroadcastOp::create(e, VectorType::get({kBlock}, e.getI32Type()),
                                    arith::IndexCastOp::create(e, e.getI32Type(), rest));
    Value mask = arith::CmpIOp::create(e, arith::CmpIPredicate::slt, lanes, restLanes);
    Value hasRest = e.compare(arith::CmpIPredicate::ne, rest, e.index(0));
    Value minusInfinity = e.splat(kBlock, -std::numeric_limits<float>::infinity());

    auto tail = [&](Value init, function_ref<Value(Value)> body) {
      auto branch =
          scf::IfOp::create(e, TypeRange{init.getType()}, hasRest, /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(e);
      e.setInsertionPointToStart(branch.thenBlock());
      scf::YieldOp::create(e, body(init));
      e.setInsertionPointToStart(branch.elseBlock());
      scf::YieldOp::create(e, init);
      return branch.getResult(0);
    };

    // Of the last blocks some rows see less than others.
    Value known = e.load(maxima, {i, e.index(0)}, kBlock);
    Value greatest =
        e.forLoop(e.mulI(summarised, kBlock), whole, kBlock, {known}, [&](Value t, ValueRange acc) {
          return SmallVector<Value>{e.maximum(acc[0], e.load(scores, {i, t}, kBlock))};
        })[0];
    greatest = tail(greatest, [&](Value acc) -> Value {
      Value v = arith::SelectOp::create(e, mask, e.load(scores, {i, whole}, kBlock), minusInfinity);
      return e.maximum(acc, v);
    });
    Value shift = e.broadcast(e.treeMax(greatest), kBlock);

    Value sum =
        e.forLoop(e.index(0), whole, kBlock, {e.splat(kBlock, 0.0f)}, [&](Value t, ValueRange acc) {
          Value w = e.expOfWeight(e.sub(e.load(scores, {i, t}, kBlock), shift));
          e.store(w, scores, {i, t});
          return SmallVector<Value>{e.add(acc[0], w)};
        })[0];
    sum = tail(sum, [&](Value acc) -> Value {
      Value w = e.expOfWeight(e.sub(e.load(scores, {i, whole}, kBlock), shift));
      w = arith::SelectOp::create(e, mask, w, e.splat(kBlock, 0.0f));
      e.store(w, scores, {i, whole});
      return e.add(acc, w);
    });
    memref::StoreOp::create(e, e.div(e.f32(1.0f), e.treeSum(sum)), factors, ValueRange{i});
  }

  /// out = weights . values * factor, positions in order; a token's rows stop at its own position.
  void weightedSum(Value firstRow, Value first, int64_t tokens) {
    int64_t rows = tokens * tileHeads, vectors = d / kBlock;
    // Where rows alone fill the tile, a vector of values is loaded and converted once for all of
    // them; few rows need several vectors for enough independent chains.
    int64_t wide = std::min<int64_t>(vectors, e.tiles.accumulators >= 16 ? 4 : rows > 3 ? 1 : 2);
    int64_t tileRows = std::max<int64_t>(1, e.tiles.accumulators / wide);
    for (int64_t v0 = 0; v0 < vectors; v0 += wide) {
      int64_t width = std::min(wide, vectors - v0);
      for (int64_t begin = 0; begin < rows; begin += tileRows) {
        int64_t count = std::min(tileRows, rows - begin);
        auto step = [&](Value t, ValueRange acc, int64_t firstToken) {
          SmallVector<Value> values, next(acc.begin(), acc.end());
          for (int64_t v = 0; v < width; ++v)
            values.push_back(
                e.load(op.getValueCache(), at({t, e.index((v0 + v) * kBlock)}), kBlock));
          for (int64_t m = 0; m < count; ++m) {
            if ((begin + m) / tileHeads < firstToken)
              continue;
            Value w = e.broadcast(e.loadScalar(scores, {e.index(begin + m), t}), kBlock);
            for (int64_t v = 0; v < width; ++v)
              next[m * width + v] = e.fma(w, values[v], acc[m * width + v]);
          }
          return next;
        };
        SmallVector<Value> init(count * width, e.splat(kBlock, 0.0f));
        SmallVector<Value> totals =
            e.forLoop(e.index(0), e.addI(first, 1), 1, init,
                      [&](Value t, ValueRange acc) { return step(t, acc, 0); });
        for (int64_t token = 1; token < tokens; ++token)
          if ((begin + count - 1) / tileHeads >= token)
            totals = step(atToken(first, token), totals, token);
        for (int64_t m = 0; m < count; ++m) {
          Value factor = e.broadcast(e.loadScalar(factors, {e.index(begin + m)}), kBlock);
          for (int64_t v = 0; v < width; ++v)
            storeOut(e.mul(totals[m * width + v], factor), firstRow, begin + m, (v0 + v) * kBlock);
        }
      }
    }
  }

  /// 16 columns from `offset` of row m's head on, into out, or into scratch if they are rounded.
  void storeOut(Value value, Value firstRow, int64_t m, int64_t offset) {
    if (rounded)
      e.store(value, outTile, {e.index(m / tileHeads), e.index(m % tileHeads * d + offset)});
    else
      e.store(value, op.getOut(), {row(firstRow, m), e.addI(column(m), offset)});
  }

  Emitter &e;
  AttendOp op;
  bool rounded;
  int64_t mostRows, d, positions, heads, group, tileHeads, tileTokens;
  Value firstHead, kvHead;
  Value lastToken; ///< of a tile that may have fewer tokens than it has room for; else null
  Value scores, factors, maxima, queries; ///< views of scratch
  Value outTile;                          ///< the tile's part of out, if it is rounded from there
  Value seen;                             ///< key blocks that all rows of the tile see
  Value summarised;                       ///< so many of the first ones are in maxima
  bool copied;                            ///< whether queries holds a second copy
  SmallVector<Value> cache, tokenQueries;
};
} // namespace

Value ignis::lowerAttend(Emitter &e, AttendOp op) { return AttendLowering(e, op).run(); }
