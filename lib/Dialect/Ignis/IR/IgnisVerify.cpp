//===- IgnisVerify.cpp - verifiers ------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One check per numbered constraint of IgnisOps.td; a comment `op_cN` marks each, and the test of
// the same name in test/Dialect/Ignis/IR/invalid.mlir fails it.

#include "ignis/Dialect/Ignis/IR/Ignis.h"

#include <cmath>

using namespace mlir;
using namespace ignis;

static ShapedType shaped(Value value) { return cast<ShapedType>(value.getType()); }
static int64_t dim(Value value, unsigned i) { return shaped(value).getDimSize(i); }

/// What holds for every op: static shapes, all operands tensors or all memrefs with identity
/// layout.
static LogicalResult verifyBuffers(Operation *op) {
  bool tensors = false, memrefs = false;
  for (Type type : op->getOperandTypes()) {
    auto shapedType = dyn_cast<ShapedType>(type);
    if (!shapedType)
      continue;
    if (!shapedType.hasStaticShape())
      return op->emitOpError("needs static shapes, got ") << type;
    (isa<TensorType>(type) ? tensors : memrefs) = true;
    if (auto memref = dyn_cast<MemRefType>(type); memref && !memref.getLayout().isIdentity())
      return op->emitOpError("needs memrefs with identity layout, got ") << type;
  }
  if (tensors && memrefs)
    return op->emitOpError("mixes tensors and memrefs");
  return success();
}

static LogicalResult verifySameShape(Operation *op, Value a, StringRef aName, Value b,
                                     StringRef bName) {
  if (shaped(a).getShape() == shaped(b).getShape())
    return success();
  return op->emitOpError() << aName << " and " << bName << " differ in shape: " << a.getType()
                           << " against " << b.getType();
}

static LogicalResult verifyWidth(Operation *op, Value value, StringRef name, int64_t width,
                                 StringRef what) {
  int64_t last = dim(value, shaped(value).getRank() - 1);
  if (last == width)
    return success();
  return op->emitOpError() << name << " has width " << last << ", expected " << width << ", "
                           << what;
}

static LogicalResult verifyEpsilon(Operation *op, const APFloat &eps) {
  if (eps.isFinite() && !eps.isNegative() && !eps.isZero())
    return success();
  return op->emitOpError("eps must be finite and positive");
}

static bool isQ8_0(Value value) { return isa<Q8_0Type>(shaped(value).getElementType()); }

/// An op writes rounded rows only if its chunks are whole blocks.
template <typename Op> static LogicalResult verifyRounded(Op op) {
  if (!isRounded(op.getOut()) || op.canRound(op.getOutMutable()))
    return success();
  return op.emitOpError() << "cannot write rounded rows, got an out of " << op.getOut().getType();
}

LogicalResult WeightOp::verify() {
  if (getNames().empty()) // weight_c1
    return emitOpError("needs at least one tensor name");
  for (Attribute name : getNames())
    if (cast<StringAttr>(name).empty()) // weight_c1
      return emitOpError("has an empty tensor name");
  auto type = cast<ShapedType>(getType());
  if (!type.hasStaticShape() || type.getRank() < 1 || type.getRank() > 2) // weight_c2
    return emitOpError("needs a static shape of rank 1 or 2, got ") << type;
  Type element = type.getElementType();
  if (!element.isF32() && !element.isF16() && !element.isBF16() &&
      !isa<Q8_0Type>(element)) // weight_c3
    return emitOpError("needs elements of f32, f16, bf16 or !ignis.q8_0, got ") << element;
  if (isa<Q8_0Type>(element) && (type.getRank() != 2 || type.getDimSize(1) % 32)) // weight_c3
    return emitOpError("needs rank 2 and rows of a multiple of 32 values for !ignis.q8_0, got ")
           << type;
  return success();
}

LogicalResult EmbedOp::verify() {
  if (failed(verifyBuffers(*this)))
    return failure();
  if (dim(getTokens(), 0) != dim(getOut(), 0)) // embed_c1
    return emitOpError() << "has " << dim(getTokens(), 0) << " tokens but " << dim(getOut(), 0)
                         << " rows";
  return verifyWidth(*this, getTable(), "table", dim(getOut(), 1), "the width of out"); // embed_c2
}

LogicalResult LastRowOp::verify() {
  if (failed(verifyBuffers(*this)))
    return failure();
  if (dim(getOut(), 0) != 1) // last_row_c2
    return emitOpError() << "out has " << dim(getOut(), 0) << " rows, expected 1";
  return verifyWidth(*this, getOut(), "out", dim(getX(), 1), "the width of x"); // last_row_c1
}

