//===- Ignis.h - the ignis dialect ------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The one header that users of the dialect include: dialect, types, attributes, interfaces and ops.
// Reference: build/docs/Dialects/IgnisDialect.md, generated from the .td files beside this one.

#ifndef IGNIS_DIALECT_IGNIS_IR_IGNIS_H
#define IGNIS_DIALECT_IGNIS_IR_IGNIS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "ignis/Dialect/Ignis/IR/IgnisDialect.h.inc"
#include "ignis/Dialect/Ignis/IR/IgnisEnums.h.inc"
#include "ignis/Dialect/Ignis/IR/IgnisInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ignis/Dialect/Ignis/IR/IgnisAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "ignis/Dialect/Ignis/IR/IgnisTypes.h.inc"

namespace ignis {

/// Linear layers of up to so many rows stream their weights; more rows are taken in panels of at
/// most so many.
constexpr int64_t kStreamedRows = 16;
constexpr int64_t kPanelRows = 128;

/// What a thread has in scratch of each of the two products of `ignis.linear_swiglu`: with few rows
/// at most kSwigluElements, else kSwigluColumns columns. Columns are a multiple of kSwigluColumns.
struct SwigluTile {
  int64_t rows, columns;
};
constexpr int64_t kSwigluColumns = 128;
constexpr int64_t kSwigluElements = 16384;
static_assert(kSwigluColumns % 32 == 0, "tiles that are rounded are whole blocks");

} // namespace ignis

#define GET_OP_CLASSES
#include "ignis/Dialect/Ignis/IR/IgnisOps.h.inc"

namespace ignis {

/// Bytes of a value of this shaped type in memory: rows of `!ignis.q8_0` as in the file,
/// `!ignis.q8_act` as activation records. Fails on dynamic shapes, on other element types of
/// unknown size and on overflow.
mlir::FailureOr<int64_t> getSizeInBytes(mlir::ShapedType type);
/// Whether a shaped value holds rounded activations (`!ignis.q8_act`).
bool isRounded(mlir::Value value);
/// Bytes that the address of an element is a multiple of.
int64_t getAlignment(mlir::Type element);

/// Query rows (heads of one key/value head times tokens) that one tile of attention has in scratch.
/// Ops declare their scratch with this number, as with SwigluTile, and the lowering keeps to them.
constexpr int64_t kAttentionRows = 16;
/// Scores from one query row to the next: contexts are powers of two, and rows at such a distance
/// would share the sets of the first-level cache.
constexpr int64_t scoreStride(int64_t positions) { return positions + 16; }

/// The dimensions of a value cache, `[(sequences,) layers, heads, positions, headSize]`.
struct CacheShape {
  explicit CacheShape(mlir::Value valueCache);
  int64_t sequences = 0; ///< 0: the cache of one sequence, without that dimension
  int64_t layers, heads, positions, headSize;
};

/// Names of the attributes that function arguments carry.
constexpr llvm::StringLiteral kRoleAttr = "ignis.role";
constexpr llvm::StringLiteral kPlannedAttr = "ignis.planned";
constexpr llvm::StringLiteral kOffsetAttr = "ignis.arena_offset";
constexpr llvm::StringLiteral kRopeBaseAttr = "ignis.rope_base";

} // namespace ignis

#endif
