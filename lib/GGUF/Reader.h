//===- Reader.h - checks a GGUF file from front to back ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The only code that walks unchecked bytes. One pass, front to back: header, key-values, tensor
// directory, then the directory against the file's size. Every count is compared with the bytes
// that remain before it is used, so no length in the file can cause an allocation or a loop that
// the file's own size does not pay for.

#ifndef IGNIS_LIB_GGUF_READER_H
#define IGNIS_LIB_GGUF_READER_H

#include "ignis/GGUF/File.h"

namespace ignis::gguf {

/// A key or name for a message: quoted, escaped, shortened.
inline std::string quoted(llvm::StringRef text) { return "'" + escape(text, 64) + "'"; }

class Reader {
public:
  Reader(File &file, OpenOptions options) : file(file), options(options) {}

  /// Fills the file's members, or says what is wrong.
  llvm::Error read();

private:
  // The parts of a file, in order.
  llvm::Error identify() const;
  llvm::Error readHeader();
  llvm::Error readMetadata();
  llvm::Error readTensors();
  llvm::Error placeData();

  llvm::Error readEntry(MetadataEntry &entry);
  llvm::Error readArray(MetadataEntry &entry, const llvm::Twine &what);
  llvm::Error readTensor(TensorInfo &tensor);
  llvm::Error readAlignment();
  llvm::Error indexMetadata();
  llvm::Error indexTensors();
  llvm::Error checkOverlap() const;

  // The cursor.
  uint64_t remaining() const { return file.bytes.size() - position; }
  const uint8_t *here() const { return file.bytes.data() + position; }
  template <typename T> llvm::Error take(T &value, const llvm::Twine &what) {
    if (remaining() < sizeof(T))
      return truncated(sizeof(T), what);
    value = loadLE<T>(here());
    position += sizeof(T);
    return llvm::Error::success();
  }
  /// A length of 8 bytes, then so many bytes, at most `limit`.
  llvm::Error takeString(llvm::StringRef &string, uint64_t limit, const llvm::Twine &what);
  llvm::Error takeValueType(ValueType &type, const llvm::Twine &what);
  llvm::Error truncated(uint64_t wanted, const llvm::Twine &what) const;

  File &file;
  OpenOptions options;
  uint64_t position = 0;
  uint64_t tensorCount = 0, entryCount = 0;
};

} // namespace ignis::gguf

#endif // IGNIS_LIB_GGUF_READER_H
