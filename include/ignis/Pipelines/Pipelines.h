//===- Pipelines.h - the passes of each phase -------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One function per phase adds its passes; the same sequences are registered as ignis-fuse-pipeline,
// ignis-optimize-pipeline, ignis-bufferize-pipeline, ignis-plan-pipeline and ignis-lower-pipeline,
// so that `ignis-opt` and the compiler differ in options alone: the compiler rounds in the ops
// (`fuse-rounding`), cleans up op functions one by one (`per-function`), and does not canonicalise
// buffers of the importer's own modules, in which that changes nothing (`canonicalize`).

#ifndef IGNIS_PIPELINES_PIPELINES_H
#define IGNIS_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace ignis {

struct BufferizePipelineOptions : mlir::PassPipelineOptions<BufferizePipelineOptions> {
  Option<bool> canonicalize{
      *this, "canonicalize",
      llvm::cl::desc("clean up afterwards; what the importer makes has nothing to clean up"),
      llvm::cl::init(true)};
};

struct PlanPipelineOptions : mlir::PassPipelineOptions<PlanPipelineOptions> {
  Option<bool> reference{*this, "reference",
                         llvm::cl::desc("for the reference lowering: activations stay float"),
                         llvm::cl::init(false)};
  Option<std::string> planner{*this, "planner", llvm::cl::desc("planner of ignis-plan-memory"),
                              llvm::cl::init("best-of-greedy")};
  Option<bool> fuseRounding{*this, "fuse-rounding",
                            llvm::cl::desc("ops write rounded rows, as ignis-run has it"),
                            llvm::cl::init(false)};
};

struct LowerPipelineOptions : mlir::PassPipelineOptions<LowerPipelineOptions> {
  Option<bool> reference{*this, "reference",
                         llvm::cl::desc("plain loops and no kernels: the oracle"),
                         llvm::cl::init(false)};
  Option<std::string> isa{*this, "isa", llvm::cl::desc("tile shapes: avx512, avx2 or neon"),
                          llvm::cl::init("avx512")};
  Option<bool> interleaved{*this, "interleaved",
                           llvm::cl::desc("the kernels read repacked weights"),
                           llvm::cl::init(true)};
  Option<std::string> kernels{*this, "kernels", llvm::cl::desc("kernel variant, for the manifest"),
                              llvm::cl::init("")};
  Option<std::string> cpu{*this, "cpu", llvm::cl::desc("CPU, for the manifest"),
                          llvm::cl::init("")};
  Option<bool> profile{*this, "profile", llvm::cl::desc("drivers report to ignis_profile"),
                       llvm::cl::init(false)};
  Option<bool> perFunction{
      *this, "per-function",
      llvm::cl::desc("clean up the functions of ops alone: faster, the same code; of the whole "
                     "module otherwise, one dump a pass"),
      llvm::cl::init(false)};
};

void buildFusePipeline(mlir::OpPassManager &manager);
/// Run by ignis-run and ignis-bench between fuse and bufferize (docs/Performance.md says what each
/// pass brings); the fuse phase stays the two fusions of the published figures.
void buildOptimizePipeline(mlir::OpPassManager &manager);
void buildBufferizePipeline(mlir::OpPassManager &manager, const BufferizePipelineOptions &options);
void buildPlanPipeline(mlir::OpPassManager &manager, const PlanPipelineOptions &options);
void buildLowerPipeline(mlir::OpPassManager &manager, const LowerPipelineOptions &options);

/// ignis-fuse-pipeline and so on, in order of the phases.
llvm::ArrayRef<llvm::StringRef> pipelineNames();

/// Makes all of them known by name.
void registerPipelines();

} // namespace ignis

#endif