LogicalResult RmsNormalizeOp::verify() {
  if (failed(verifyBuffers(*this)) ||
      failed(verifySameShape(*this, getX(), "x", getOut(), "out"))) // rms_normalize_c1
    return failure();
  return verifyEpsilon(*this, getEps()); // rms_normalize_c2
}

LogicalResult ScaleOp::verify() {
  if (failed(verifyBuffers(*this)) ||
      failed(verifySameShape(*this, getX(), "x", getOut(), "out"))) // scale_c1
    return failure();
  return verifyWidth(*this, getWeight(), "weight", dim(getX(), 1), "the width of x"); // scale_c2
}

LogicalResult RmsNormOp::verify() {
  if (failed(verifyBuffers(*this)) ||
      failed(verifySameShape(*this, getX(), "x", getOut(), "out")) || // rms_norm_c1
      failed(verifyWidth(*this, getWeight(), "weight", dim(getX(), 1),
                         "the width of x")) || // rms_norm_c2
      failed(verifyRounded(*this)))            // rms_norm_c4
    return failure();
  return verifyEpsilon(*this, getEps()); // rms_norm_c3
}

LogicalResult AddRmsNormOp::verify() {
  if (failed(verifyBuffers(*this)) ||
      failed(verifySameShape(*this, getLhs(), "lhs", getRhs(), "rhs")) || // add_rms_norm_c1
      failed(verifySameShape(*this, getLhs(), "lhs", getSum(), "sum")) || // add_rms_norm_c1
      failed(verifySameShape(*this, getLhs(), "lhs", getOut(), "out")) || // add_rms_norm_c1
      failed(verifyWidth(*this, getWeight(), "weight", dim(getLhs(), 1),
                         "the width of lhs")) || // add_rms_norm_c2
      failed(verifyEpsilon(*this, getEps())) ||  // add_rms_norm_c3
      failed(verifyRounded(*this)))              // add_rms_norm_c5
    return failure();
  if (isa<MemRefType>(getSum().getType()) && getSum() == getOut()) // add_rms_norm_c4
    return emitOpError("writes sum and out to one buffer, expected two");
  return success();
}

LogicalResult RoundOp::verify() {
  if (failed(verifyBuffers(*this)) ||
      failed(verifySameShape(*this, getX(), "x", getOut(), "out"))) // round_c1
    return failure();
  if (dim(getX(), 1) % 32) // round_c2
    return emitOpError() << "needs a width that is a multiple of 32, got " << dim(getX(), 1);
  return success();
}

/// Constraints shared by the linear ops: element types of x and weight, and blocks of 32.
static LogicalResult verifyProduct(Operation *op, Value x, Value weight) {
  if (isQ8_0(weight) && dim(weight, 1) % 32)
    return op->emitOpError() << "needs rows of a multiple of 32 values for !ignis.q8_0, got "
                             << dim(weight, 1);
  if (isRounded(x) && !isQ8_0(weight))
    return op->emitOpError() << "has a rounded x but a weight of "
                             << shaped(weight).getElementType() << ", expected !ignis.q8_0";
  return success();
}

LogicalResult LinearOp::verify() {
  if (failed(verifyBuffers(*this)) ||
      failed(verifyWidth(*this, getWeight(), "weight", dim(getX(), 1),
                         "the width of x")) || // linear_c1
      failed(verifyWidth(*this, getOut(), "out", dim(getWeight(), 0),
                         "the rows of weight"))) // linear_c2
    return failure();
  bool last = getSelect() == RowSelection::Last;
  int64_t rows = last ? 1 : dim(getX(), 0);
  if (dim(getOut(), 0) != rows) // linear_c3
    return emitOpError() << "out has " << dim(getOut(), 0) << " rows, expected " << rows;
  if (getBias() && failed(verifyWidth(*this, getBias(), "bias", dim(getOut(), 1),
                                      "the width of out"))) // linear_c4
    return failure();
  if (getResidual()) { // linear_c5
    if (failed(verifySameShape(*this, getResidual(), "residual", getOut(), "out")))
      return failure();
    if (last)
      return emitOpError("cannot add a residual to the last row alone");
    if (isa<MemRefType>(getOut().getType()) && getResidual() == getOut() &&
        !isElementwiseIn(getResidualMutable()[0])) // linear_c8
      return emitOpError("cannot write over its residual, which it reads later");
  }
  return verifyProduct(*this, getX(), getWeight()); // linear_c6, linear_c7
}

