//===- WorkSharing.cpp - how generated code shares chunks among threads -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Claiming and finishing a chunk as MLIR text; LLVM inlines both. ModuleABI.h explains the
// counters.

#include "WorkSharing.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;

static constexpr const char *kText = R"mlir(
// The next chunk of an op for this thread, or a number >= chunks when none is left.
func.func private @ignis.claim(%frame: !llvm.ptr, %slot: i64, %chunks: i64, %local: i64) -> i64
    attributes {llvm.linkage = #llvm.linkage<internal>} {
  %one = arith.constant 1 : i64
  %shift = arith.constant 24 : i64
  %mask = arith.constant 16777215 : i64
  %zero = arith.constant 0 : i64
  %threads_field = llvm.getelementptr %frame[32] : (!llvm.ptr) -> !llvm.ptr, i8
  %threads = llvm.load %threads_field : !llvm.ptr -> i64
  %alone = arith.cmpi eq, %threads, %one : i64
  cf.cond_br %alone, ^alone, ^team
^alone:
  return %local : i64
^team:
  %shares_field = llvm.getelementptr %frame[72] : (!llvm.ptr) -> !llvm.ptr, i8
  %shares = llvm.load %shares_field : !llvm.ptr -> i64
  %own_core = arith.cmpi eq, %shares, %zero : i64
  cf.cond_br %own_core, ^shared, ^turn
^turn:
  %between = arith.constant -2 : i64
  func.call @ignis_barrier(%frame, %slot, %between) : (!llvm.ptr, i64, i64) -> ()
  cf.br ^shared
^shared:
  %slots_field = llvm.getelementptr %frame[8] : (!llvm.ptr) -> !llvm.ptr, i8
  %slots = llvm.load %slots_field : !llvm.ptr -> !llvm.ptr
  %epoch_field = llvm.getelementptr %frame[16] : (!llvm.ptr) -> !llvm.ptr, i8
  %epoch = llvm.load %epoch_field : !llvm.ptr -> i64
  %tag = arith.shli %epoch, %shift : i64
  %next = llvm.getelementptr %slots[%slot] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.array<128 x i8>
  %first = llvm.load %next atomic monotonic {alignment = 8 : i64} : !llvm.ptr -> i64
  cf.br ^try(%first : i64)
^try(%word: i64):
  %word_epoch = arith.shrui %word, %shift : i64
  %newer = arith.cmpi ugt, %word_epoch, %epoch : i64
  %current = arith.cmpi eq, %word_epoch, %epoch : i64
  %counted = arith.andi %word, %mask : i64
  %chunk = arith.select %current, %counted, %zero : i64
  %exhausted = arith.cmpi sge, %chunk, %chunks : i64
  %over = arith.ori %newer, %exhausted : i1
  cf.cond_br %over, ^none, ^take
^take:
  %after = arith.addi %chunk, %one : i64
  %desired = arith.ori %tag, %after : i64
  %pair = llvm.cmpxchg %next, %word, %desired acq_rel monotonic {alignment = 8 : i64} : !llvm.ptr, i64
  %seen = llvm.extractvalue %pair[0] : !llvm.struct<(i64, i1)>
  %won = llvm.extractvalue %pair[1] : !llvm.struct<(i64, i1)>
  cf.cond_br %won, ^got(%chunk : i64), ^try(%seen : i64)
^got(%mine: i64):
  return %mine : i64
^none:
  return %chunks : i64
}

// Counts a chunk as done; whoever finishes the last one wakes the sleepers.
func.func private @ignis.finish(%frame: !llvm.ptr, %slot: i64, %chunks: i64)
    attributes {llvm.linkage = #llvm.linkage<internal>} {
  %one = arith.constant 1 : i64
  %shift = arith.constant 24 : i64
  %mask = arith.constant 16777215 : i64
  %zero = arith.constant 0 : i64
  %zero32 = arith.constant 0 : i32
  %wake = arith.constant -1 : i64
  %threads_field = llvm.getelementptr %frame[32] : (!llvm.ptr) -> !llvm.ptr, i8
  %threads = llvm.load %threads_field : !llvm.ptr -> i64
  %alone = arith.cmpi eq, %threads, %one : i64
  cf.cond_br %alone, ^end, ^shared
^shared:
  %slots_field = llvm.getelementptr %frame[8] : (!llvm.ptr) -> !llvm.ptr, i8
  %slots = llvm.load %slots_field : !llvm.ptr -> !llvm.ptr
  %epoch_field = llvm.getelementptr %frame[16] : (!llvm.ptr) -> !llvm.ptr, i8
  %epoch = llvm.load %epoch_field : !llvm.ptr -> i64
  %tag = arith.shli %epoch, %shift : i64
  %base = llvm.getelementptr %slots[%slot] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.array<128 x i8>
  %done = llvm.getelementptr %base[64] : (!llvm.ptr) -> !llvm.ptr, i8
  %first = llvm.load %done atomic monotonic {alignment = 8 : i64} : !llvm.ptr -> i64
  cf.br ^try(%first : i64)
^try(%word: i64):
  %word_epoch = arith.shrui %word, %shift : i64
  %current = arith.cmpi eq, %word_epoch, %epoch : i64
  %counted = arith.andi %word, %mask : i64
  %count = arith.select %current, %counted, %zero : i64
  %after = arith.addi %count, %one : i64
  %desired = arith.ori %tag, %after : i64
  %pair = llvm.cmpxchg %done, %word, %desired seq_cst monotonic {alignment = 8 : i64} : !llvm.ptr, i64
  %seen = llvm.extractvalue %pair[0] : !llvm.struct<(i64, i1)>
  %won = llvm.extractvalue %pair[1] : !llvm.struct<(i64, i1)>
  cf.cond_br %won, ^counted(%after : i64), ^try(%seen : i64)
^counted(%finished: i64):
  %last = arith.cmpi eq, %finished, %chunks : i64
  cf.cond_br %last, ^last, ^end
^last:
  %sleepers_field = llvm.getelementptr %base[72] : (!llvm.ptr) -> !llvm.ptr, i8
  %sleepers = llvm.load %sleepers_field atomic seq_cst {alignment = 4 : i64} : !llvm.ptr -> i32
  %asleep = arith.cmpi ne, %sleepers, %zero32 : i32
  cf.cond_br %asleep, ^wake, ^end
^wake:
  func.call @ignis_barrier(%frame, %slot, %wake) : (!llvm.ptr, i64, i64) -> ()
  return
^end:
  return
}

func.func private @ignis_barrier(!llvm.ptr, i64, i64)
func.func private @ignis_round_q8_0(!llvm.ptr, !llvm.ptr, i64, i64, i64, i64, i64)
func.func private @ignis_matvec_q8_0(!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64)
func.func private @ignis_matmul_q8_0(!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64, i64)
)mlir";

void ignis::declareWorkSharing(ModuleOp module) {
  MLIRContext *context = module.getContext();
  context->loadDialect<arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect,
                       LLVM::LLVMDialect>();
  OwningOpRef<ModuleOp> library = parseSourceString<ModuleOp>(kText, ParserConfig(context));
  OpBuilder builder(context);
  builder.setInsertionPointToEnd(module.getBody());
  for (auto function : library->getOps<func::FuncOp>())
    if (!module.lookupSymbol(function.getName()))
      builder.clone(*function);
}
