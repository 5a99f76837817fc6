//===- ImportQwen2.cpp - from a GGUF file to a module of ignis ops ----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// One small builder per part of the model, called in the order of the forward pass, so that the
// file reads like the architecture. All sizes come from the file's hyper-parameters.

#include "ignis/Import/ImportQwen2.h"

#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/GGUF/File.h"
#include "ignis/GGUF/ModelConfig.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace ignis;

namespace {

/// Builds one entry point at a time.
class Importer {
public:
  Importer(const gguf::File &file, const gguf::ModelConfig &config, const ImportOptions &options,
           MLIRContext *context)
      : file(file), config(config), options(options), builder(context),
        loc(builder.getUnknownLoc()) {}

  OwningOpRef<ModuleOp> run() {
    OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
    builder.setInsertionPointToEnd(module->getBody());
    if (wanted("embed"))
      buildEmbed();
    if (wanted("decode"))
      buildForward("decode", 1, RowSelection::All);
    if (wanted("prefill"))
      buildForward("prefill", options.chunk, RowSelection::Last);
    if (wanted("score"))
      buildForward("score", options.chunk, RowSelection::All);
    if (options.sequences > 0 && wanted("batch"))
      buildForward("batch", options.sequences, RowSelection::All, options.sequences);
    return module;
  }

private:
  bool wanted(StringRef entry) const {
    return options.entries.empty() || llvm::is_contained(options.entries, entry);
  }

  //===--- types -----------------------------------------------------------------------------===//

  RankedTensorType rowsType(int64_t width) {
    return RankedTensorType::get({rows, width}, builder.getF32Type());
  }

  Type elementType(gguf::TensorType type) {
    switch (type) {
    case gguf::TensorType::Q8_0:
      return Q8_0Type::get(builder.getContext());
    case gguf::TensorType::F16:
      return builder.getF16Type();
    case gguf::TensorType::BF16:
      return builder.getBF16Type();
    default:
      return builder.getF32Type(); // readModelConfig has refused all others.
    }
  }

  //===--- function borders ------------------------------------------------------------------===//

  /// One argument of an entry point: its type and its attributes.
  struct Argument {
    Type type;
    StringRef role;
    bool planned = false;
    bool writable = false;
  };

  func::FuncOp beginFunction(StringRef name, ArrayRef<Argument> arguments, TypeRange results) {
    SmallVector<Type> types;
    for (const Argument &argument : arguments)
      types.push_back(argument.type);
    auto function =
        func::FuncOp::create(builder, loc, name, builder.getFunctionType(types, results));
    for (auto [i, argument] : llvm::enumerate(arguments)) {
      function.setArgAttr(i, kRoleAttr, builder.getStringAttr(argument.role));
      if (argument.planned)
        function.setArgAttr(i, kPlannedAttr, builder.getUnitAttr());
      if (argument.role == "rope_table")
        function.setArgAttr(i, kRopeBaseAttr, builder.getF32FloatAttr(config.ropeBase));
      if (isa<RankedTensorType>(argument.type))
        function.setArgAttr(i, "bufferization.writable", builder.getBoolAttr(argument.writable));
    }
    builder.setInsertionPointToStart(function.addEntryBlock());
    return function;
  }

  void endFunction(func::FuncOp function, ValueRange results) {
    func::ReturnOp::create(builder, loc, results);
    builder.setInsertionPointAfter(function);
  }

  //===--- values ----------------------------------------------------------------------------===//

  Value weight(const Twine &name) {
    std::string text = name.str();
    const gguf::TensorInfo *tensor = file.findTensor(text);
    SmallVector<int64_t> shape;
    for (unsigned i = tensor->rank; i > 0; --i)
      shape.push_back(tensor->ne[i - 1]);
    return WeightOp::create(builder, loc, RankedTensorType::get(shape, elementType(tensor->type)),
                            builder.getStrArrayAttr({text}));
  }

  Value empty(RankedTensorType type) {
    return tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  }

