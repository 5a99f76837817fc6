//===- Remarks.h - what a fusion did and why it did not ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Debian's LLVM has no pass statistics, so counts leave as MLIR remarks with metrics. Every fusion
// reports through this one class.

#ifndef IGNIS_SUPPORT_REMARKS_H
#define IGNIS_SUPPORT_REMARKS_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"

namespace ignis {

/// Remarks of one run of one fusion on one function.
class FusionRemarks {
public:
  /// `name`: the remark's name, the pass's flag without `ignis-`.
  explicit FusionRemarks(llvm::StringRef name) : name(name) {}

  void passed() { ++matches; }

  /// A match failure with its reason, for the rewriter and as a missed remark.
  mlir::LogicalResult missed(mlir::RewriterBase &rewriter, mlir::Operation *op,
                             llvm::StringRef reason) {
    mlir::remark::missed(op->getLoc(), mlir::remark::RemarkOpts::name(name).category("ignis"))
        << mlir::remark::reason("{0}", reason);
    return rewriter.notifyMatchFailure(op, reason);
  }

  /// The passed remark with the number of matches.
  void emit(mlir::Operation *function) {
    mlir::remark::passed(function->getLoc(), mlir::remark::RemarkOpts::name(name).category("ignis"))
        << mlir::remark::metric("matches", matches);
  }

  int64_t matches = 0;

private:
  llvm::StringRef name;
};

} // namespace ignis

#endif
