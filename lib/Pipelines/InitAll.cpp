//===- InitAll.cpp - registers everything -----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The only place that lists all dialects, interface models, passes and pipelines.

#include "ignis/InitAll.h"

#include "ignis/Conversion/Passes.h"
#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Dialect/Ignis/Transforms/BufferizableOpInterfaceImpl.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"
#include "ignis/Pipelines/Contracts.h"
#include "ignis/Pipelines/Passes.h"
#include "ignis/Pipelines/Pipelines.h"
#include "ignis/Transforms/Passes.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"

void ignis::registerDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<IgnisDialect>();
  registerBufferizableOpInterfaceModels(registry);
}

void ignis::registerAll(mlir::DialectRegistry &registry) {
  registerDialects(registry);
  mlir::registerAllPasses();
  registerIgnisTransformsPasses();
  registerIgnisMemoryPasses();
  registerIgnisConversionPasses();
  registerIgnisCheckPasses();
  registerContracts();
  registerPipelines();
}
