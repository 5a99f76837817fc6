//===- IgnisOps.cpp - what passes may ask of the ops ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Interface methods: rows in use, memory effects, rounding and scratch that an op declares,
// in-place safety.

#include "ignis/Dialect/Ignis/IR/Ignis.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace ignis;

#include "ignis/Dialect/Ignis/IR/IgnisInterfaces.cpp.inc"

//===----------------------------------------------------------------------------------------------===//
// Assembly of ignis.weight: one name or several, separated by commas
//===----------------------------------------------------------------------------------------------===//

static ParseResult parseNames(OpAsmParser &parser, ArrayAttr &names) {
  SmallVector<Attribute> list;
  if (parser.parseCommaSeparatedList([&]() -> ParseResult {
        std::string name;
        if (parser.parseString(&name))
          return failure();
        list.push_back(parser.getBuilder().getStringAttr(name));
        return success();
      }))
    return failure();
  names = parser.getBuilder().getArrayAttr(list);
  return success();
}

static void printNames(OpAsmPrinter &printer, Operation *, ArrayAttr names) {
  llvm::interleaveComma(names, printer, [&](Attribute name) { printer << name; });
}

//===----------------------------------------------------------------------------------------------===//
// Assembly of positions: one index, or a buffer with its type
//===----------------------------------------------------------------------------------------------===//

static ParseResult parsePosition(OpAsmParser &parser, OpAsmParser::UnresolvedOperand &position,
                                 Type &type) {
  if (parser.parseOperand(position))
    return failure();
  type = parser.getBuilder().getIndexType();
  if (succeeded(parser.parseOptionalColon()))
    return parser.parseType(type);
  return success();
}

static void printPosition(OpAsmPrinter &printer, Operation *, Value position, Type type) {
  printer << position;
  if (!type.isIndex())
    printer << " : " << type;
}

#define GET_OP_CLASSES
#include "ignis/Dialect/Ignis/IR/IgnisOps.cpp.inc"

//===----------------------------------------------------------------------------------------------===//
// Rows in use and memory effects, the same for every compute op
//===----------------------------------------------------------------------------------------------===//

/// Inputs are read, destinations written. Caches keep what other calls wrote, so they are read too.
static void
getBufferEffects(DestinationStyleOpInterface op,
                 SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  auto *resource = SideEffects::DefaultResource::get();
  for (OpOperand *input : op.getDpsInputOperands())
    if (isa<MemRefType>(input->get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), input, resource);
  for (OpOperand &init : op.getDpsInitsMutable()) {
    auto type = dyn_cast<MemRefType>(init.get().getType());
    if (!type)
      continue;
    if (type.getRank() > 2)
      effects.emplace_back(MemoryEffects::Read::get(), &init, resource);
    effects.emplace_back(MemoryEffects::Write::get(), &init, resource);
  }
}

#define IGNIS_COMMON_METHODS(OP)                                                                   \
  Value OP::getRowCount() { return getRows(); }                                                    \
  void OP::clearRowCount() { getRowsMutable().clear(); }                                           \
  void OP::getEffects(                                                                             \
      SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {              \
    getBufferEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);                  \
  }
IGNIS_COMMON_METHODS(EmbedOp)
IGNIS_COMMON_METHODS(LastRowOp)
IGNIS_COMMON_METHODS(RmsNormalizeOp)
IGNIS_COMMON_METHODS(ScaleOp)
IGNIS_COMMON_METHODS(RmsNormOp)
IGNIS_COMMON_METHODS(AddRmsNormOp)
IGNIS_COMMON_METHODS(RoundOp)
IGNIS_COMMON_METHODS(LinearOp)
IGNIS_COMMON_METHODS(LinearGroupOp)
IGNIS_COMMON_METHODS(LinearSwigluOp)
IGNIS_COMMON_METHODS(RopeOp)
IGNIS_COMMON_METHODS(AttentionOp)
IGNIS_COMMON_METHODS(CacheWriteOp)
IGNIS_COMMON_METHODS(RopeCacheOp)
IGNIS_COMMON_METHODS(AttendOp)
IGNIS_COMMON_METHODS(AddOp)
IGNIS_COMMON_METHODS(MulOp)
IGNIS_COMMON_METHODS(SiluOp)
IGNIS_COMMON_METHODS(SwigluOp)
#undef IGNIS_COMMON_METHODS

