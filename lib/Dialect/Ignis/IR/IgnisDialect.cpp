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

/// Bytes from one element to the next in memory, as LLVM lays them out, or 0 if not known.
static int64_t getStride(Type element) {
  if (element.isIndex())
    return 8;
  if (element.isIntOrFloat()) // i24 takes 4 bytes, f80 takes 16.
    return static_cast<int64_t>(llvm::PowerOf2Ceil((element.getIntOrFloatBitWidth() + 7) / 8));
  if (auto complex = dyn_cast<ComplexType>(element))
    return 2 * getStride(complex.getElementType());
  auto vector = dyn_cast<VectorType>(element);
  if (!vector || vector.isScalable() || !vector.getElementType().isIntOrFloat())
    return 0;
  int64_t inner = 1, outer = 1;
  for (auto [i, size] : llvm::enumerate(vector.getShape()))
    (static_cast<int64_t>(i) + 1 < vector.getRank() ? outer : inner) *= size;
  int64_t bits = inner * vector.getElementType().getIntOrFloatBitWidth();
  return outer * static_cast<int64_t>(llvm::PowerOf2Ceil((bits + 7) / 8));
}

int64_t ignis::getAlignment(Type element) {
  if (isa<Q8_0Type, Q8ActType>(element))
    return 4;
  if (auto complex = dyn_cast<ComplexType>(element))
    element = complex.getElementType();
  if (auto vector = dyn_cast<VectorType>(element); vector && vector.getRank() > 1)
    element = VectorType::get(vector.getShape().take_back(), vector.getElementType());
  return std::max<int64_t>(1, getStride(element));
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
  if (isa<Q8_0Type, Q8ActType>(element)) {
    int64_t block = isa<Q8_0Type>(element) ? 34 : 40;
    if (elements % 32 || llvm::MulOverflow(elements / 32, block, bytes))
      return failure();
    return bytes;
  }
  int64_t stride = getStride(element);
  if (stride == 0 || llvm::MulOverflow(elements, stride, bytes))
    return failure();
  return bytes;
}
