//===- Session.h - conversations: caches, arena, weights, threads -----------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// A session owns everything that changes while a model runs. It drives compiled entry points
// through their manifest alone and never sees a module. Errors are llvm::Error of the runtime's
// side.
//
// Weights are packed before the second call of the module at the latest. A first one of few ids
// computes from the file, which has its token sooner (WeightStore.h).
//
// A session holds one sequence, or, where the module has the entry point `batch`, as many as that
// has caches: each with a position of its own, filled by feed() after select(), and decoded
// together by step().

#ifndef IGNIS_RUNTIME_SESSION_H
#define IGNIS_RUNTIME_SESSION_H

#include "ignis/Execution/CompilerAPI.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace ignis::gguf {
class File;
}
namespace ignis::kernels {
struct Variant;
}

namespace ignis::runtime {

class Profile;

struct SessionOptions {
  int threads = 0; ///< 0: physical cores allowed by affinity and cgroup quota
  const kernels::Variant *kernels = nullptr; ///< the variant that the module was compiled for
  bool hugePages = true;
};

class Session {
public:
  /// Rows up to which a first call leaves the weights in the file. With more, a kernel would come
  /// to the same weights again, panel by panel of rows.
  static constexpr int64_t kRowsBeforePacking = 128;

  /// `file` must outlive the session.
  static llvm::Expected<std::unique_ptr<Session>> create(const gguf::File &file,
                                                         std::shared_ptr<CompiledModel> model,
                                                         const SessionOptions &options);
  virtual ~Session() = default;

  /// Packs the weights and gives the caches huge pages now, for whoever measures what comes next.
  virtual void prepare() = 0;

  virtual int64_t context() const = 0; ///< positions the caches hold
  virtual int64_t chunk() const = 0;   ///< most rows of one call
  virtual int64_t vocabulary() const = 0;
  virtual int64_t sequences() const = 0; ///< side by side, at least 1
  virtual int64_t position() const = 0;  ///< positions of the selected sequence filled so far
  virtual int threads() const = 0;
  /// Chooses the sequence that the functions below mean, from 0 on; at first it is sequence 0.
  virtual llvm::Error select(int64_t sequence) = 0;
  /// Forgets everything from position p on (0 <= p <= position()).
  virtual void rewind(int64_t p) = 0;

  /// Appends ids to the sequence, in chunks of at most `chunkRows` (0: chunk()). Afterwards
  /// lastLogits() is the row of the last id.
  virtual llvm::Error feed(llvm::ArrayRef<int32_t> ids, int64_t chunkRows = 0) = 0;
  /// The same, and calls `row(index of the id, its logits[vocabulary])` for every id in order.
  virtual llvm::Error score(llvm::ArrayRef<int32_t> ids,
                            const std::function<void(int64_t, llvm::ArrayRef<float>)> &row,
                            int64_t chunkRows = 0) = 0;
  virtual llvm::ArrayRef<float> lastLogits() const = 0;

  /// One pass over the weights for several sequences: appends ids[i] to sequence which[i]. A
  /// sequence that occurs more than once gets its ids in order. At most sequences() ids. Needs the
  /// entry point `batch`. Each sequence gets the bits that it would get alone.
  virtual llvm::Error step(llvm::ArrayRef<int64_t> which, llvm::ArrayRef<int32_t> ids) = 0;
  /// The logits of ids[i] of the last step(), valid until the next call.
  virtual llvm::ArrayRef<float> stepLogits(int64_t i) const = 0;

  struct Memory {
    int64_t weightsPacked, cache, arena, scratch, other; ///< bytes; weightsPacked 0 until prepare()
  };
  virtual Memory memory() const = 0;

  /// Starts to log where the time goes. Null unless the module was compiled for it. Must end before
  /// the session does.
  virtual std::unique_ptr<Profile> profile() const = 0;
};

} // namespace ignis::runtime

#endif
