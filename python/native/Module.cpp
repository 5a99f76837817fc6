//===- Module.cpp - IR for Python -------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Parse, print, hash, describe. A Module does not change: passes make a new one (Passes.cpp).

#include "Native.h"

#include "ignis/Analysis/BufferLifetimes.h"
#include "ignis/Dialect/Ignis/IR/Ignis.h"
#include "ignis/InitAll.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/xxhash.h"

#include <optional>

#include <pybind11/stl.h>

using namespace mlir;
using namespace ignis;
using namespace ignis::python;
namespace json = llvm::json;

MLIRContext &ignis::python::irContext() {
  static MLIRContext *context = [] {
    DialectRegistry registry;
    registerAll(registry);
    auto *made = new MLIRContext(registry, MLIRContext::Threading::DISABLED); // never destroyed
    return made;
  }();
  return *context;
}

std::mutex &ignis::python::irLock() {
  static std::mutex mutex;
  return mutex;
}

static std::string textOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  stream << '\n';
  return text;
}

std::shared_ptr<ignis::python::Module> ignis::python::wrap(OwningOpRef<ModuleOp> op) {
  auto hash = llvm::xxh3_128bits(llvm::arrayRefFromStringRef(textOf(*op)));
  auto module = std::make_shared<Module>();
  module->op = std::move(op);
  module->hash = llvm::utohexstr(hash.high64, true, 16) + llvm::utohexstr(hash.low64, true, 16);
  return module;
}

/// Text or bytecode.
static std::shared_ptr<ignis::python::Module> parse(const std::string &source,
                                                    const std::string &name) {
  py::gil_scoped_release release;
  std::lock_guard<std::mutex> lock(irLock());
  std::string message;
  ScopedDiagnosticHandler handler(&irContext(), [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error || !message.empty())
      return;
    llvm::raw_string_ostream stream(message);
    if (auto file = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
      stream << file.getFilename().getValue() << ':' << file.getLine() << ':' << file.getColumn()
             << ": ";
    stream << diagnostic;
  });
  auto module = parseSourceString<ModuleOp>(source, ParserConfig(&irContext()), name);
  if (!module)
    throw InputError(message.empty() ? name + ": not a module" : message);
  return wrap(std::move(module));
}

/// Attributes as JSON where they have a plain form, as text elsewhere.
static json::Value valueOf(Attribute attribute) {
  if (auto text = dyn_cast<StringAttr>(attribute))
    return text.getValue();
  if (auto number = dyn_cast<IntegerAttr>(attribute))
    return number.getType().isInteger(1) ? json::Value(!number.getValue().isZero())
                                         : json::Value(number.getValue().getSExtValue());
  if (auto number = dyn_cast<FloatAttr>(attribute))
    return number.getValueAsDouble();
  if (auto array = dyn_cast<ArrayAttr>(attribute)) {
    json::Array values;
    for (Attribute element : array)
      values.push_back(valueOf(element));
    return values;
  }
  if (isa<UnitAttr>(attribute))
    return true;
  if (auto array = dyn_cast<DenseI32ArrayAttr>(attribute))
    return json::Array(array.asArrayRef());
  if (auto array = dyn_cast<DenseI64ArrayAttr>(attribute))
    return json::Array(array.asArrayRef());
  std::string text;
  llvm::raw_string_ostream stream(text);
  attribute.print(stream);
  return text;
}

static json::Value typeOf(Type type) {
  auto print = [](Type type) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    type.print(stream);
    return text;
  };
  if (auto shaped = dyn_cast<ShapedType>(type); shaped && shaped.hasStaticShape())
    return json::Object{{"kind", isa<BaseMemRefType>(type) ? "memref" : "tensor"},
                        {"shape", json::Array(shaped.getShape())},
                        {"element", print(shaped.getElementType())}};
  return json::Object{{"kind", print(type)}};
}

