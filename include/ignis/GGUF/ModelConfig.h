//===- ModelConfig.h - hyper-parameters of a Qwen2 model --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The one place that knows which keys and tensors a Qwen2 file has. What it returns is consistent:
// every required tensor is there, with the shape that the hyper-parameters imply and a type that
// ignis computes with, so that importer and runtime need not check again.

#ifndef IGNIS_GGUF_MODELCONFIG_H
#define IGNIS_GGUF_MODELCONFIG_H

#include "ignis/GGUF/File.h"

#include <string>
#include <vector>

namespace ignis::gguf {

struct ModelConfig {
  int64_t layers = 0;        ///< 1 to 4096
  int64_t embedding = 0;     ///< width of the residual stream; a multiple of 32
  int64_t feedForward = 0;   ///< width of the gated hidden layer; a multiple of 32
  int64_t heads = 0;         ///< query heads
  int64_t kvHeads = 0;       ///< key/value heads; divides `heads`
  int64_t headDim = 0;       ///< width of a head: 32, 48, .. 128; heads * headDim, the width of
                             ///< q and of attn_output's input, is a multiple of 32
  int64_t contextLength = 0; ///< positions the model was trained for, at most 2^24
  int64_t vocabulary = 0;    ///< rows of token_embd.weight, below 2^31
  float rmsEps = 0;          ///< finite, in (0, 1)
  float ropeBase = 10000;    ///< finite, at least 1
  bool tied = true;          ///< no output.weight: the head is token_embd.weight

  /// Tensors of the file that the model does not use, for a warning; views into the File.
  std::vector<llvm::StringRef> unusedTensors;

  int64_t qWidth() const { return heads * headDim; }
  int64_t kvWidth() const { return kvHeads * headDim; }
  int64_t headsPerKvHead() const { return heads / kvHeads; }
};

/// Reads and checks the hyper-parameters against each other and against the tensor directory.
/// Needs no tensor data. The first fault found is the error.
llvm::Expected<ModelConfig> readModelConfig(const File &file);

/// "blk.<layer>.<suffix>", for instance blockTensorName(0, "attn_q.weight").
std::string blockTensorName(int64_t layer, llvm::StringRef suffix);
/// The tensor that the output head multiplies with: output.weight, or token_embd.weight if tied.
inline const char *headTensorName(const ModelConfig &config) {
  return config.tied ? "token_embd.weight" : "output.weight";
}

} // namespace ignis::gguf

#endif // IGNIS_GGUF_MODELCONFIG_H
