//===- SharedObject.cpp - compiled objects as files -------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// lld does the linking, in this process, between two temporary files.

#include "SharedObject.h"

#include "lld/Common/CommonLinkerContext.h"
#include "lld/Common/Driver.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <mutex>

LLD_HAS_DRIVER(elf)

void ignis::addImports(llvm::Module &module, llvm::StringRef manifest) {
  llvm::LLVMContext &context = module.getContext();
  auto *text = llvm::ConstantDataArray::getString(context, manifest);
  new llvm::GlobalVariable(module, text->getType(), true, llvm::GlobalValue::ExternalLinkage, text, "ignis_manifest");

  llvm::SmallVector<llvm::Function *> undefined;
  for (llvm::Function &function : module)
    if (function.isDeclaration() && !function.isIntrinsic() && !function.use_empty())
      undefined.push_back(&function);
  auto *ptr = llvm::PointerType::get(context, 0);
  auto *null = llvm::ConstantPointerNull::get(ptr);
  auto *row = llvm::StructType::get(context, {ptr, ptr});
  auto *tableType = llvm::ArrayType::get(row, undefined.size() + 1);
  llvm::SmallVector<llvm::Constant *> rows;
  for (llvm::Function *function : undefined) {
    auto *name = llvm::ConstantDataArray::getString(context, function->getName());
    auto *global = new llvm::GlobalVariable(module, name->getType(), true, llvm::GlobalValue::PrivateLinkage, name,
                                            "ignis.import.name");
    rows.push_back(llvm::ConstantStruct::get(row, {global, null}));
  }
  rows.push_back(llvm::ConstantStruct::get(row, {null, null}));
  auto *table = new llvm::GlobalVariable(module, tableType, false, llvm::GlobalValue::ExternalLinkage,
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
}

llvm::Expected<std::string> ignis::linkSharedObject(llvm::StringRef object) {
  static std::mutex mutex; // lld keeps its state in globals.
  std::lock_guard<std::mutex> lock(mutex);
  llvm::SmallString<128> input, output;
  int descriptor;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("ignis", "o", descriptor, input))
    return llvm::createStringError(error, "cannot create a temporary file");
  auto removeInput = llvm::make_scope_exit([&] { llvm::sys::fs::remove(input); });
  {
    llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    stream << object;
    stream.close();
    if (stream.has_error()) {
      std::error_code error = stream.error();
      stream.clear_error();
      return llvm::createStringError(error, "cannot write " + input);
    }
  }
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("ignis", "so", output))
    return llvm::createStringError(error, "cannot create a temporary file");
  auto removeOutput = llvm::make_scope_exit([&] { llvm::sys::fs::remove(output); });
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  const char *arguments[] = {"ld.lld", "-shared", "--no-undefined", "--build-id=none", "--hash-style=sysv",
                             "-z", "now", "-z", "noexecstack", "--threads=1", "-soname", "ignis-module.so", "-o", output.c_str(), input.c_str()};
  bool linked = lld::elf::link(arguments, stream, stream, /*exitEarly=*/false, /*disableOutput=*/false);
  lld::CommonLinkerContext::destroy();
  if (!linked)
    return llvm::createStringError("cannot link the module: " + llvm::StringRef(messages).split('\n').first.str());
  auto buffer = llvm::MemoryBuffer::getFile(output);
  if (!buffer)
    return llvm::createStringError(buffer.getError(), "cannot read " + output);
  return (*buffer)->getBuffer().str();
}