LogicalResult LinearGroupOp::verify() {
  if (failed(verifyBuffers(*this)))
    return failure();
  size_t count = getWeights().size();
  if (count < 2 || getOuts().size() != count ||
      (!getBiases().empty() && getBiases().size() != count)) // linear_group_c1
    return emitOpError() << "has " << count << " weights, " << getBiases().size() << " biases and "
                         << getOuts().size()
                         << " outs, expected at least two of each, or no biases";
  for (size_t i = 0; i < count; ++i) {
    Value weight = getWeights()[i], out = getOuts()[i];
    if (shaped(weight).getElementType() !=
        shaped(getWeights()[0]).getElementType()) // linear_group_c2
      return emitOpError() << "weights differ in element type: "
                           << shaped(getWeights()[0]).getElementType() << " against "
                           << shaped(weight).getElementType();
    if (failed(verifyWidth(*this, weight, "weight", dim(getX(), 1),
                           "the width of x")) || // linear_group_c3
        failed(verifyWidth(*this, out, "out", dim(weight, 0),
                           "the rows of weight"))) // linear_group_c4
      return failure();
    if (dim(out, 0) != dim(getX(), 0)) // linear_group_c4
      return emitOpError() << "out has " << dim(out, 0) << " rows, expected " << dim(getX(), 0);
    if (!getBiases().empty() && failed(verifyWidth(*this, getBiases()[i], "bias", dim(out, 1),
                                                   "the width of out"))) // linear_group_c5
      return failure();
    if (failed(verifyProduct(*this, getX(), weight))) // linear_group_c6, linear_group_c7
      return failure();
  }
  return success();
}

LogicalResult LinearSwigluOp::verify() {
  if (failed(verifyBuffers(*this)))
    return failure();
  if (getGate().getType() != getUp().getType()) // linear_swiglu_c1
    return emitOpError() << "gate and up differ in type: " << getGate().getType() << " against "
                         << getUp().getType();
  if (failed(verifyWidth(*this, getGate(), "gate", dim(getX(), 1),
                         "the width of x")) || // linear_swiglu_c2
      failed(verifyWidth(*this, getOut(), "out", dim(getGate(), 0),
                         "the rows of gate"))) // linear_swiglu_c3
    return failure();
  if (dim(getOut(), 0) != dim(getX(), 0)) // linear_swiglu_c3
    return emitOpError() << "out has " << dim(getOut(), 0) << " rows, expected " << dim(getX(), 0);
  if (failed(verifyRounded(*this))) // linear_swiglu_c6
    return failure();
  return verifyProduct(*this, getX(), getGate()); // linear_swiglu_c4, linear_swiglu_c5
}

static LogicalResult verifyHeadSize(Operation *op, int64_t size) {
  if (size % 16 == 0 && size >= 32 && size <= 128)
    return success();
  return op->emitOpError() << "has head size " << size
                           << ", expected a multiple of 16 from 32 to 128";
}

/// A buffer has one element for each row; anything else is fine.
static LogicalResult verifyPerRow(Operation *op, Value value, StringRef name, int64_t rows) {
  if (!isa<ShapedType>(value.getType()) || dim(value, 0) == rows)
    return success();
  return op->emitOpError() << "has " << dim(value, 0) << " " << name << " but " << rows << " rows";
}

LogicalResult RopeOp::verify() {
  if (failed(verifyBuffers(*this)) ||
      failed(verifySameShape(*this, getX(), "x", getOut(), "out")) || // rope_c1
      failed(verifyHeadSize(*this, dim(getTable(), 1))))              // rope_c3
    return failure();
  if (dim(getX(), 1) % dim(getTable(), 1)) // rope_c2
    return emitOpError() << "x has width " << dim(getX(), 1)
                         << ", expected a multiple of the table's width " << dim(getTable(), 1);
  return verifyPerRow(*this, getPosition(), "positions", dim(getX(), 0)); // rope_c4
}

/// The caches agree with each other, the layer is one of theirs, the head size is supported, and
/// there are positions and sequences of rows if the caches are those of several sequences.
static LogicalResult verifyCaches(Operation *op, Value keys, Value values, uint64_t layer,
                                  Value position, Value sequences) {
  ArrayRef<int64_t> k = shaped(keys).getShape(), v = shaped(values).getShape();
  bool same = shaped(keys).getElementType() == shaped(values).getElementType() &&
              k.size() == v.size() + 1 && k.drop_back(3) == v.drop_back(2) && k.back() == 16;
  if (same) {
    ArrayRef<int64_t> blocks = k.take_back(3), rows = v.take_back(2);
    same = blocks[0] * 16 == rows[0] && blocks[1] == rows[1];
  }
  if (!same)
    return op->emitOpError() << "key cache " << keys.getType() << " does not match value cache "
                             << values.getType();
  CacheShape shape(values);
  if (layer >= static_cast<uint64_t>(shape.layers))
    return op->emitOpError() << "has layer " << static_cast<int64_t>(layer) << ", expected 0 to "
                             << shape.layers - 1;
  bool many = shape.sequences != 0;
  if (many != static_cast<bool>(sequences) || many == position.getType().isIndex())
    return op->emitOpError() << "caches of "
                             << (many ? "several sequences need" : "one sequence take")
                             << (many ? " positions and sequences of rows"
                                      : " one position and no sequences of rows");
  int64_t rows = dim(op->getOperand(0), 0);
  if (many && (failed(verifyPerRow(op, position, "positions", rows)) ||
               failed(verifyPerRow(op, sequences, "sequences", rows))))
    return failure();
  return verifyHeadSize(op, shape.headSize);
}

