//===- File.h - read-only view of a GGUF file -------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Opens a GGUF file of version 2 or 3, checks every length, type and offset in it, and hands out
// typed metadata, the tensor directory and pointers into the mapped bytes. It knows the format,
// not the models (see ModelConfig.h), and nothing of MLIR. Files are untrusted: a malformed one
// yields an error, never a crash, a hang, or an allocation by an unchecked length.
//
// Errors read `file: offset 0x1c: what: expected .., got ..`, one line, printable characters only.

#ifndef IGNIS_GGUF_FILE_H
#define IGNIS_GGUF_FILE_H

#include "ignis/GGUF/Metadata.h"
#include "ignis/GGUF/TensorType.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ignis::gguf {

struct OpenOptions {
  /// False accepts a file that ends after its tensor directory, or anywhere in its tensor data:
  /// import and planning need no weights. data() is then null for tensors that are not all there.
  bool requireData = true;
  /// False reads the file into memory instead of mapping it. A mapped file that another process
  /// truncates raises SIGBUS when a lost page is touched; a copy cannot.
  bool map = true;
};

/// One row of the tensor directory.
struct TensorInfo {
  llvm::StringRef name;        ///< 1 to 63 bytes, any but NUL: escape() before printing
  TensorType type;             ///< a known type, perhaps not a supported one
  unsigned rank = 0;           ///< 1 to 4
  std::array<int64_t, 4> ne{}; ///< elements along each dimension, the contiguous one first; the
                               ///< dimensions beyond `rank` are 1. ne[1] is what frameworks call
                               ///< rows: a linear layer's weight has ne = {inputs, outputs}.
  int64_t elements = 0;        ///< product of ne; 0 is possible
  uint64_t bytes = 0;          ///< of the tensor's data
  uint64_t offset = 0;         ///< of its data from the beginning of the file
  uint64_t recordOffset = 0;   ///< of its row in the tensor directory, for messages
};

class File {
public:
  /// Opens and checks the file at `path` (a regular file).
  static llvm::Expected<File> open(const std::string &path, OpenOptions options = {});
  /// The same checks on bytes in memory, which must outlive the File; `name` stands in messages.
  static llvm::Expected<File> fromMemory(llvm::ArrayRef<uint8_t> bytes, const std::string &name,
                                         OpenOptions options = {});

  File(File &&) = default;
  File &operator=(File &&) = default;

  const std::string &path() const { return filePath; }
  uint64_t size() const { return bytes.size(); }
  uint32_t version() const { return formatVersion; }
  /// Bytes to which tensor data is aligned: a power of two from 8 to 65536.
  uint64_t alignment() const { return dataAlignment; }
  /// Where tensor data begins. A file cut after its directory ends before or at it.
  uint64_t dataOffset() const { return dataStart; }

  // --- Metadata, in file order --------------------------------------------------------------
  llvm::ArrayRef<MetadataEntry> metadata() const { return entries; }
  /// The entry with this key, or null.
  const MetadataEntry *find(llvm::StringRef key) const;

  // A missing key or one of another type is an error that names key, wanted and found type.
  // Integers of every width are accepted where their value fits.
  llvm::Expected<int64_t> getInteger(llvm::StringRef key) const;
  llvm::Expected<float> getFloat(llvm::StringRef key) const; ///< f32 only
  llvm::Expected<bool> getBool(llvm::StringRef key) const;
  llvm::Expected<llvm::StringRef> getString(llvm::StringRef key) const;
  llvm::Expected<StringArray> getStringArray(llvm::StringRef key) const;
  llvm::Expected<IntegerArray> getIntegerArray(llvm::StringRef key) const;
  llvm::Expected<FloatArray> getFloatArray(llvm::StringRef key) const; ///< f32 elements only

  // The same, but a missing key is the default; one of another type is still an error.
  llvm::Expected<int64_t> getInteger(llvm::StringRef key, int64_t absent) const;
  llvm::Expected<float> getFloat(llvm::StringRef key, float absent) const;
  llvm::Expected<bool> getBool(llvm::StringRef key, bool absent) const;
  llvm::Expected<llvm::StringRef> getString(llvm::StringRef key, llvm::StringRef absent) const;

  // --- Tensors, in file order ---------------------------------------------------------------
  llvm::ArrayRef<TensorInfo> tensors() const { return directory; }
  /// The tensor with this name, or null.
  const TensorInfo *findTensor(llvm::StringRef name) const;
  /// The tensor's `bytes` bytes, aligned to min(alignment(), 4096) when the file is mapped. Null if
  /// they are not all in the file (only with requireData = false) or it has no bytes.
  const uint8_t *data(const TensorInfo &tensor) const;
  /// True if the data of every tensor is in the file.
  bool hasData() const { return dataComplete; }
  /// Tells the system that the tensor's pages will not be read again soon, so that they leave this
  /// process's resident memory. They stay readable. A hint: does nothing for an unmapped file.
  void releasePages(const TensorInfo &tensor) const;

  // --- Messages -----------------------------------------------------------------------------
  /// An error at a place in this file: `path: offset 0x..: message`.
  llvm::Error errorAt(uint64_t offset, const llvm::Twine &message) const;
  /// An error about the file as a whole: `path: message`.
  llvm::Error error(const llvm::Twine &message) const;

private:
  friend class Reader; // fills the members (Reader.h)
  class Storage;       // owns the mapping or the buffer

  File(std::string path, std::shared_ptr<const Storage> storage, llvm::ArrayRef<uint8_t> bytes);
  llvm::Expected<const MetadataEntry *> require(llvm::StringRef key, const char *wanted) const;
  llvm::Error wrongType(const MetadataEntry &entry, const char *wanted) const;

  std::string filePath;
  std::shared_ptr<const Storage> storage; // null for fromMemory
  llvm::ArrayRef<uint8_t> bytes;
  uint32_t formatVersion = 0;
  uint64_t dataAlignment = 32;
  uint64_t dataStart = 0;
  bool dataComplete = true;
  std::vector<MetadataEntry> entries;
  std::vector<TensorInfo> directory;
  std::vector<uint32_t> entriesByKey; // indices sorted by key: lookup without hashing
  std::vector<uint32_t> tensorsByName;
};

/// Bytes of a page of memory: 4 KiB on x86-64, up to 64 KiB elsewhere. Nothing else in ignis asks
/// the system or assumes a size.
uint64_t pageSize();

/// Text from a file or a command line made safe to print: printable characters (UTF-8) stay, a
/// backslash becomes \\, everything else \xNN byte by byte. With `limit`, text of more bytes is cut
/// and ends in "...".
std::string escape(llvm::StringRef text, size_t limit = 0);

} // namespace ignis::gguf

#endif // IGNIS_GGUF_FILE_H
