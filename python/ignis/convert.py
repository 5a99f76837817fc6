# ===- convert.py - Hugging Face checkpoint to GGUF -------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""python -m ignis.convert HF_DIR OUT.gguf --type q8_0|f16|bf16|f32

Converts a Qwen2 checkpoint of Hugging Face (safetensors) to a GGUF file. Weights stay mapped and
pass through in pieces of a few MB, so memory does not grow with the model. The file appears whole
or not at all; the same checkpoint gives the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Iterator

import numpy as np

from . import quants
from .errors import InputError, note, run
from .gguf import TensorInfo, Writer
from .hf_config import read_config
from .hf_tokenizer import read_vocabulary
from .model import ModelConfig
from .output import Progress
from .quants import TensorType
from .safetensors import Tensor, read_checkpoint

PIECE = 1 << 18  # values converted at a time: what fits in a core's cache
_INPUTS = (".json", ".safetensors", ".txt", ".jinja")
TYPES = {kind.name.lower(): kind for kind in TensorType}


def _match(directory: Path, config: ModelConfig, weights: dict[str, Tensor]) -> list[Tensor]:
    """The checkpoint's tensors in the order of the file. Every one must be there, in the shape
    that config.json implies, and there must be no others."""
    found: list[Tensor] = []
    for _, name, shape in config.tensors():
        if name not in weights:
            raise InputError(f"{directory}: expected a tensor '{name}', got none")
        tensor = weights[name]
        if tensor.data.shape != shape:
            raise InputError(f"{tensor.where}: tensor '{name}': expected shape {list(shape)} as "
                             f"config.json implies, got {list(tensor.data.shape)}")
        found.append(tensor)
    known = {tensor.name for tensor in found}
    if config.tied:
        known.add("lm_head.weight")  # a copy of the embedding, which transformers ignores too
    for name in sorted(weights.keys() - known):
        if not name.endswith("rotary_emb.inv_freq"):  # computed, stored by old checkpoints
            raise InputError(f"{weights[name].where}: tensor '{name}': expected the tensors of a "
                             "Qwen2 model, got another one")
    return found


def _pieces(info: TensorInfo, tensor: Tensor, progress: Progress) -> Iterator[np.ndarray]:
    """The bytes of the GGUF tensor, a few rows at a time."""
    step = max(PIECE // int(np.prod(info.shape[1:], dtype=np.int64)), 1)
    for begin in range(0, info.shape[0], step):
        try:
            data = quants.encode(info.type, tensor.rows(begin, begin + step))
        except ValueError as error:
            raise InputError(f"{tensor.where}: tensor '{tensor.name}': expected finite values that "
                             f"{info.type.name} holds, got: {error}") from None
        yield data
        progress.advance(data.nbytes, info.name)
        if begin // step % 64 == 63:
            tensor.release()  # as often as keeps what is resident at some 50 MB
    tensor.release()


def convert(directory: Path, out: Path, kind: TensorType, name: str | None = None,
            quiet: bool = False) -> int:
    """Converts a checkpoint and returns the size of the file written, in bytes."""
    if not directory.is_dir():
        raise InputError(f"{directory}: expected a directory with a checkpoint, got none")
    if out.parent.resolve() == directory.resolve() and out.suffix in _INPUTS:
        raise InputError(f"{out}: expected a name that is no part of the checkpoint")
    config = read_config(directory)
    sources = _match(directory, config, read_checkpoint(directory))
    vocabulary = read_vocabulary(directory, config.vocabulary)
    writer = Writer()
    name = name or directory.resolve().name.encode(errors="replace").decode()
    config.add_to(writer, name, kind)
    vocabulary.add_to(writer)
    config.add_tensors(writer, kind)
    progress = Progress(writer.data_bytes, quiet)
    try:
        size = writer.write(out, (_pieces(info, tensor, progress)
                                  for info, tensor in zip(writer.tensors, sources)))
    finally:
        progress.clear()
    if not quiet:
        note(f"{out}: {size / 1e6:,.1f} MB, {len(writer.tensors)} tensors, "
             f"{progress.seconds:.1f} s")
    return size


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m ignis.convert",
        description="Convert a Hugging Face Qwen2 checkpoint to GGUF.",
        epilog="Norms and biases are always f32. The exit code is 0, 1 for a checkpoint that "
        "cannot be converted, 2 for bad usage, 130 after Ctrl-C.")
    parser.add_argument("checkpoint", type=Path, metavar="HF_DIR",
                        help="directory with config.json, *.safetensors and tokenizer files")
    parser.add_argument("out", type=Path, metavar="OUT.gguf", help="file to write")
    parser.add_argument("--type", choices=TYPES, default="q8_0",
                        help="type of the matrices (default: %(default)s)")
    parser.add_argument("--name", help="general.name (default: the directory's)")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    args = parser.parse_args()
    convert(args.checkpoint, args.out, TYPES[args.type], args.name, args.quiet)


if __name__ == "__main__":
    sys.exit(run(main))
