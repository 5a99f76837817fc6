//===- UnpackedWeights.h - weights that are still in the file ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Packed weights are a second copy in memory of the process's own, and getting that memory from the
// system can take longer than a short prompt. So a session may begin without: the kernels that
// modules call look whether their weights are packed, and if not, pack what the call reads into a
// buffer in the cache and compute from there, run by run of groups. The bits are the same, because
// no sum is split.

#ifndef IGNIS_LIB_RUNTIME_UNPACKEDWEIGHTS_H
#define IGNIS_LIB_RUNTIME_UNPACKEDWEIGHTS_H

#include "ignis/GGUF/File.h"
#include "ignis/Kernels/Dispatch.h"

#include <memory>
#include <mutex>
#include <vector>

namespace ignis::runtime {

/// Whether a float16 is NaN or infinite.
inline bool isBadHalf(const uint8_t *p) { return (gguf::loadLE<uint16_t>(p) & 0x7c00) == 0x7c00; }

/// A Q8_0 tensor [count, columns] in the file, and where its groups belong.
struct UnpackedTensor {
  const gguf::TensorInfo *info;
  const uint8_t *rows;
  int64_t count, columns;
  uint8_t *groups;
};

/// The interleaved weights of one session until they are packed. While it exists, calls of
/// deferringKernels() that name an address within [first group, last group] are served from the
/// file. Created and destroyed between calls of the session, not during one.
class UnpackedWeights {
public:
  /// `tensors`: at least one, ascending by `groups`; tensors of one matrix follow each other
  /// without a gap. `file` must outlive this.
  UnpackedWeights(const gguf::File &file, const kernels::Variant &variant,
                  std::vector<UnpackedTensor> tensors);
  ~UnpackedWeights();
  UnpackedWeights(const UnpackedWeights &) = delete;
  UnpackedWeights &operator=(const UnpackedWeights &) = delete;

  /// Reads all blocks' scales. Error: the first that is no finite number.
  llvm::Error check(int threads) const;
  /// Packs all groups to where they belong and gives the file's pages back, tensor by tensor.
  void pack(int threads) const;

  /// Whether kernels find the weights here. False where too many sessions of the process wait
  /// already: then they are to be packed before the first call.
  bool deferred() const { return place >= 0; }
  /// The rows of Kernels.def, of weights at an address between the first group and the last.
  void matvec(const uint8_t *w, const uint8_t *a, const float *bias, const float *residual,
              float *y, int64_t k, int64_t nBegin, int64_t nEnd) const;
  void matmul(const uint8_t *w, const uint8_t *a, const float *bias, const float *residual,
              float *y, int64_t rows, int64_t k, int64_t nBegin, int64_t nEnd,
              int64_t yStride) const;

private:
  class Buffer;
  template <typename Compute>
  void forEachRun(const uint8_t *w, int64_t k, int64_t nBegin, int64_t nEnd, Compute compute) const;

  const gguf::File &file;
  const kernels::Variant &variant;
  std::vector<UnpackedTensor> tensors;
  ptrdiff_t place = -1;     ///< in the process's list
  mutable std::mutex mutex; ///< of `idle`
  mutable std::vector<std::vector<uint8_t>> idle;
};

/// The kernels of `variant` as modules call them: straight through, unless some session of the
/// process has unpacked weights, and the call's are among them.
kernels::KernelTable deferringKernels(const kernels::Variant &variant);

} // namespace ignis::runtime

#endif
