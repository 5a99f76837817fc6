//===- Score.cpp - logits and perplexity ------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// See Generate.h.

#include "ignis/Generate/Generate.h"
#include "ignis/Generate/Math.h"
#include "ignis/Runtime/OutputFile.h"

#include <cmath>

using namespace ignis;
using namespace ignis::generate;

static constexpr int64_t kWindow = 512;
static constexpr int64_t kFirstScored = 257;

/// log of the probability of `id`.
static double logProbability(llvm::ArrayRef<float> logits, int32_t id) {
  double most = logits[static_cast<size_t>(argmax(logits))], sum = 0;
  for (float logit : logits)
    sum += exponential(static_cast<double>(logit) - most);
  return static_cast<double>(logits[static_cast<size_t>(id)]) - most - logarithm(sum);
}

llvm::Expected<PerplexityResult>
ignis::generate::perplexity(runtime::Session &session, llvm::ArrayRef<int32_t> ids,
                            const std::function<bool(int64_t, int64_t)> &progress) {
  int64_t windows = static_cast<int64_t>(ids.size()) / kWindow;
  if (windows == 0)
    return llvm::createStringError("the text has " + std::to_string(ids.size()) +
                                   " tokens, expected at least " + std::to_string(kWindow));
  if (session.context() < kWindow)
    return llvm::createStringError("the context has " + std::to_string(session.context()) +
                                   " positions, expected at least " + std::to_string(kWindow));
  double sum = 0;
  PerplexityResult result;
  for (int64_t w = 0; w < windows; ++w) {
    llvm::ArrayRef<int32_t> window = ids.slice(static_cast<size_t>(w * kWindow), kWindow);
    session.rewind(0);
    bool usable = true;
    llvm::Error error = session.score(window, [&](int64_t i, llvm::ArrayRef<float> logits) {
      if (i + 1 < kFirstScored || i + 1 >= kWindow)
        return;
      usable &= areUsable(logits);
      sum -= logProbability(logits, window[static_cast<size_t>(i + 1)]);
      ++result.scored;
    });
    if (error)
      return error;
    if (!usable)
      return notNumbers(session);
    ++result.windows;
    if (progress && !progress(w + 1, windows))
      break;
  }
  result.perplexity = exponential(sum / static_cast<double>(result.scored));
  if (std::isinf(sum)) // Where the exponential is clamped.
    result.perplexity = sum;
  return result;
}

llvm::Error ignis::generate::writeLogits(runtime::Session &session, llvm::ArrayRef<int32_t> ids,
                                         int64_t chunk, const std::string &path) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                       std::to_string(ids.size()) + ", " + std::to_string(session.vocabulary()) +
                       "), }";
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  llvm::Expected<runtime::OutputFile> file = runtime::OutputFile::create(path);
  if (!file)
    return file.takeError();
  llvm::raw_ostream &stream = file->stream();
  stream.write("\x93NUMPY\x01\x00", 8);
  stream << static_cast<char>(header.size() & 255) << static_cast<char>(header.size() >> 8)
         << header;
  if (llvm::Error error = session.score(
          ids,
          [&](int64_t, llvm::ArrayRef<float> row) {
            stream.write(reinterpret_cast<const char *>(row.data()), row.size() * sizeof(float));
          },
          chunk))
    return error;
  return file->keep();
}
