//===- OpCost.cpp - what an op reads, writes and computes -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See OpCost.h. A multiply-add counts as two operations, an exponential as those of its polynomial
// (docs/Numerics.md, section 5), a division as one.

#include "OpCost.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ignis;

namespace {
constexpr double kExp = 21;        // 9 multiply-adds, a product, two sums
constexpr double kSilu = kExp + 3; // negation, sum, division

struct Cost {
  double fixed = 0, perRow = 0, perPosition = 0;
  llvm::json::Array json() const { return llvm::json::Array{fixed, perRow, perPosition}; }
};

double bytesOf(Value value) {
  FailureOr<int64_t> bytes = getSizeInBytes(cast<ShapedType>(value.getType()));
  return succeeded(bytes) ? static_cast<double>(*bytes) : 0;
}

double dim(Value value, unsigned i) {
  return static_cast<double>(cast<ShapedType>(value.getType()).getDimSize(i));
}

/// Activations: per row. Weights and tables: whole. Caches are the op's own affair.
Cost operandBytes(Operation *op) {
  Cost cost;
  for (Value operand : op->getOperands()) {
    auto type = dyn_cast<ShapedType>(operand.getType());
    if (!type || type.getRank() > 2 || type.getElementType().isInteger(32))
      continue;
    if (operand.getDefiningOp<WeightOp>())
      cost.fixed += isa<EmbedOp>(op) ? 0 : bytesOf(operand);
    else if (type.getRank() == 2)
      cost.perRow += bytesOf(operand) / dim(operand, 0);
  }
  return cost;
}

/// Bytes of one position of a layer's keys and values.
template <typename Op> double positionBytes(Op op) {
  CacheShape shape(op.getValueCache());
  Type element = cast<ShapedType>(op.getValueCache().getType()).getElementType();
  return 2.0 * static_cast<double>(shape.heads * shape.headSize) * (element.isF32() ? 4 : 2);
}

Cost flopsOf(Operation *op) {
  Cost cost;
  auto matrix = [&](Value weight, double rows = 1) {
    cost.perRow += 2 * dim(weight, 0) * dim(weight, 1) * rows;
  };
  auto width = [](Value value) { return dim(value, 1); };
  TypeSwitch<Operation *>(op)
      .Case([&](LinearOp linear) {
        matrix(linear.getWeight());
        if (linear.getSelect() == RowSelection::Last) // Once, however many rows.
          std::swap(cost.fixed, cost.perRow);
      })
      .Case([&](LinearGroupOp group) {
        for (Value weight : group.getWeights())
          matrix(weight);
      })
      .Case([&](LinearSwigluOp linear) {
        matrix(linear.getGate());
        matrix(linear.getUp());
        cost.perRow += (kSilu + 1) * width(linear.getOut());
      })
      .Case([&](AttendOp attend) { // Two products; maximum, exponential and sum of each head.
        double columns = width(attend.getQ());
        auto size = static_cast<double>(CacheShape(attend.getValueCache()).headSize);
        cost.perPosition = 4 * columns + (kExp + 4) * columns / size;
      })
      .Case<RmsNormalizeOp, RmsNormOp>([&](auto norm) { cost.perRow = 4 * width(norm.getX()); })
      .Case([&](AddRmsNormOp norm) { cost.perRow = 5 * width(norm.getLhs()); })
      .Case([&](RopeOp rope) { cost.perRow = 3 * width(rope.getX()); })
      .Case([&](RopeCacheOp rope) { cost.perRow = 3 * width(rope.getK()); })
      .Case([&](RoundOp round) { cost.perRow = 2 * width(round.getX()); })
      .Case([&](SwigluOp swiglu) { cost.perRow = (kSilu + 1) * width(swiglu.getOut()); })
      .Case([&](SiluOp silu) { cost.perRow = kSilu * width(silu.getOut()); })
      .Case<AddOp, MulOp, ScaleOp>([&](auto each) { cost.perRow = width(each.getOut()); });
  // Rounding counts the same where another op does it.
  if (auto dst = dyn_cast<DestinationStyleOpInterface>(op); dst && !isa<RoundOp>(op))
    for (Value out : dst.getDpsInits())
      if (isRounded(out))
        cost.perRow += 2 * width(out);
  return cost;
}

/// "linear 4864x896", "linear_group 896+128+128x896", "rms_norm 896".
std::string nameOf(Operation *op) {
  std::string name = op->getName().stripDialect().str();
  auto number = [](double value) { return std::to_string(static_cast<int64_t>(value)); };
  std::string rows, columns;
  for (Value operand : op->getOperands())
    if (auto type = dyn_cast<ShapedType>(operand.getType());
        type && type.getRank() == 2 && operand.getDefiningOp<WeightOp>()) {
      rows += (rows.empty() ? "" : "+") + number(dim(operand, 0));
      columns = number(dim(operand, 1));
    }
  if (!rows.empty())
    return name + " " + rows + "x" + columns;
  for (Value operand : op->getOperands())
    if (auto type = dyn_cast<ShapedType>(operand.getType()); type && type.getRank() == 2)
      return name + " " + number(dim(operand, 1));
  return name;
}
} // namespace

llvm::json::Object ignis::describeCost(Operation *op) {
  Cost bytes = operandBytes(op);
  TypeSwitch<Operation *>(op)
      .Case([&](AttendOp attend) { bytes.perPosition = positionBytes(attend); })
      .Case<RopeCacheOp, CacheWriteOp>([&](auto write) { bytes.perRow += positionBytes(write); })
      .Case([&](EmbedOp embed) {
        bytes.perRow += bytesOf(embed.getTable()) / dim(embed.getTable(), 0);
      });
  if (isa<LastRowOp>(op))
    std::swap(bytes.fixed, bytes.perRow);
  llvm::json::Object object{
      {"op", nameOf(op)}, {"bytes", bytes.json()}, {"flops", flopsOf(op).json()}};
  // Of the last row alone, however many the call has.
  auto out = cast<DestinationStyleOpInterface>(op).getDpsInits().front();
  if (!cast<ComputeOpInterface>(op).getRowCount() && dim(out, 0) == 1)
    object["rows"] = 1;
  std::string names;
  for (Value operand : op->getOperands())
    if (auto weight = operand.getDefiningOp<WeightOp>())
      for (Attribute name : weight.getNames())
        names += (names.empty() ? "" : ", ") + cast<StringAttr>(name).getValue().str();
  if (!names.empty())
    object["weights"] = names;
  if (auto layer = op->getAttrOfType<IntegerAttr>("layer"))
    object["layer"] = layer.getInt();
  return object;
}