//===----------------------------------------------------------------------------------------------===//
// Elementwise access: an output may take the place of such an input
//===----------------------------------------------------------------------------------------------===//

bool RmsNormalizeOp::isElementwiseIn(OpOperand &input) { return input == getXMutable(); }
bool ScaleOp::isElementwiseIn(OpOperand &input) { return input == getXMutable(); }
bool RmsNormOp::isElementwiseIn(OpOperand &input) { return input == getXMutable(); }
bool RopeOp::isElementwiseIn(OpOperand &input) { return input == getXMutable(); }
bool SiluOp::isElementwiseIn(OpOperand &input) { return input == getXMutable(); }
static bool isEither(OpOperand &input) { return input.getOperandNumber() < 2; }
bool AddOp::isElementwiseIn(OpOperand &input) { return isEither(input); }
bool AddRmsNormOp::isElementwiseIn(OpOperand &input) { return isEither(input); }
bool MulOp::isElementwiseIn(OpOperand &input) { return isEither(input); }
bool SwigluOp::isElementwiseIn(OpOperand &input) { return isEither(input); }
bool LinearOp::isElementwiseIn(OpOperand &input) {
  if (!getResidual() || input.get() != getResidual() || input.get() == getX())
    return false;
  // Kernels add float32 biases alone: others, and then the residual, are added to what the kernel
  // has written.
  auto element = [](Value value) { return cast<ShapedType>(value.getType()).getElementType(); };
  return !getBias() || element(getBias()).isF32() || !isa<Q8_0Type>(element(getWeight()));
}

//===----------------------------------------------------------------------------------------------===//
// Rows that do not depend on one another
//===----------------------------------------------------------------------------------------------===//

static SmallVector<OpOperand *> firstOperands(Operation *op, unsigned count) {
  SmallVector<OpOperand *> operands;
  for (OpOperand &operand : op->getOpOperands().take_front(count))
    operands.push_back(&operand);
  return operands;
}

#define IGNIS_ROW_INPUTS(OP, COUNT)                                                                \
  SmallVector<OpOperand *> OP::getRowInputs() { return firstOperands(*this, COUNT); }
IGNIS_ROW_INPUTS(RmsNormalizeOp, 1)
IGNIS_ROW_INPUTS(ScaleOp, 1)
IGNIS_ROW_INPUTS(RmsNormOp, 1)
IGNIS_ROW_INPUTS(AddRmsNormOp, 2)
IGNIS_ROW_INPUTS(LinearGroupOp, 1)
IGNIS_ROW_INPUTS(LinearSwigluOp, 1)
IGNIS_ROW_INPUTS(AddOp, 2)
IGNIS_ROW_INPUTS(MulOp, 2)
IGNIS_ROW_INPUTS(SiluOp, 1)
IGNIS_ROW_INPUTS(SwigluOp, 2)
// Rows with positions of their own belong to several sequences.
IGNIS_ROW_INPUTS(RopeOp, getPosition().getType().isIndex())
IGNIS_ROW_INPUTS(AttendOp, getPosition().getType().isIndex())
#undef IGNIS_ROW_INPUTS

SmallVector<OpOperand *> LinearOp::getRowInputs() {
  if (getSelect() != RowSelection::All)
    return {};
  SmallVector<OpOperand *> operands = {&getXMutable()};
  for (OpOperand &residual : getResidualMutable())
    operands.push_back(&residual);
  return operands;
}

template <typename Op> static OpOperand *firstPosition(Op op) {
  return op.getPosition().getType().isIndex() ? &op.getPositionMutable() : nullptr;
}
OpOperand *RopeOp::getFirstPosition() { return firstPosition(*this); }
OpOperand *AttendOp::getFirstPosition() { return firstPosition(*this); }

//===----------------------------------------------------------------------------------------------===//
// Declared memory beside the operands
//===----------------------------------------------------------------------------------------------===//

bool ignis::isRounded(Value value) {
  return isa<Q8ActType>(cast<ShapedType>(value.getType()).getElementType());
}

