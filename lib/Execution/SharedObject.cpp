//===- SharedObject.cpp - compiled objects as files -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// lld does the linking, in this process, between two temporary files.

#include "SharedObject.h"

#include "ignis/Execution/ModuleSeal.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <mutex>
#include <vector>

#ifndef __APPLE__
#include "lld/Common/CommonLinkerContext.h"
#include "lld/Common/Driver.h"

LLD_HAS_DRIVER(elf)
#endif

/// What the code generator calls where the processor lacks an instruction, or null
/// (lib/Runtime/CompilerLibrary.cpp binds the same).
static llvm::FunctionType *libraryCall(llvm::StringRef name, llvm::LLVMContext &context) {
  llvm::Type *single = llvm::Type::getFloatTy(context), *half = llvm::Type::getHalfTy(context);
  if (name == "fmaf")
    return llvm::FunctionType::get(single, {single, single, single}, false);
  if (name == "__extendhfsf2")
    return llvm::FunctionType::get(single, {half}, false);
  if (name == "__truncsfhf2")
    return llvm::FunctionType::get(half, {single}, false);
  return nullptr;
}

/// Adds the symbols that an object defines, and those that it leaves undefined, in order.
static void findSymbols(llvm::StringRef object, llvm::DenseSet<llvm::StringRef> &defined,
                        llvm::SetVector<llvm::StringRef> &undefined) {
  auto file = llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(object, "module"));
  if (!file)
    return llvm::consumeError(file.takeError()); // the linker says what is wrong with it
  for (const llvm::object::SymbolRef &symbol : (*file)->symbols()) {
    llvm::Expected<uint32_t> flags = symbol.getFlags();
    llvm::Expected<llvm::StringRef> name = symbol.getName();
    if (flags && name) { // The name is in the object's bytes.
      if (*flags & llvm::object::SymbolRef::SF_Undefined)
        undefined.insert(*name);
      else
        defined.insert(*name);
    }
    llvm::consumeError(flags.takeError());
    llvm::consumeError(name.takeError());
  }
}

std::unique_ptr<llvm::Module> ignis::makeImports(const llvm::Module &code,
                                                 llvm::ArrayRef<llvm::StringRef> objects,
                                                 llvm::StringRef manifest,
                                                 llvm::StringRef features) {
  llvm::LLVMContext &context = code.getContext();
  auto result = std::make_unique<llvm::Module>("ignis.imports", context);
  llvm::Module &module = *result;
  module.setTargetTriple(code.getTargetTriple());
  module.setDataLayout(code.getDataLayout());
  for (auto [name, value] :
       {std::pair("ignis_manifest", manifest), std::pair("ignis_cpu_features", features)}) {
    auto *text = llvm::ConstantDataArray::getString(context, value);
    new llvm::GlobalVariable(module, text->getType(), true, llvm::GlobalValue::ExternalLinkage,
                             text, name);
  }

  llvm::SmallVector<llvm::Function *> undefined;
  llvm::DenseSet<llvm::StringRef> defined;
  llvm::SetVector<llvm::StringRef> names;
  for (llvm::StringRef object : objects)
    findSymbols(object, defined, names);
  for (llvm::StringRef name : names) {
    const llvm::Function *function = code.getFunction(name);
    llvm::FunctionType *type = function ? function->getFunctionType() : libraryCall(name, context);
    if (type && !defined.contains(name)) // The linker says what is missing besides.
      undefined.push_back(
          llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module));
  }
  auto *ptr = llvm::PointerType::get(context, 0);
  auto *null = llvm::ConstantPointerNull::get(ptr);
  auto *row = llvm::StructType::get(context, {ptr, ptr});
  auto *tableType = llvm::ArrayType::get(row, undefined.size() + 1);
  llvm::SmallVector<llvm::Constant *> rows;
  for (llvm::Function *function : undefined) {
    auto *name = llvm::ConstantDataArray::getString(context, function->getName());
    auto *global =
        new llvm::GlobalVariable(module, name->getType(), true, llvm::GlobalValue::PrivateLinkage,
                                 name, "ignis.import.name");
    rows.push_back(llvm::ConstantStruct::get(row, {global, null}));
  }
  rows.push_back(llvm::ConstantStruct::get(row, {null, null}));
  auto *table =
      new llvm::GlobalVariable(module, tableType, false, llvm::GlobalValue::ExternalLinkage,
                               llvm::ConstantArray::get(tableType, rows), "ignis_imports");
  llvm::IRBuilder<> builder(context);
  for (auto [i, function] : llvm::enumerate(undefined)) {
    builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", function));
    auto *slot = builder.CreateConstInBoundsGEP2_32(tableType, table, 0, i);
    auto *target = builder.CreateLoad(ptr, builder.CreateStructGEP(row, slot, 1));
    llvm::SmallVector<llvm::Value *> arguments;
    for (llvm::Argument &argument : function->args())
      arguments.push_back(&argument);
    llvm::CallInst *call = builder.CreateCall(function->getFunctionType(), target, arguments);
    call->setTailCallKind(llvm::CallInst::TCK_MustTail);
    if (call->getType()->isVoidTy())
      builder.CreateRetVoid();
    else
      builder.CreateRet(call);
    function->setVisibility(llvm::GlobalValue::HiddenVisibility);
  }
  return result;
}

