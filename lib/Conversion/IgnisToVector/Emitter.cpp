//===- Emitter.cpp - building vector code for one outlined op ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Emitter.h.

#include "Emitter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace ignis;

Value Emitter::splat(int64_t lanes, float value) {
  auto type = vectorType(lanes);
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(type, value));
}

Value Emitter::splat(int64_t lanes, int32_t value) {
  auto type = VectorType::get({lanes}, getI32Type());
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(type, value));
}

Value Emitter::ceilDiv(Value a, int64_t b) {
  if (b == 1)
    return a;
  return arith::DivUIOp::create(*this, addI(a, b - 1), index(b));
}

Value Emitter::broadcast(Value scalar, int64_t lanes) {
  return vector::BroadcastOp::create(*this, vectorType(lanes), scalar);
}

Value Emitter::maximum(Value a, Value b) {
  Value greater = arith::CmpFOp::create(*this, arith::CmpFPredicate::OGT, b, a);
  return arith::SelectOp::create(*this, greater, b, a);
}

static constexpr float kExpHigh = 88.37626f, kExpLow = -87.33654f;

Value Emitter::exp(Value x) {
  int64_t n = cast<VectorType>(x.getType()).getNumElements();
  Value high = splat(n, kExpHigh), low = splat(n, kExpLow);
  // Both comparisons are false for NaN, which therefore stays.
  Value tooHigh = arith::CmpFOp::create(*this, arith::CmpFPredicate::OGT, x, high);
  x = arith::SelectOp::create(*this, tooHigh, high, x);
  Value tooLow = arith::CmpFOp::create(*this, arith::CmpFPredicate::OLT, x, low);
  return expInRange(arith::SelectOp::create(*this, tooLow, low, x));
}

Value Emitter::expOfWeight(Value x) {
  int64_t n = cast<VectorType>(x.getType()).getNumElements();
  // What comes of values below the clamp is not used, so they need no clamping.
  Value tooLow = arith::CmpFOp::create(*this, arith::CmpFPredicate::OLT, x, splat(n, kExpLow));
  return arith::SelectOp::create(*this, tooLow, splat(n, 0.0f), expInRange(x));
}

Value Emitter::expInRange(Value x) {
  int64_t n = cast<VectorType>(x.getType()).getNumElements();
  auto integers = VectorType::get({n}, getI32Type());
  auto c = [&](float value) { return splat(n, value); };
  Value magic = c(12582912.0f);
  Value t = fma(x, c(1.44269504088896341f), magic);
  Value k = sub(t, magic);
  Value r = fma(k, c(-0.693359375f), x);
  r = fma(k, c(2.12194440e-4f), r);
  Value p = c(1.9875691500e-4f);
  for (float coefficient :
       {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f})
    p = fma(p, r, c(coefficient));
  Value y = add(fma(p, mul(r, r), r), c(1.0f));
  // The low bits of t hold the exponent's integer.
  Value ti = arith::BitcastOp::create(*this, integers, t);
  Value shift = arith::ShLIOp::create(*this, ti, splat(n, int32_t(23)));
  Value yi =
      arith::AddIOp::create(*this, arith::BitcastOp::create(*this, integers, y).getResult(), shift);
  return arith::BitcastOp::create(*this, vectorType(n), yi);
}

Value Emitter::silu(Value x) {
  int64_t n = cast<VectorType>(x.getType()).getNumElements();
  Value negated = arith::NegFOp::create(*this, x);
  return div(x, add(splat(n, 1.0f), exp(negated)));
}

/// Halves a vector until one lane is left.
template <typename Combine> static Value tree(Emitter &e, Value v, Combine combine) {
  for (int64_t n = cast<VectorType>(v.getType()).getNumElements(); n > 1; n /= 2) {
    Value lower = vector::ExtractStridedSliceOp::create(
        e, v, ArrayRef<int64_t>{0}, ArrayRef<int64_t>{n / 2}, ArrayRef<int64_t>{1});
    Value upper = vector::ExtractStridedSliceOp::create(
        e, v, ArrayRef<int64_t>{n / 2}, ArrayRef<int64_t>{n / 2}, ArrayRef<int64_t>{1});
    v = combine(lower, upper);
  }
  return vector::ExtractOp::create(e, v, ArrayRef<int64_t>{0});
}

Value Emitter::treeSum(Value v) {
  return tree(*this, v, [&](Value a, Value b) { return add(a, b); });
}

Value Emitter::treeMax(Value v) {
  return tree(*this, v, [&](Value a, Value b) { return maximum(a, b); });
}

Value Emitter::load(Value memref, ValueRange indices, int64_t lanes) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  Value v = vector::LoadOp::create(*this, VectorType::get({lanes}, element), memref, indices);
  if (element.isF32())
    return v;
  return arith::ExtFOp::create(*this, vectorType(lanes), v);
}

