//===- OutputFile.cpp - a file that appears whole or not at all -------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See OutputFile.h.

#include "ignis/Runtime/OutputFile.h"

#include "llvm/ADT/SmallString.h"

using namespace ignis::runtime;
namespace fs = llvm::sys::fs;

llvm::Error OutputFile::fault(const std::string &reason) const {
  return llvm::createStringError("cannot write " + path + ": " + reason);
}

llvm::Expected<OutputFile> OutputFile::create(const std::string &path) {
  OutputFile file(path);
  file.target = path;
  fs::file_status status;
  if (!fs::status(path, status)) {
    if (fs::is_directory(status))
      return file.fault("Is a directory");
    if (!fs::is_regular_file(status)) {
      std::error_code error;
      file.out = std::make_unique<llvm::raw_fd_ostream>(path, error, fs::CD_OpenExisting,
                                                        fs::FA_Write, fs::OF_None);
      if (error) {
        file.out.reset();
        return file.fault(error.message());
      }
      return file;
    }
    llvm::SmallString<256> real;
    if (!fs::real_path(path, real))
      file.target = real.str().str();
  }
  llvm::Expected<fs::TempFile> temporary = fs::TempFile::create(file.target + ".%%%%%%.tmp");
  if (!temporary)
    return file.fault(llvm::toString(temporary.takeError()));
  file.temporary = std::move(*temporary);
  file.out = std::make_unique<llvm::raw_fd_ostream>(file.temporary->FD, /*shouldClose=*/false);
  return file;
}

OutputFile::~OutputFile() {
  if (out)
    out->clear_error(); // Reported by keep(), or of no interest any more.
  out.reset();
  if (temporary)
    llvm::consumeError(temporary->discard());
}

llvm::Error OutputFile::keep() {
  out->flush();
  if (out->has_error()) {
    std::string reason = out->error().message();
    out->clear_error();
    return fault(reason);
  }
  out.reset();
  if (!temporary)
    return llvm::Error::success();
  llvm::Error error = temporary->keep(target);
  temporary.reset();
  return error ? fault(llvm::toString(std::move(error))) : llvm::Error::success();
}