  Value linear(Value x, const Twine &name, Value bias = {}) {
    Value w = weight(name);
    RankedTensorType type = rowsType(cast<ShapedType>(w.getType()).getDimSize(0));
    return LinearOp::create(builder, loc, type, x, w, bias, Value(), empty(type), rowCount,
                            RowSelection::All)
        .getResult();
  }

  /// rms_normalize, then scale.
  Value norm(Value x, const Twine &name) {
    auto type = cast<RankedTensorType>(x.getType());
    Value normalized = RmsNormalizeOp::create(builder, loc, type, x, empty(type), rowCount,
                                              builder.getF32FloatAttr(config.rmsEps))
                           .getResult();
    Value w = weight(name);
    return ScaleOp::create(builder, loc, type, normalized, w, empty(type), rowCount).getResult();
  }

  Value rope(Value x) {
    auto type = cast<RankedTensorType>(x.getType());
    return RopeOp::create(builder, loc, type, x, ropeTable, position, empty(type), rowCount)
        .getResult();
  }

  template <typename Op> Value binary(Value a, Value b) {
    auto type = cast<RankedTensorType>(a.getType());
    return Op::create(builder, loc, type, a, b, empty(type), rowCount).getResult();
  }

  //===--- the model -------------------------------------------------------------------------===//

  void buildEmbed() {
    rows = std::max(options.chunk, options.sequences);
    auto tokens = RankedTensorType::get({rows}, builder.getI32Type());
    RankedTensorType type = rowsType(config.embedding);
    func::FuncOp function = beginFunction(
        "embed",
        {{tokens, "tokens"}, {builder.getIndexType(), "rows"}, {type, "embedded", false, true}},
        type);
    Value table = weight("token_embd.weight");
    Value out = EmbedOp::create(builder, loc, type, function.getArgument(0), table,
                                function.getArgument(2), function.getArgument(1))
                    .getResult();
    endFunction(function, out);
  }

  /// Self-attention with its norm and residual: 10 ops.
  Value attentionBlock(Value x, int64_t layer) {
    auto name = [&](StringRef suffix) { return gguf::blockTensorName(layer, suffix); };
    Value h = norm(x, name("attn_norm.weight"));
    auto project = [&](StringRef which) {
      std::string prefix = ("attn_" + which).str();
      Value bias = weight(name(prefix + ".bias"));
      return linear(h, name(prefix + ".weight"), bias);
    };
    Value q = project("q"), k = project("k"), v = project("v");
    Value rotatedQ = rope(q), rotatedK = rope(k);
    auto type = cast<RankedTensorType>(q.getType());
    auto attention =
        AttentionOp::create(builder, loc, TypeRange{type, keyCache.getType(), valueCache.getType()},
                            rotatedQ, rotatedK, v, position, empty(type), keyCache, valueCache,
                            rowCount, sequenceOf, builder.getI64IntegerAttr(layer));
    keyCache = attention.getResult(1);
    valueCache = attention.getResult(2);
    Value projected = linear(attention.getResult(0), name("attn_output.weight"));
    return binary<AddOp>(x, projected);
  }

  /// Gated feed-forward network with its norm and residual: 8 ops.
  Value feedForwardBlock(Value x, int64_t layer) {
    auto name = [&](StringRef suffix) { return gguf::blockTensorName(layer, suffix); };
    Value h = norm(x, name("ffn_norm.weight"));
    Value gate = linear(h, name("ffn_gate.weight"));
    Value up = linear(h, name("ffn_up.weight"));
    auto type = cast<RankedTensorType>(gate.getType());
    Value activated = SiluOp::create(builder, loc, type, gate, empty(type), rowCount).getResult();
    Value hidden = binary<MulOp>(activated, up);
    return binary<AddOp>(x, linear(hidden, name("ffn_down.weight")));
  }

