//===- File.cpp - mapping, look-up and typed access -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Everything about a File but the checking of its bytes, which is Reader's.

#include "ignis/GGUF/File.h"

#include "Reader.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace ignis::gguf;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "GGUF data is used in place");

//===----------------------------------------------------------------------===//
// Storage
//===----------------------------------------------------------------------===//

/// Pages of a mapping, of the file or of memory that holds a copy of it.
class File::Storage {
public:
  Storage(void *base, size_t size, bool mapsFile) : base(base), size(size), mapsFile(mapsFile) {}
  Storage(const Storage &) = delete;
  Storage &operator=(const Storage &) = delete;
  ~Storage() { ::munmap(base, size); }

  void *base;
  size_t size;
  bool mapsFile;
};

File::File(std::string path, std::shared_ptr<const Storage> storage, llvm::ArrayRef<uint8_t> bytes)
    : filePath(std::move(path)), storage(std::move(storage)), bytes(bytes) {}

static Error pathError(StringRef path, const Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), escape(path) + ": " + message);
}

/// The system's words for errno, in the lower case of our messages.
static std::string systemError(int code) {
  std::string text = std::error_code(code, std::generic_category()).message();
  if (!text.empty())
    text[0] = llvm::toLower(text[0]);
  return text;
}

/// Reads `size` bytes of fd to p; 0, or an errno, or -1 at an early end of the file.
static int readAll(int fd, uint8_t *p, size_t size) {
  constexpr size_t most = size_t(1) << 30; // some systems refuse more than 2 GiB in one call
  while (size) {
    ssize_t got = ::read(fd, p, std::min(size, most));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return errno;
    if (got == 0)
      return -1;
    p += got;
    size -= got;
  }
  return 0;
}

Expected<File> File::open(const std::string &path, OpenOptions options) {
  if (path.empty())
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   "expected the path of a GGUF file, got an empty one");
  if (path.find('\0') != std::string::npos)
    return pathError(path, "expected a path without NUL");
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return pathError(path, "cannot open: " + systemError(errno));
  llvm::scope_exit close([&] { ::close(fd); });

  struct stat status;
  if (::fstat(fd, &status))
    return pathError(path, "cannot read: " + systemError(errno));
  if (S_ISDIR(status.st_mode))
    return pathError(path, "expected a GGUF file, got a directory");
  if (!S_ISREG(status.st_mode))
    return pathError(path, "expected a regular file, got a pipe or device");
  size_t size = status.st_size;
  if (size == 0)
    return pathError(path, "expected a GGUF file, got an empty one");

  void *base = options.map
                   ? ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0)
                   : ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                            /*fd=*/-1, 0);
  if (base == MAP_FAILED)
    return pathError(path, "cannot " + Twine(options.map ? "map " : "allocate ") + Twine(size) +
                               " bytes: " + systemError(errno));
  auto storage = std::make_shared<const Storage>(base, size, options.map);
  if (!options.map)
    if (int code = readAll(fd, static_cast<uint8_t *>(base), size))
      return pathError(path, "cannot read: " + (code < 0 ? "the file became shorter meanwhile"
                                                         : systemError(code)));

  File file(path, storage, {static_cast<const uint8_t *>(base), size});
  if (Error error = Reader(file, options).read())
    return error;
  return file;
}

