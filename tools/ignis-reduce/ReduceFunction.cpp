//===- ReduceFunction.cpp - what mlir-reduce may do to a module of ours -----------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Upstream's reduction-tree erases ops from under their users and throws away what does not verify,
// so it cannot take an op out of a graph of tensors. Our pattern can: of a module with several
// functions it erases one, of the last one it keeps halves and complements of the ops (delta
// debugging), with what they read as arguments and what they make as results.
//
// The pattern asks the tester itself and changes nothing that is not interesting still. It has to:
// reduction-tree applies every pattern to the whole module first, frees the module if that is not
// interesting, and then clones its variants from what it freed (LLVM 22,
// docs/Decisions/0002-own-reduction.md).

#include "ReduceFunction.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/Transforms/ExtractOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Reducer/ReductionPatternInterface.h"
#include "llvm/ADT/StringMap.h"

#include <vector>

using namespace mlir;

namespace {
using Numbers = std::vector<int64_t>;

class ReduceFunction : public OpRewritePattern<func::FuncOp> {
public:
  ReduceFunction(MLIRContext *context, const Tester &tester)
      : OpRewritePattern(context), tester(tester) {}

  LogicalResult matchAndRewrite(func::FuncOp function, PatternRewriter &rewriter) const override {
    auto module = function->getParentOfType<ModuleOp>();
    if (!module)
      return failure();
    auto functions = module.getOps<func::FuncOp>();
    if (std::distance(functions.begin(), functions.end()) > 1) {
      if (!showsWithout(module, function))
        return failure();
      rewriter.eraseOp(function);
      return success();
    }
    if (function.isExternal() || !function.getBody().hasOneBlock())
      return failure();
    // What has no operands comes along with its users.
    Numbers ops;
    for (auto [number, op] : llvm::enumerate(function.getBody().front().without_terminator()))
      if (op.getNumOperands() != 0)
        ops.push_back(static_cast<int64_t>(number));
    OwningOpRef<ModuleOp> reduced = reduce(function, std::move(ops));
    if (!reduced)
      return failure();
    replace(function, *reduced->getOps<func::FuncOp>().begin(), rewriter);
    return success();
  }

private:
  /// Asks once about each module: reduction-tree repeats on the module what it found on a copy.
  bool interesting(ModuleOp module) const {
    if (failed(verify(module)))
      return false;
    std::string text;
    llvm::raw_string_ostream stream(text);
    module.print(stream);
    auto [place, isNew] = known.try_emplace(text, false);
    if (isNew)
      place->second = tester.isInteresting(module).first == Tester::Interestingness::True;
    return place->second;
  }

  bool showsWithout(ModuleOp module, func::FuncOp function) const {
    IRMapping mapping;
    OwningOpRef<ModuleOp> copy = cast<ModuleOp>(module->clone(mapping));
    mapping.lookup(function.getOperation())->erase();
    return interesting(*copy);
  }

  OwningOpRef<ModuleOp> shows(func::FuncOp function, const Numbers &ops) const {
    OwningOpRef<ModuleOp> module = ignis::extractOps(function, ops);
    if (!interesting(*module))
      return nullptr;
    return module;
  }

  /// The smallest module found with fewer than these ops, or none.
  OwningOpRef<ModuleOp> reduce(func::FuncOp function, Numbers ops) const {
    OwningOpRef<ModuleOp> best;
    // Whether it shows as a function of its own; then the numbers are the same each time.
    if (!shows(function, ops))
      return nullptr;
    size_t pieces = 2;
    while (ops.size() > 1) {
      size_t size = (ops.size() + pieces - 1) / pieces;
      size_t chunks = (ops.size() + size - 1) / size;
      bool found = false;
      for (size_t turn = 0; turn < 2 * chunks && !found; ++turn) {
        bool complement = turn >= chunks;
        if (complement && chunks <= 2)
          break;
        auto [begin, end] = range(turn % chunks, size, ops.size());
        Numbers kept =
            complement ? without(ops, begin, end) : Numbers(ops.begin() + begin, ops.begin() + end);
        if (OwningOpRef<ModuleOp> module = shows(function, kept)) {
          best = std::move(module);
          ops = std::move(kept);
          pieces = complement ? std::max<size_t>(pieces - 1, 2) : 2;
          found = true;
        }
      }
      if (found)
        continue;
      if (size == 1)
        break;
      pieces = std::min(2 * pieces, ops.size());
    }
    return best;
  }

  static std::pair<ptrdiff_t, ptrdiff_t> range(size_t chunk, size_t size, size_t total) {
    return {static_cast<ptrdiff_t>(chunk * size),
            static_cast<ptrdiff_t>(std::min(total, (chunk + 1) * size))};
  }

  static Numbers without(const Numbers &ops, ptrdiff_t begin, ptrdiff_t end) {
    Numbers rest(ops.begin(), ops.begin() + begin);
    rest.insert(rest.end(), ops.begin() + end, ops.end());
    return rest;
  }

  static void replace(func::FuncOp function, func::FuncOp reduced, PatternRewriter &rewriter) {
    rewriter.modifyOpInPlace(function, [&] {
      function.setFunctionType(reduced.getFunctionType());
      function.removeResAttrsAttr();
      if (ArrayAttr attributes = reduced.getArgAttrsAttr())
        function.setArgAttrsAttr(attributes);
      else
        function.removeArgAttrsAttr();
      function.getBody().takeBody(reduced.getBody());
    });
  }

  const Tester &tester;
  mutable llvm::StringMap<bool> known;
};

struct ReductionInterface : DialectReductionPatternInterface {
  explicit ReductionInterface(Dialect *dialect) : DialectReductionPatternInterface(dialect) {}

  void populateReductionPatterns(RewritePatternSet &) const override {}
  void populateReductionPatternsWithTester(RewritePatternSet &patterns,
                                           Tester &tester) const override {
    patterns.add<ReduceFunction>(patterns.getContext(), tester);
  }
};
} // namespace

void ignis::registerReductionPatterns(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *, IgnisDialect *dialect) { dialect->addInterfaces<ReductionInterface>(); });
}
