//===- Pipelines.cpp - the passes of each phase -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The default order. Researchers replace it with --pass-pipeline; docs/Fusion.md has what other
// orders do.

#include "ignis/Pipelines/Pipelines.h"

#include "ignis/Conversion/Passes.h"
#include "ignis/Dialect/Ignis/Transforms/Passes.h"
#include "ignis/Pipelines/Passes.h"
#include "ignis/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace ignis;

static void addVerifyPhase(OpPassManager &manager, StringRef phase) {
  VerifyPhaseOptions options;
  options.phase = phase.str();
  manager.addPass(createVerifyPhase(options));
}

void ignis::buildFusePipeline(OpPassManager &manager) {
  addVerifyPhase(manager, "import");
  manager.addNestedPass<func::FuncOp>(createFuseRmsNorm());
  manager.addNestedPass<func::FuncOp>(createFuseSwiglu());
  addVerifyPhase(manager, "fuse");
}

void ignis::buildOptimizePipeline(OpPassManager &manager) {
  manager.addNestedPass<func::FuncOp>(createFuseLinearSwiglu());
  manager.addNestedPass<func::FuncOp>(createFuseQKV());
  manager.addNestedPass<func::FuncOp>(createFuseResidual());
  manager.addNestedPass<func::FuncOp>(createFuseRopeCache());
  manager.addNestedPass<func::FuncOp>(createNarrowRows());
  manager.addNestedPass<func::FuncOp>(createMarkInPlace());
  addVerifyPhase(manager, "fuse");
}

void ignis::buildBufferizePipeline(OpPassManager &manager,
                                   const BufferizePipelineOptions &options) {
  manager.addPass(createBufferize());
  // Caches and logits are updated in place: their results are the arguments.
  manager.addPass(createDropReturnedArguments());
  if (options.canonicalize)
    manager.addPass(createCanonicalizerPass());
  addVerifyPhase(manager, "bufferize");
}

void ignis::buildPlanPipeline(OpPassManager &manager, const PlanPipelineOptions &options) {
  if (!options.reference)
    manager.addNestedPass<func::FuncOp>(createMaterializeRounding());
  manager.addNestedPass<func::FuncOp>(createDecomposeAttention());
  if (!options.reference && options.fuseRounding)
    manager.addNestedPass<func::FuncOp>(createFuseRounding());
  PlanMemoryOptions plan;
  plan.planner = options.planner;
  manager.addNestedPass<func::FuncOp>(createPlanMemory(plan));
  addVerifyPhase(manager, "plan");
}

void ignis::buildLowerPipeline(OpPassManager &manager, const LowerPipelineOptions &options) {
  // Ops to code, still with structured control flow.
  manager.addNestedPass<func::FuncOp>(createInsertBarriers());
  OutlineOpsOptions outline;
  outline.interleaved = options.interleaved && !options.reference;
  outline.kernels = options.kernels;
  outline.cpu = options.cpu;
  outline.profile = options.profile;
  manager.addPass(createOutlineOps(outline));
  if (options.reference) {
    manager.addPass(createLowerToLoops());
  } else {
    LowerOpsOptions lower;
    lower.isa = options.isa;
    manager.addPass(createLowerOps(lower));
  }
  // Drivers, which are of the LLVM dialect already, have nothing to clean up.
  OpPassManager &cleaned = options.perFunction ? manager.nest<func::FuncOp>() : manager;
  cleaned.addPass(createCanonicalizerPass());
  cleaned.addPass(createCSEPass());
  // Code to the LLVM dialect.
  manager.addNestedPass<func::FuncOp>(
      createConvertVectorToSCFPass(VectorTransferToSCFOptions().enableFullUnroll()));
  manager.addPass(createSCFToControlFlowPass());
  manager.addPass(createMaterializeDescriptors());
  manager.addPass(createBodiesToLLVM());
  manager.addPass(createFunctionsToLLVM());
  manager.addPass(createReconcileUnrealizedCastsPass());
  addVerifyPhase(manager, "lower");
}

ArrayRef<StringRef> ignis::pipelineNames() {
  static const StringRef names[] = {"ignis-fuse-pipeline", "ignis-optimize-pipeline",
                                    "ignis-bufferize-pipeline", "ignis-plan-pipeline",
                                    "ignis-lower-pipeline"};
  return names;
}

namespace {
struct NoOptions : PassPipelineOptions<NoOptions> {};
} // namespace

/// As PassPipelineRegistration, which prints what is wrong with options past the error handler.
template <typename Options>
static void registerPipeline(StringRef name, StringRef description,
                             void (*build)(OpPassManager &, const Options &)) {
  registerPassPipeline(
      name, description,
      [build](OpPassManager &manager, StringRef text,
              function_ref<LogicalResult(const Twine &)> refuse) -> LogicalResult {
        Options options;
        std::string messages;
        llvm::raw_string_ostream stream(messages);
        if (failed(options.parseFromString(text, stream)))
          return refuse(StringRef(messages).rtrim());
        build(manager, options);
        return success();
      },
      [](function_ref<void(const detail::PassOptions &)> handle) { handle(Options()); });
}

template <void (*build)(OpPassManager &)>
static void registerPlain(StringRef name, StringRef description) {
  registerPipeline<NoOptions>(name, description,
                              [](OpPassManager &manager, const NoOptions &) { build(manager); });
}

void ignis::registerPipelines() {
  registerPlain<buildFusePipeline>("ignis-fuse-pipeline", "The default fusions");
  registerPlain<buildOptimizePipeline>(
      "ignis-optimize-pipeline", "For speed: further fusions and results in place of what dies");
  registerPipeline<BufferizePipelineOptions>("ignis-bufferize-pipeline", "Tensors to buffers",
                                             buildBufferizePipeline);
  registerPipeline<PlanPipelineOptions>("ignis-plan-pipeline",
                                        "All memory explicit, then one arena", buildPlanPipeline);
  registerPipeline<LowerPipelineOptions>("ignis-lower-pipeline",
                                         "Planned buffers to the LLVM dialect", buildLowerPipeline);
}