namespace {
/// A temporary file that goes when its owner does.
class TemporaryFile {
public:
  ~TemporaryFile() {
    if (!path.empty())
      llvm::sys::fs::remove(path);
  }
  llvm::Error create(const char *suffix, llvm::StringRef text) {
    int descriptor;
    if (std::error_code error =
            llvm::sys::fs::createTemporaryFile("ignis", suffix, descriptor, path))
      return llvm::createStringError(error, "cannot create a temporary file");
    llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    stream << text;
    stream.close();
    std::error_code error = stream.error();
    stream.clear_error();
    return error ? llvm::createStringError(error, "cannot write " + path) : llvm::Error::success();
  }
  llvm::SmallString<128> path;
};
} // namespace

#ifdef __APPLE__
llvm::Expected<std::string> ignis::linkSharedObject(llvm::ArrayRef<llvm::StringRef>) {
  return llvm::createStringError("shared objects are not made on macOS");
}
llvm::Expected<std::string> ignis::joinObjects(llvm::ArrayRef<llvm::StringRef>) {
  return llvm::createStringError("objects are not joined on macOS");
}
#else
/// Runs the linker with `options` over objects.
static llvm::Expected<std::string> link(llvm::ArrayRef<llvm::StringRef> objects,
                                        llvm::ArrayRef<const char *> options) {
  static std::mutex mutex; // lld keeps its state in globals.
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<TemporaryFile> inputs(objects.size());
  TemporaryFile output;
  for (auto [input, object] : llvm::zip(inputs, objects))
    if (llvm::Error error = input.create("o", object))
      return error;
  if (llvm::Error error = output.create("so", ""))
    return error;
  llvm::SmallVector<const char *> arguments = {"ld.lld",      "-z", "noexecstack",
                                               "--threads=1", "-o", output.path.c_str()};
  llvm::append_range(arguments, options);
  for (TemporaryFile &input : inputs)
    arguments.push_back(input.path.c_str());
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  bool linked =
      lld::elf::link(arguments, stream, stream, /*exitEarly=*/false, /*disableOutput=*/false);
  lld::CommonLinkerContext::destroy();
  if (!linked)
    return llvm::createStringError("cannot link the module: " +
                                   llvm::StringRef(messages).split('\n').first.str());
  auto buffer = llvm::MemoryBuffer::getFile(output.path);
  if (!buffer)
    return llvm::createStringError(buffer.getError(), "cannot read " + output.path);
  return (*buffer)->getBuffer().str();
}

llvm::Expected<std::string> ignis::linkSharedObject(llvm::ArrayRef<llvm::StringRef> objects) {
  auto object = link(objects, {"-shared", "--no-undefined", "--build-id=none", "--hash-style=sysv",
                               "-z", "now", "-soname", "ignis-module.so"});
  if (!object)
    return object.takeError();
  return *object + moduleSeal(*object);
}

llvm::Expected<std::string> ignis::joinObjects(llvm::ArrayRef<llvm::StringRef> objects) {
  return link(objects, {"-r", "--discard-locals"});
}
#endif
