//===- Passes.td - passes on buffers ----------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Memory planning and barriers. These know memrefs and the upstream interfaces, not the model.

#ifndef IGNIS_TRANSFORMS_PASSES_TD
#define IGNIS_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def DropReturnedArguments : Pass<"ignis-drop-returned-arguments", "::mlir::ModuleOp"> {
  let summary = "drop results that are buffers the caller passed in";
  let description = [{
    After bufferization a function that updates caches in place still returns them. A memref result that every return takes from the same argument is removed
    from functions that nobody in the module calls. (Upstream's drop-equivalent-buffer-results leaves public functions alone.)
  }];
}

def PlanMemory : Pass<"ignis-plan-memory", "::mlir::func::FuncOp"> {
  let summary = "place all allocations of a function at offsets of one arena";
  let description = [{
    Every static `memref.alloc` of the function, and every argument marked `ignis.planned`, becomes a buffer of a memory planning problem. It is live from its first use to
    its last, under all its names: views, subviews, casts, selects, results of branches, arguments of loops and blocks (docs/MemoryPlanning.md has the rules). The
    planner's answer, checked by the independent verifier, turns allocations into `memref.view`s of one byte buffer, the arena; marked arguments get their offset as
    `ignis.arena_offset`. In functions with `ignis.role` arguments the arena is a new argument of role `arena`, elsewhere one allocation, which every return frees.
    A function is planned only once; if a pass allocates again, the next run plans everything anew.

    A buffer whose uses are not all known, or of which several may be live at one time, is refused with a reason. That is an error, or with `partial` a missed remark, and
    the allocation stays.
  }];
  let options = [
    Option<"planner", "planner", "std::string", "\"exact\"", "one of `ignis-plan --list`">,
    Option<"alignment", "alignment", "int64_t", "64", "bytes; every offset is a multiple">,
    Option<"budget", "budget", "double", "2.0", "seconds that a search may take">,
    Option<"partial", "partial", "bool", "false", "leave a buffer that cannot be planned as it is, instead of refusing the function">,
    Option<"svg", "svg", "std::string", "\"\"", "write a picture of the plan to this file (%f stands for the function's name)">,
    Option<"csv", "csv", "std::string", "\"\"", "write the problem and its plan to this file, as ignis-plan reads it (%f as above)">,
  ];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
}

def InsertBarriers : Pass<"ignis-insert-barriers", "::mlir::func::FuncOp"> {
  let summary = "insert barriers where data crosses threads";
  let description = [{
    Walks the ops of a planned function in order and puts an `ignis.barrier` before the first op that reads what an op since the last barrier writes, or writes what
    one reads or writes. Bytes of the arena count, not names: two buffers that share a place are ordered too. In straight-line code this greedy
    choice needs the fewest barriers (docs/Lowering.md).
  }];
  let dependentDialects = ["::ignis::IgnisDialect"];
}

#endif