  /// `sequences` > 0: rows belong to that many sequences, each with caches of its own.
  void buildForward(StringRef name, int64_t mostRows, RowSelection logitRows,
                    int64_t sequences = 0) {
    rows = mostRows;
    RankedTensorType input = rowsType(config.embedding);
    Type cacheElement = options.kvF32 ? Type(builder.getF32Type()) : Type(builder.getF16Type());
    auto table = RankedTensorType::get({options.context, config.headDim}, builder.getF32Type());
    auto cacheType = [&](SmallVector<int64_t> shape) {
      if (sequences)
        shape.insert(shape.begin(), sequences);
      return RankedTensorType::get(shape, cacheElement);
    };
    auto keys =
        cacheType({config.layers, config.kvHeads, options.context / 16, config.headDim, 16});
    auto values = cacheType({config.layers, config.kvHeads, options.context, config.headDim});
    int64_t logitCount = logitRows == RowSelection::Last ? 1 : rows;
    auto logits = RankedTensorType::get({logitCount, config.vocabulary}, builder.getF32Type());

    SmallVector<Argument> arguments = {{input, "input", true, true}};
    auto perRow = RankedTensorType::get({rows}, builder.getI32Type());
    if (sequences)
      arguments.append({{perRow, "positions"}, {perRow, "sequences"}});
    else
      arguments.push_back({builder.getIndexType(), "position"});
    bool counted = rows > 1 || sequences;
    if (counted)
      arguments.push_back({builder.getIndexType(), "rows"});
    size_t next = arguments.size();
    arguments.append({{table, "rope_table"},
                      {keys, "k_cache", false, true},
                      {values, "v_cache", false, true},
                      {logits, "logits", true, true}});
    func::FuncOp function = beginFunction(name, arguments, {logits, keys, values});
    Value x = function.getArgument(0);
    position = function.getArgument(1);
    sequenceOf = sequences ? function.getArgument(2) : Value();
    rowCount = counted ? function.getArgument(next - 1) : Value();
    ropeTable = function.getArgument(next);
    keyCache = function.getArgument(next + 1);
    valueCache = function.getArgument(next + 2);

    for (int64_t layer = 0; layer < config.layers; ++layer)
      x = feedForwardBlock(attentionBlock(x, layer), layer);
    x = norm(x, "output_norm.weight");
    Value head = weight(gguf::headTensorName(config));
    Value out = LinearOp::create(builder, loc, logits, x, head, Value(), Value(),
                                 function.getArgument(next + 3), rowCount, logitRows)
                    .getResult();
    endFunction(function, {out, keyCache, valueCache});
  }

  const gguf::File &file;
  const gguf::ModelConfig &config;
  const ImportOptions &options;
  OpBuilder builder;
  Location loc;
  // Of the function being built.
  int64_t rows = 1;
  Value rowCount, position, sequenceOf, ropeTable, keyCache, valueCache;
};

} // namespace

OwningOpRef<ModuleOp> ignis::importQwen2(const gguf::File &file, MLIRContext *context,
                                         const ImportOptions &options) {
  Location loc = UnknownLoc::get(context);
  llvm::Expected<gguf::ModelConfig> config = gguf::readModelConfig(file);
  if (!config) {
    emitError(loc) << llvm::toString(config.takeError());
    return nullptr;
  }
  if (options.context < 16 || options.context % 16 || options.context > (int64_t(1) << 24)) {
    emitError(loc) << "context is " << options.context
                   << ", expected a multiple of 16 up to 16777216";
    return nullptr;
  }
  if (options.chunk < 1 || options.chunk > options.context) {
    emitError(loc) << "chunk is " << options.chunk << ", expected 1 to the context, "
                   << options.context;
    return nullptr;
  }
  if (options.sequences < 0 || options.sequences > 4096) {
    emitError(loc) << "sequences are " << options.sequences << ", expected 0 to 4096";
    return nullptr;
  }
  for (const std::string &entry : options.entries)
    if (!llvm::is_contained({"embed", "decode", "prefill", "score", "batch"}, entry)) {
      emitError(loc) << "unknown entry point '" << entry
                     << "', expected embed, decode, prefill, score or batch";
      return nullptr;
    }
  context->loadDialect<IgnisDialect, func::FuncDialect, tensor::TensorDialect>();
  return Importer(file, *config, options, context).run();
}
