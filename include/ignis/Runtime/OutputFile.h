//===- OutputFile.h - a file that appears whole or not at all ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Results go to a temporary file beside the target, which replaces the target when all is written.
// What is no regular file (a device, a pipe) is written as it stands and never replaced; a symbolic
// link keeps pointing where it points.

#ifndef IGNIS_RUNTIME_OUTPUTFILE_H
#define IGNIS_RUNTIME_OUTPUTFILE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>
#include <optional>
#include <string>

namespace ignis::runtime {

class OutputFile {
public:
  /// Errors name the path and what is wrong with it.
  static llvm::Expected<OutputFile> create(const std::string &path);
  OutputFile(OutputFile &&) = default;
  /// Without keep(), nothing stays behind.
  ~OutputFile();

  llvm::raw_ostream &stream() { return *out; }
  /// Puts the file in its place. An error if any byte could not be written.
  llvm::Error keep();

private:
  explicit OutputFile(std::string path) : path(std::move(path)) {}
  llvm::Error fault(const std::string &reason) const;

  std::string path;                                 ///< as the caller named it
  std::string target;                               ///< behind symbolic links
  std::optional<llvm::sys::fs::TempFile> temporary; ///< none for what is written in place
  std::unique_ptr<llvm::raw_fd_ostream> out;
};

} // namespace ignis::runtime

#endif