/// Of either being 0 nothing follows that makes sense.
static bool isNoMultiple(int64_t value, int64_t of) {
  return value == 0 || of == 0 || value % of != 0;
}

static int64_t cacheWidth(Value values) {
  CacheShape shape(values);
  return shape.heads * shape.headSize;
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyBuffers(*this)) ||
      failed(verifySameShape(*this, getQ(), "q", getOut(), "out")) || // attention_c1
      failed(verifySameShape(*this, getK(), "k", getV(), "v")))       // attention_c1
    return failure();
  if (dim(getQ(), 0) != dim(getK(), 0)) // attention_c2
    return emitOpError() << "q has " << dim(getQ(), 0) << " rows but k has " << dim(getK(), 0);
  if (failed(verifyCaches(*this, getKeyCache(), getValueCache(), getLayer(), getPosition(),
                          getSequences()))) // attention_c3, c6, c7, c8
    return failure();
  int64_t width = cacheWidth(getValueCache());
  if (failed(verifyWidth(*this, getK(), "k", width,
                         "the cache's heads times head size"))) // attention_c4
    return failure();
  if (isNoMultiple(dim(getQ(), 1), width)) // attention_c5
    return emitOpError() << "q has width " << dim(getQ(), 1)
                         << ", expected a multiple of k's width " << width;
  return success();
}

LogicalResult CacheWriteOp::verify() {
  if (failed(verifyBuffers(*this)) ||
      failed(verifySameShape(*this, getK(), "k", getV(), "v")) || // cache_write_c1
      failed(verifyCaches(*this, getKeyCache(), getValueCache(), getLayer(), getPosition(),
                          getSequences()))) // cache_write_c2, c4, c5, c6
    return failure();
  return verifyWidth(*this, getK(), "k", cacheWidth(getValueCache()),
                     "the cache's heads times head size"); // cache_write_c3
}

LogicalResult RopeCacheOp::verify() {
  if (failed(verifyBuffers(*this)) ||
      failed(verifySameShape(*this, getK(), "k", getV(), "v")) || // rope_cache_c1
      failed(verifyCaches(*this, getKeyCache(), getValueCache(), getLayer(), getPosition(),
                          getSequences()))) // rope_cache_c2, c5, c6, c7
    return failure();
  int64_t size = CacheShape(getValueCache()).headSize;
  if (failed(verifyWidth(*this, getK(), "k", cacheWidth(getValueCache()),
                         "the cache's heads times head size"))) // rope_cache_c3
    return failure();
  return verifyWidth(*this, getTable(), "table", size, "the cache's head size"); // rope_cache_c4
}

LogicalResult AttendOp::verify() {
  if (failed(verifyBuffers(*this)) ||
      failed(verifySameShape(*this, getQ(), "q", getOut(), "out")) || // attend_c1
      failed(verifyCaches(*this, getKeyCache(), getValueCache(), getLayer(), getPosition(),
                          getSequences()))) // attend_c2, c4, c5, c6
    return failure();
  int64_t width = cacheWidth(getValueCache());
  if (isNoMultiple(dim(getQ(), 1), width)) // attend_c3
    return emitOpError() << "q has width " << dim(getQ(), 1) << ", expected a multiple of " << width
                         << ", the cache's heads times head size";
  return verifyRounded(*this); // attend_c7
}

template <typename Op> static LogicalResult verifyBinary(Op op) {
  if (failed(verifyBuffers(op)) ||
      failed(verifySameShape(op, op.getLhs(), "lhs", op.getRhs(), "rhs")))
    return failure();
  return verifySameShape(op, op.getLhs(), "lhs", op.getOut(), "out");
}

LogicalResult AddOp::verify() { return verifyBinary(*this); }    // add_c1
LogicalResult MulOp::verify() { return verifyBinary(*this); }    // mul_c1
LogicalResult SwigluOp::verify() { return verifyBinary(*this); } // swiglu_c1
LogicalResult SiluOp::verify() {
  if (failed(verifyBuffers(*this)))
    return failure();
  return verifySameShape(*this, getX(), "x", getOut(), "out"); // silu_c1
}