static int64_t roundedBytes(Value x, Value weight) {
  auto type = cast<ShapedType>(x.getType());
  if (!type.getElementType().isF32() ||
      !isa<Q8_0Type>(cast<ShapedType>(weight.getType()).getElementType()))
    return 0;
  return type.getDimSize(0) * (type.getDimSize(1) + type.getDimSize(1) / 4);
}

int64_t LinearOp::getActivationBytes() { return roundedBytes(getX(), getWeight()); }

int64_t LinearGroupOp::getActivationBytes() { return roundedBytes(getX(), getWeights().front()); }

int64_t LinearSwigluOp::getActivationBytes() { return roundedBytes(getX(), getGate()); }

/// Few rows: as many columns as one thread reads in a run, so that the two weights are long
/// streams; many rows: both products of a panel of rows stay in the second-level cache.
SwigluTile LinearSwigluOp::getTile() {
  auto type = cast<ShapedType>(getOut().getType());
  int64_t rows = std::min<int64_t>(type.getDimSize(0), kPanelRows), n = type.getDimSize(1);
  int64_t columns = rows <= kStreamedRows ? kSwigluElements / rows : kSwigluColumns;
  columns = columns / kSwigluColumns * kSwigluColumns;
  return {rows, std::min(columns, (n + kSwigluColumns - 1) / kSwigluColumns * kSwigluColumns)};
}

int64_t LinearSwigluOp::getScratchBytes() {
  SwigluTile tile = getTile();
  return 2 * 4 * tile.rows * tile.columns;
}

/// Of one tile of kAttentionRows query rows: scores of all positions, a factor, maxima of 16 lanes,
/// and a copy of the queries.
static int64_t scoreBytes(Value valueCache) {
  CacheShape cache(valueCache);
  return 4 * kAttentionRows * (scoreStride(cache.positions) + 1 + 16 + cache.headSize);
}

int64_t AttentionOp::getScratchBytes() { return scoreBytes(getValueCache()); }
int64_t AttendOp::getScratchBytes() {
  int64_t outBytes = 4 * kAttentionRows * CacheShape(getValueCache()).headSize; // before rounding
  return scoreBytes(getValueCache()) + (isRounded(getOut()) ? outBytes : 0);
}

int64_t AttendOp::getTileHeads() {
  CacheShape cache(getValueCache());
  int64_t width = cast<ShapedType>(getOut().getType()).getDimSize(1);
  int64_t group = width / cache.headSize / cache.heads, heads = group;
  while (heads > kAttentionRows || group % heads)
    --heads;
  return heads;
}

/// One row before rounding.
static int64_t rowBytes(Value out) {
  return isRounded(out) ? 4 * cast<ShapedType>(out.getType()).getDimSize(1) : 0;
}

int64_t RmsNormOp::getScratchBytes() { return rowBytes(getOut()); }
int64_t AddRmsNormOp::getScratchBytes() { return rowBytes(getOut()); }

//===----------------------------------------------------------------------------------------------===//
// Rounded output: by each chunk, so its columns are whole blocks
//===----------------------------------------------------------------------------------------------===//

static bool isWhole(int64_t columns) { return columns % 32 == 0; }
static int64_t widthOf(OpOperand &init) {
  return cast<ShapedType>(init.get().getType()).getDimSize(1);
}

bool RmsNormOp::canRound(OpOperand &init) { return isWhole(widthOf(init)); }
bool AddRmsNormOp::canRound(OpOperand &init) {
  return init == getOutMutable() && isWhole(widthOf(init));
}
bool LinearSwigluOp::canRound(OpOperand &init) {
  bool kernels = isa<Q8_0Type>(cast<ShapedType>(getGate().getType()).getElementType());
  return kernels && isWhole(widthOf(init));
}
bool AttendOp::canRound(OpOperand &) {
  return isWhole(getTileHeads() * CacheShape(getValueCache()).headSize);
}

CacheShape::CacheShape(Value valueCache) {
  ArrayRef<int64_t> shape = cast<ShapedType>(valueCache.getType()).getShape();
  if (shape.size() == 5) {
    sequences = shape.front();
    shape = shape.drop_front();
  }
  layers = shape[0];
  heads = shape[1];
  positions = shape[2];
  headSize = shape[3];
}
