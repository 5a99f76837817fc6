//===- InitAll.h - registers everything -------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Tools call this one function; nothing else in the project registers anything globally.

#ifndef IGNIS_INITALL_H
#define IGNIS_INITALL_H

namespace mlir {
class DialectRegistry;
}

namespace ignis {
/// Dialects with their interface models into `registry`; passes and pipelines, ours and upstream's,
/// into the global tables.
void registerAll(mlir::DialectRegistry &registry);
/// The dialects and interface models alone.
void registerDialects(mlir::DialectRegistry &registry);
} // namespace ignis

#endif