Expected<File> File::fromMemory(llvm::ArrayRef<uint8_t> bytes, const std::string &name,
                                OpenOptions options) {
  File file(name, nullptr, bytes);
  if (Error error = Reader(file, options).read())
    return error;
  return file;
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

Error File::error(const Twine &message) const { return pathError(filePath, message); }

Error File::errorAt(uint64_t offset, const Twine &message) const {
  return pathError(filePath, "offset 0x" + Twine::utohexstr(offset) + ": " + message);
}

Error File::wrongType(const MetadataEntry &entry, const char *wanted) const {
  return errorAt(entry.offset, "key '" + escape(entry.key, 64) + "': expected " + wanted +
                                   ", got " + entry.typeText());
}

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

const MetadataEntry *File::find(StringRef key) const {
  auto it = llvm::lower_bound(entriesByKey, key,
                              [&](uint32_t i, StringRef k) { return entries[i].key < k; });
  return it != entriesByKey.end() && entries[*it].key == key ? &entries[*it] : nullptr;
}

Expected<const MetadataEntry *> File::require(StringRef key, const char *wanted) const {
  if (const MetadataEntry *entry = find(key))
    return entry;
  return error("key '" + escape(key, 64) + "': expected " + wanted + ", got no such key");
}

Expected<int64_t> File::getInteger(StringRef key) const {
  const char *wanted = "an integer";
  auto entry = require(key, wanted);
  if (!entry)
    return entry.takeError();
  ValueType type = (*entry)->type;
  if (!isInteger(type))
    return wrongType(**entry, wanted);
  int64_t value = loadInteger((*entry)->payload, type);
  if (type == ValueType::U64 && value < 0)
    return errorAt((*entry)->offset, "key '" + escape(key, 64) + "': expected below 2^63, got " +
                                         Twine(static_cast<uint64_t>(value)));
  return value;
}

Expected<float> File::getFloat(StringRef key) const {
  auto entry = require(key, "f32");
  if (!entry)
    return entry.takeError();
  if ((*entry)->type != ValueType::F32)
    return wrongType(**entry, "f32");
  return loadLE<float>((*entry)->payload);
}

Expected<bool> File::getBool(StringRef key) const {
  auto entry = require(key, "bool");
  if (!entry)
    return entry.takeError();
  if ((*entry)->type != ValueType::Bool)
    return wrongType(**entry, "bool");
  return *(*entry)->payload != 0;
}

Expected<StringRef> File::getString(StringRef key) const {
  auto entry = require(key, "str");
  if (!entry)
    return entry.takeError();
  if ((*entry)->type != ValueType::String)
    return wrongType(**entry, "str");
  return (*entry)->stringValue();
}

Expected<StringArray> File::getStringArray(StringRef key) const {
  const char *wanted = "array of str";
  auto entry = require(key, wanted);
  if (!entry)
    return entry.takeError();
  if (!(*entry)->isArray() || (*entry)->elementType != ValueType::String)
    return wrongType(**entry, wanted);
  return (*entry)->stringArray();
}

Expected<IntegerArray> File::getIntegerArray(StringRef key) const {
  const char *wanted = "array of integers";
  auto entry = require(key, wanted);
  if (!entry)
    return entry.takeError();
  ValueType type = (*entry)->elementType;
  if (!(*entry)->isArray() || !isInteger(type))
    return wrongType(**entry, wanted);
  IntegerArray array((*entry)->payload, (*entry)->count, type);
  for (uint64_t i = 0; type == ValueType::U64 && i != array.size(); ++i)
    if (array[i] < 0)
      return errorAt((*entry)->offset, "key '" + escape(key, 64) + "': element " + Twine(i) +
                                           ": expected below 2^63, got " +
                                           Twine(static_cast<uint64_t>(array[i])));
  return array;
}

Expected<FloatArray> File::getFloatArray(StringRef key) const {
  const char *wanted = "array of f32";
  auto entry = require(key, wanted);
  if (!entry)
    return entry.takeError();
  if (!(*entry)->isArray() || (*entry)->elementType != ValueType::F32)
    return wrongType(**entry, wanted);
  return FloatArray((*entry)->payload, (*entry)->count);
}

Expected<int64_t> File::getInteger(StringRef key, int64_t absent) const {
  return find(key) ? getInteger(key) : absent;
}
Expected<float> File::getFloat(StringRef key, float absent) const {
  return find(key) ? getFloat(key) : absent;
}
Expected<bool> File::getBool(StringRef key, bool absent) const {
  return find(key) ? getBool(key) : absent;
}
Expected<StringRef> File::getString(StringRef key, StringRef absent) const {
  return find(key) ? getString(key) : absent;
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

const TensorInfo *File::findTensor(StringRef name) const {
  auto it = llvm::lower_bound(tensorsByName, name,
                              [&](uint32_t i, StringRef n) { return directory[i].name < n; });
  return it != tensorsByName.end() && directory[*it].name == name ? &directory[*it] : nullptr;
}

const uint8_t *File::data(const TensorInfo &tensor) const {
  if (tensor.bytes == 0 || tensor.offset > size() || tensor.bytes > size() - tensor.offset)
    return nullptr;
  return bytes.data() + tensor.offset;
}

uint64_t ignis::gguf::pageSize() {
  static const auto size = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

void File::releasePages(const TensorInfo &tensor) const {
  if (!storage || !storage->mapsFile || !data(tensor))
    return;
  // Whole pages only: the first and the last may belong to a neighbour too.
  uint64_t page = pageSize();
  uint64_t begin = llvm::alignTo(tensor.offset, page);
  uint64_t end = llvm::alignDown(tensor.offset + tensor.bytes, page);
  if (begin < end)
    ::madvise(const_cast<uint8_t *>(bytes.data()) + begin, end - begin, MADV_DONTNEED);
}