Value Emitter::loadScalar(Value memref, ValueRange indices) {
  Value v = memref::LoadOp::create(*this, memref, indices);
  if (v.getType().isF32())
    return v;
  return arith::ExtFOp::create(*this, getF32Type(), v);
}

void Emitter::store(Value v, Value memref, ValueRange indices) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  if (!element.isF32())
    v = arith::TruncFOp::create(
        *this, VectorType::get(cast<VectorType>(v.getType()).getShape(), element), v);
  vector::StoreOp::create(*this, v, memref, indices);
}

Value Emitter::view(Value pointer, MemRefType type) {
  return UnrealizedConversionCastOp::create(*this, type, pointer).getResult(0);
}

Value Emitter::pointer(Value memref) {
  if (auto cast = memref.getDefiningOp<UnrealizedConversionCastOp>())
    if (isa<LLVM::LLVMPointerType>(cast.getInputs()[0].getType()))
      return cast.getInputs()[0];
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(*this, memref);
  return LLVM::IntToPtrOp::create(*this, LLVM::LLVMPointerType::get(getContext()), toI64(address));
}

Value Emitter::scratch() {
  auto ptr = LLVM::LLVMPointerType::get(getContext());
  Value field = LLVM::GEPOp::create(*this, ptr, getI8Type(), frame, ArrayRef<LLVM::GEPArg>{48});
  return LLVM::LoadOp::create(*this, ptr, field);
}

Value Emitter::threads() {
  auto ptr = LLVM::LLVMPointerType::get(getContext());
  Value field = LLVM::GEPOp::create(*this, ptr, getI8Type(), frame, ArrayRef<LLVM::GEPArg>{32});
  return toIndex(LLVM::LoadOp::create(*this, getI64Type(), field));
}

void Emitter::forLoop(Value begin, Value end, int64_t step, Body body) {
  scf::ForOp::create(*this, begin, end, index(step), ValueRange(),
                     [&](OpBuilder &builder, Location, Value i, ValueRange) {
                       OpBuilder::InsertionGuard guard(*this);
                       setInsertionPoint(builder.getInsertionBlock(), builder.getInsertionPoint());
                       body(i);
                       scf::YieldOp::create(*this);
                     });
}

SmallVector<Value> Emitter::forLoop(Value begin, Value end, int64_t step, ValueRange init,
                                    ReduceBody body) {
  auto loop = scf::ForOp::create(*this, begin, end, index(step), init,
                                 [&](OpBuilder &builder, Location, Value i, ValueRange values) {
                                   OpBuilder::InsertionGuard guard(*this);
                                   setInsertionPoint(builder.getInsertionBlock(),
                                                     builder.getInsertionPoint());
                                   scf::YieldOp::create(*this, body(i, values));
                                 });
  return SmallVector<Value>(loop.getResults());
}

void Emitter::strips(Value begin, int64_t width, int64_t lanes,
                     function_ref<void(Value, int64_t)> body) {
  int64_t whole = width / lanes * lanes;
  if (whole)
    forLoop(begin, addI(begin, whole), lanes, [&](Value j) { body(j, lanes); });
  // The rest in halves, so that odd widths still use whole registers.
  int64_t done = whole;
  while (done < width) {
    int64_t next = lanes;
    while (next > width - done)
      next /= 2;
    body(addI(begin, done), next);
    done += next;
  }
}

void Emitter::ifThen(Value condition, function_ref<void()> body) {
  auto op = scf::IfOp::create(*this, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(op.thenBlock());
  body();
}

Value Emitter::chunkLoop(Value chunks, Body body) {
  Value total = toI64(chunks);
  auto claim = [&](Value local) -> Value {
    return func::CallOp::create(*this, "ignis.claim", TypeRange{getI64Type()},
                                ValueRange{frame, slot, total, local})
        .getResult(0);
  };
  // while ((c = claim()) < total) { body(c); finish(); }   `local` counts when there is one thread.
  scf::WhileOp::create(
      *this, TypeRange{getI64Type(), getI64Type()}, ValueRange{i64(0)},
      [&](OpBuilder &builder, Location, ValueRange args) {
        OpBuilder::InsertionGuard guard(*this);
        setInsertionPoint(builder.getInsertionBlock(), builder.getInsertionPoint());
        Value c = claim(args[0]);
        scf::ConditionOp::create(*this, compare(arith::CmpIPredicate::slt, c, total),
                                 ValueRange{c, args[0]});
      },
      [&](OpBuilder &builder, Location, ValueRange args) {
        OpBuilder::InsertionGuard guard(*this);
        setInsertionPoint(builder.getInsertionBlock(), builder.getInsertionPoint());
        body(toIndex(args[0]));
        func::CallOp::create(*this, "ignis.finish", TypeRange{}, ValueRange{frame, slot, total});
        scf::YieldOp::create(*this, ValueRange{addI(args[1], i64(1))});
      });
  return total;
}
