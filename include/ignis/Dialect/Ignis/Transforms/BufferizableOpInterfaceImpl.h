//===- BufferizableOpInterfaceImpl.h - bufferization of the dialect ---------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Registers the models through which upstream's one-shot bufferization handles ignis ops.

#ifndef IGNIS_DIALECT_IGNIS_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H
#define IGNIS_DIALECT_IGNIS_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H

namespace mlir {
class DialectRegistry;
}

namespace ignis {
void registerBufferizableOpInterfaceModels(mlir::DialectRegistry &registry);
} // namespace ignis

#endif
