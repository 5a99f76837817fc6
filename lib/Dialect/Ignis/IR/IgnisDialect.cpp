//===- IgnisDialect.cpp - registration of the dialect -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Types, attributes and the dialect object. Ops are in IgnisOps.cpp, their verifiers in
// IgnisVerify.cpp.

#include "ignis/Dialect/Ignis/IR/Ignis.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

#include "ignis/Dialect/Ignis/IR/IgnisDialect.cpp.inc"
#include "ignis/Dialect/Ignis/IR/IgnisEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "ignis/Dialect/Ignis/IR/IgnisAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "ignis/Dialect/Ignis/IR/IgnisTypes.cpp.inc"

namespace {
/// All ops may be inlined: none has regions or refers to its function.
struct IgnisInliner : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final { return true; }
};
} // namespace

void ignis::IgnisDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "ignis/Dialect/Ignis/IR/IgnisOps.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "ignis/Dialect/Ignis/IR/IgnisTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ignis/Dialect/Ignis/IR/IgnisAttrs.cpp.inc"
      >();
  addInterfaces<IgnisInliner>();
}

FailureOr<int64_t> ignis::getSizeInBytes(ShapedType type) {
  if (!type.hasStaticShape())
    return failure();
  int64_t elements = 1;
  for (int64_t size : type.getShape())
    if (llvm::MulOverflow(elements, size, elements))
      return failure();
  int64_t bytes = 0;
  Type element = type.getElementType();
  if (isa<Q8_0Type>(element)) {
    if (elements % 32 || llvm::MulOverflow(elements / 32, int64_t(34), bytes))
      return failure();
    return bytes;
  }
  if (isa<Q8ActType>(element)) {
    if (elements % 32 || llvm::MulOverflow(elements / 32, int64_t(40), bytes))
      return failure();
    return bytes;
  }
  if (element.isIndex())
    bytes = 8;
  else if (element.isIntOrFloat())
    bytes = (element.getIntOrFloatBitWidth() + 7) / 8;
  else
    return failure();
  if (llvm::MulOverflow(elements, bytes, bytes))
    return failure();
  return bytes;
}