/// Functions of one block as data: what an interpreter needs.
static std::string describe(const ignis::python::Module &module) {
  json::Object functions;
  for (auto function : (*module.op)->getRegion(0).getOps<func::FuncOp>()) {
    if (function.isExternal())
      continue;
    llvm::DenseMap<Value, int64_t> numbers;
    auto define = [&](Value value) {
      int64_t number = static_cast<int64_t>(numbers.size());
      numbers[value] = number;
      return json::Object{{"id", number}, {"type", typeOf(value.getType())}};
    };
    json::Array arguments, ops;
    for (BlockArgument argument : function.getArguments()) {
      json::Object entry = define(argument);
      json::Object attributes;
      if (DictionaryAttr dictionary = function.getArgAttrDict(argument.getArgNumber()))
        for (NamedAttribute named : dictionary)
          attributes[named.getName().getValue()] = valueOf(named.getValue());
      entry["attributes"] = std::move(attributes);
      arguments.push_back(std::move(entry));
    }
    bool simple = function.getBody().hasOneBlock();
    for (Operation &op : function.getBody().front()) {
      simple &= op.getNumRegions() == 0;
      json::Array operands, results, segments;
      for (Value operand : op.getOperands())
        operands.push_back(numbers.count(operand) ? json::Value(numbers[operand]) : nullptr);
      for (Value result : op.getResults())
        results.push_back(define(result));
      json::Object attributes;
      for (NamedAttribute named : op.getDiscardableAttrs())
        attributes[named.getName().getValue()] = valueOf(named.getValue());
      if (auto properties = dyn_cast_or_null<DictionaryAttr>(op.getPropertiesAsAttribute()))
        for (NamedAttribute named : properties)
          attributes[named.getName().getValue()] = valueOf(named.getValue());
      json::Object entry{{"name", op.getName().getStringRef()},
                         {"operands", std::move(operands)},
                         {"results", std::move(results)},
                         {"attributes", std::move(attributes)}};
      if (auto dst = dyn_cast<DestinationStyleOpInterface>(op)) {
        json::Array inits;
        for (OpOperand &init : dst.getDpsInitsMutable())
          inits.push_back(static_cast<int64_t>(init.getOperandNumber()));
        entry["inits"] = std::move(inits);
      }
      ops.push_back(std::move(entry));
    }
    functions[function.getName()] = json::Object{
        {"simple", simple}, {"arguments", std::move(arguments)}, {"ops", std::move(ops)}};
  }
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << json::Value(std::move(functions));
  return text;
}

namespace {
/// The buffers of a function as a planning problem, with offsets once they are planned.
struct Memory {
  memplan::Problem problem;
  std::vector<std::string> labels;
  std::vector<std::optional<int64_t>> offsets; ///< bytes in the arena
  std::vector<bool> rounded;                   ///< whether it holds rounded activations
};
} // namespace

/// What a buffer is for, and where it was put.
static std::pair<std::string, std::optional<int64_t>> placeOf(func::FuncOp function,
                                                              const LiveBuffer &buffer) {
  std::string label = "buffer";
  std::optional<int64_t> offset;
  if (auto argument = dyn_cast<BlockArgument>(buffer.value)) {
    unsigned number = argument.getArgNumber();
    if (auto role = function.getArgAttrOfType<StringAttr>(number, kRoleAttr))
      label = role.getValue().str();
    if (auto at = function.getArgAttrOfType<IntegerAttr>(number, kOffsetAttr))
      offset = at.getInt();
    return {label, offset};
  }
  SmallVector<Operation *> users(buffer.value.getUsers());
  for (Operation *user : llvm::reverse(users))
    if (auto dst = dyn_cast<DestinationStyleOpInterface>(user);
        dst && llvm::is_contained(dst.getDpsInits(), buffer.value)) {
      label = user->getName().stripDialect().str();
      break;
    }
  APInt shift;
  if (auto view = buffer.value.getDefiningOp<memref::ViewOp>();
      view && matchPattern(view.getByteShift(), m_ConstantInt(&shift)))
    offset = shift.getSExtValue();
  return {label, offset};
}

