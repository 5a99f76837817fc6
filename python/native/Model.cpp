//===- Model.cpp - GGUF files for Python ------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Open, look into, tokenize, import.

#include "Native.h"

#include "ignis/GGUF/Inspect.h"
#include "ignis/GGUF/ModelConfig.h"
#include "ignis/Import/ImportQwen2.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

#include <pybind11/stl.h>

using namespace ignis;
using namespace ignis::python;

const tokenizer::Tokenizer &Model::getTokenizer() {
  if (!tokenizer)
    tokenizer = check(tokenizer::Tokenizer::create(file));
  return *tokenizer;
}

static std::shared_ptr<Model> openModel(const std::string &path, bool requireData) {
  py::gil_scoped_release release;
  gguf::OpenOptions options;
  options.requireData = requireData;
  auto file = gguf::File::open(path, options);
  if (!file)
    throw InputError(llvm::toString(file.takeError()));
  return std::make_shared<Model>(Model{std::move(*file), nullptr});
}

static py::dict configOf(const Model &model) {
  gguf::ModelConfig config = check(gguf::readModelConfig(model.file));
  py::dict out;
  out["layers"] = config.layers;
  out["embedding"] = config.embedding;
  out["feed_forward"] = config.feedForward;
  out["heads"] = config.heads;
  out["kv_heads"] = config.kvHeads;
  out["head_dim"] = config.headDim;
  out["context_length"] = config.contextLength;
  out["vocabulary"] = config.vocabulary;
  out["rms_eps"] = config.rmsEps;
  out["rope_base"] = config.ropeBase;
  out["tied"] = config.tied;
  return out;
}

static std::shared_ptr<Module> import(Model &model, int64_t context, int64_t chunk,
                                      const std::string &kv, std::vector<std::string> entries,
                                      int64_t sequences) {
  if (kv != "f16" && kv != "f32")
    throw InputError("kv is '" + kv + "', expected f16 or f32");
  py::gil_scoped_release release;
  std::lock_guard<std::mutex> lock(irLock());
  std::string message;
  mlir::ScopedDiagnosticHandler handler(&irContext(), [&](mlir::Diagnostic &diagnostic) {
    if (message.empty())
      message = diagnostic.str();
  });
  ImportOptions options;
  options.context = context;
  options.chunk = chunk;
  options.kvF32 = kv == "f32";
  options.entries = std::move(entries);
  options.sequences = sequences;
  auto module = importQwen2(model.file, &irContext(), options);
  if (!module)
    throw InputError(message);
  return wrap(std::move(module));
}

/// Of everything that decides the graph and the numbers: the metadata's and the tensors' bytes.
static std::string hashOf(const Model &model, bool data) {
  py::gil_scoped_release release;
  std::string text = gguf::inspectJSON(model.file);
  if (data)
    for (const gguf::TensorInfo &tensor : model.file.tensors())
      if (const uint8_t *bytes = model.file.data(tensor))
        text += llvm::utohexstr(
            llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(bytes, static_cast<size_t>(tensor.bytes))));
  // The file's path is no part of what it holds.
  size_t at = text.find(model.file.path());
  if (at != std::string::npos)
    text.erase(at, model.file.path().size());
  auto hash = llvm::xxh3_128bits(llvm::arrayRefFromStringRef(text));
  return llvm::utohexstr(hash.high64, true, 16) + llvm::utohexstr(hash.low64, true, 16);
}

void ignis::python::bindModel(py::module_ &module) {
  py::class_<Model, std::shared_ptr<Model>>(module, "Model", "An open GGUF file of a Qwen2 model.")
      .def(py::init(&openModel), py::arg("path"), py::arg("require_data") = true,
           "Opens and checks a file. Without require_data it may end after its tensor directory: "
           "enough to import and plan.")
      .def_property_readonly("path", [](const Model &model) { return model.file.path(); })
      .def_property_readonly("config", &configOf, "Hyper-parameters, by name.")
      .def(
          "inspect", [](const Model &model) { return parseJSON(gguf::inspectJSON(model.file)); },
          "Metadata and tensors, as `ignis-run --inspect --json` prints them.")
      .def("hash", &hashOf, py::arg("data") = true,
           "128 bits in hexadecimal of metadata, tensor directory and, with `data`, weights.")
      .def(
          "tokenize",
          [](Model &model, const std::string &text, bool special) {
            const tokenizer::Tokenizer &tokenizer = model.getTokenizer();
            py::gil_scoped_release release;
            return tokenizer.encode(text, special);
          },
          py::arg("text"), py::arg("special") = false, "Ids of a text.")
      .def(
          "detokenize",
          [](Model &model, const std::vector<int32_t> &ids) {
            return py::bytes(model.getTokenizer().decode(ids));
          },
          py::arg("ids"), "Bytes of ids, perhaps not whole characters.")
      .def("import_module", &import, py::arg("context") = 2048, py::arg("chunk") = 512,
           py::arg("kv") = "f16", py::arg("entries") = std::vector<std::string>(),
           py::arg("sequences") = 0,
           "The unfused graph: entry points embed, decode, prefill and score (or those named) for "
           "caches of `context` positions (a multiple of 16) and calls of up to `chunk` rows; with "
           "`sequences` also batch, for so many sequences and rows.");
}
