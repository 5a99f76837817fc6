//===- VerifyModel.cpp - a module against the file that it is to run on
//------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See VerifyModel.h. Names come from text that people edit: they are escaped.

#include "ignis/Import/VerifyModel.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/GGUF/File.h"
#include "ignis/GGUF/ModelConfig.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace ignis;

static bool isOfType(Type element, gguf::TensorType type) {
  switch (type) {
  case gguf::TensorType::Q8_0:
    return isa<Q8_0Type>(element);
  case gguf::TensorType::F16:
    return element.isF16();
  case gguf::TensorType::BF16:
    return element.isBF16();
  case gguf::TensorType::F32:
    return element.isF32();
  default:
    return false;
  }
}

static LogicalResult verifyWeight(WeightOp weight, const gguf::File &file) {
  auto type = cast<ShapedType>(weight.getType());
  int64_t width = type.getShape().back(), rows = 0;
  for (Attribute attribute : weight.getNames()) {
    StringRef name = cast<StringAttr>(attribute).getValue();
    const gguf::TensorInfo *tensor = file.findTensor(name);
    if (!tensor)
      return weight.emitOpError("wants tensor '")
             << gguf::escape(name) << "', which is not in " << gguf::escape(file.path());
    if (!isOfType(type.getElementType(), tensor->type))
      return weight.emitOpError("expects elements of ")
             << type.getElementType() << ", tensor '" << gguf::escape(name) << "' has "
             << gguf::typeName(tensor->type);
    if (tensor->ne[0] != width)
      return weight.emitOpError("expects rows of ")
             << width << " values, tensor '" << gguf::escape(name) << "' has " << tensor->ne[0];
    rows += width ? tensor->elements / width : 0;
  }
  int64_t wanted = type.getRank() == 1 ? 1 : type.getDimSize(0);
  if (rows != wanted)
    return weight.emitOpError("expects ")
           << wanted << " rows, the file has " << rows << " of that name";
  return success();
}

namespace {
/// A dimension of an argument that the model fixes, counted from the last one, 0.
struct FixedDim {
  StringRef role;
  unsigned fromLast;
  StringRef what;
  int64_t value;
};
} // namespace

static LogicalResult verifyArguments(func::FuncOp function, ArrayRef<FixedDim> dims) {
  for (BlockArgument argument : function.getArguments()) {
    unsigned i = argument.getArgNumber();
    auto role = function.getArgAttrOfType<StringAttr>(i, kRoleAttr);
    auto type = dyn_cast<ShapedType>(argument.getType());
    if (!role || !type || !type.hasRank())
      continue;
    for (const FixedDim &dim : dims) {
      if (role.getValue() != dim.role || type.getRank() <= dim.fromLast)
        continue;
      int64_t size = type.getShape()[static_cast<size_t>(type.getRank()) - 1 - dim.fromLast];
      if (size != dim.value)
        return function.emitError("argument ")
               << i << " with the role " << role << " has " << dim.what << ' ' << size
               << ", expected " << dim.value << ", the model's";
    }
  }
  return success();
}

LogicalResult ignis::verifyModel(ModuleOp module, const gguf::File &file,
                                 const gguf::ModelConfig &config) {
  const FixedDim dims[] = {
      {"input", 0, "width", config.embedding},     {"embedded", 0, "width", config.embedding},
      {"logits", 0, "width", config.vocabulary},   {"rope_table", 0, "width", config.headDim},
      {"k_cache", 1, "head size", config.headDim}, {"k_cache", 3, "heads", config.kvHeads},
      {"v_cache", 0, "head size", config.headDim}, {"v_cache", 2, "heads", config.kvHeads},
  };
  WalkResult walk = module.walk([&](Operation *op) {
    if (auto weight = dyn_cast<WeightOp>(op))
      return WalkResult(verifyWeight(weight, file));
    if (auto function = dyn_cast<func::FuncOp>(op); function && !function.isExternal())
      return WalkResult(verifyArguments(function, dims));
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}