/// Nothing of a function on tensors.
static std::optional<Memory> memoryOf(const ignis::python::Module &module, const std::string &name,
                                      int64_t alignment) {
  py::gil_scoped_release release;
  std::lock_guard<std::mutex> lock(irLock());
  auto function = const_cast<ignis::python::Module &>(module).op->lookupSymbol<func::FuncOp>(name);
  if (!function || function.isExternal())
    throw InputError("no function '" + name + "' in the module");
  if (alignment < 1)
    throw InputError("alignment is " + std::to_string(alignment) + ", expected 1 or more");
  if (llvm::any_of(function.getArgumentTypes(), [](Type type) { return isa<TensorType>(type); }))
    return std::nullopt;
  FailureOr<SmallVector<LiveBuffer>> buffers = collectBuffers(function, /*quiet=*/true);
  if (failed(buffers))
    return std::nullopt;
  Memory memory;
  memory.problem = toProblem(*buffers, alignment);
  for (const LiveBuffer &buffer : *buffers) {
    auto [label, offset] = placeOf(function, buffer);
    memory.labels.push_back(label);
    memory.offsets.push_back(offset);
    memory.rounded.push_back(buffer.isRounded());
  }
  return memory;
}

static py::object memory(const ignis::python::Module &module, const std::string &name,
                         int64_t alignment) {
  std::optional<Memory> found = memoryOf(module, name, alignment);
  if (!found)
    return py::none();
  py::list rows;
  bool planned = !found->offsets.empty();
  for (auto [label, entry, offset] :
       llvm::zip(found->labels, found->problem.buffers, found->offsets)) {
    rows.append(
        py::make_tuple(label + " " + entry.id, entry.begin, entry.end, entry.size, entry.align));
    planned &= offset.has_value();
  }
  py::dict out;
  out["buffers"] = rows;
  out["offsets"] = planned ? py::cast(found->offsets) : py::object(py::none());
  out["rounded"] = found->rounded;
  return out;
}

void ignis::python::bindModule(py::module_ &module) {
  using PyModule = ignis::python::Module;
  py::class_<PyModule, std::shared_ptr<PyModule>>(
      module, "Module", "A module of IR. It does not change; running passes makes a new one.")
      .def_static("parse", &parse, py::arg("source"), py::arg("name") = "<string>",
                  "From text (str) or bytecode (bytes). `name` stands in messages. Damaged "
                  "bytecode may end "
                  "the process: MLIR's reader trusts it more than text.")
      .def("__str__",
           [](const PyModule &self) {
             py::gil_scoped_release release;
             std::lock_guard<std::mutex> lock(irLock());
             return textOf(*self.op);
           })
      .def("__repr__",
           [](const PyModule &self) { return "<ignis.Module " + self.hash.substr(0, 12) + ">"; })
      .def(
          "bytecode",
          [](const PyModule &self) {
            std::string bytes;
            {
              py::gil_scoped_release release;
              std::lock_guard<std::mutex> lock(irLock());
              llvm::raw_string_ostream stream(bytes);
              (void)writeBytecodeToFile(*self.op, stream);
            }
            return py::bytes(bytes);
          },
          "The module as MLIR bytecode; parse() reads it.")
      .def_readonly("hash", &PyModule::hash,
                    "128 bits in hexadecimal: modules of one text have one hash.")
      .def_property_readonly(
          "functions",
          [](const PyModule &self) {
            py::gil_scoped_release release;
            std::lock_guard<std::mutex> lock(irLock());
            std::vector<std::string> names;
            PyModule &mutableSelf = const_cast<PyModule &>(self);
            for (auto function : mutableSelf.op->getOps<func::FuncOp>())
              names.push_back(function.getName().str());
            return names;
          },
          "Names of its functions, in order.")
      .def(
          "verify",
          [](const PyModule &self) {
            py::gil_scoped_release release;
            std::lock_guard<std::mutex> lock(irLock());
            std::string message;
            ScopedDiagnosticHandler handler(&irContext(), [&](Diagnostic &diagnostic) {
              if (message.empty())
                message = diagnostic.str();
            });
            if (failed(mlir::verify(*const_cast<PyModule &>(self).op)))
              throw InputError(message);
          },
          "InputError if an op's rules are broken.")
      .def(
          "describe",
          [](const PyModule &self) {
            std::string text;
            {
              py::gil_scoped_release release;
              std::lock_guard<std::mutex> lock(irLock());
              text = describe(self);
            }
            return parseJSON(text);
          },
          "Functions, their arguments and ops as dictionaries and lists.")
      .def("memory", &memory, py::arg("function"), py::arg("alignment") = 64,
           "Buffers of a function on memrefs: {'buffers': [(id, begin, end, bytes, alignment)], "
           "'offsets': bytes of each in the arena or None before planning, 'rounded': whether each "
           "holds rounded activations}; None on tensors.");
}
