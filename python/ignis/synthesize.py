# ===- synthesize.py - Qwen2 models with random weights ---------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""python -m ignis.synthesize OUT.gguf --shape 0.5b|1.5b|3b|7b|CUSTOM --type .. --seed N

Makes a model of any Qwen2 shape with random weights and the real Qwen2 vocabulary, for benchmarks
and tests without a download. Speed does not depend on what the weights are; the text is noise.
The same arguments give the same bytes on every machine.

--header-only writes the metadata and the tensor directory without data. ignis imports and plans
such a file, as its reader accepts one that is cut after its directory (OpenOptions::requireData
in include/ignis/GGUF/File.h); nothing can run it.
"""

from __future__ import annotations

import argparse
import functools
import math
import sys
from pathlib import Path
from typing import Iterator

import numpy as np

from . import quants, randomness
from .convert import TYPES
from .errors import InputError, note, run
from .gguf import TensorInfo, Writer
from .hf_tokenizer import byte_alphabet, read_vocabulary
from .model import ModelConfig, TokenType, Vocabulary
from .output import Progress
from .quants import BLOCK, TensorType
from .shapes import KEY_OF, SHAPES, parse_shape

PIECE = 1 << 13  # blocks made at a time: 256 Ki values
BASE_TOKENS = 151643  # of vocab.json: the 256 bytes, then the result of each merge in order
# The tokens after them in Qwen2.5, from id 151643 on. The first three are special in Qwen2 too.
ADDED = (
    "<|endoftext|> <|im_start|> <|im_end|> <|object_ref_start|> <|object_ref_end|> <|box_start|> "
    "<|box_end|> <|quad_start|> <|quad_end|> <|vision_start|> <|vision_end|> <|vision_pad|> "
    "<|image_pad|> <|video_pad|> <tool_call> </tool_call> <|fim_prefix|> <|fim_middle|> "
    "<|fim_suffix|> <|fim_pad|> <|repo_name|> <|file_sep|>"
).split()
SMALLEST_VOCABULARY = 256 + 3


def tokenizer_directory() -> Path:
    """Where the Qwen2 vocabulary is: in the source tree, or where it was installed."""
    places = [Path(__file__).resolve().parents[2] / "data" / "tokenizers" / "qwen2",
              Path(sys.prefix) / "share" / "ignis" / "tokenizers" / "qwen2"]
    for place in places:
        if (place / "vocab.json").exists():
            return place
    raise InputError(f"{places[0]}: expected the Qwen2 vocabulary, got none (--tokenizer DIR names "
                     "another place)")


@functools.lru_cache(maxsize=1)
def _whole(directory: Path) -> Vocabulary:
    return read_vocabulary(directory, BASE_TOKENS + len(ADDED))


def vocabulary_of(directory: Path, rows: int) -> Vocabulary:
    """The Qwen2 vocabulary cut or padded to `rows` tokens.

    A smaller one takes tokens in order, which is the order of the merges that make them: all 256
    bytes stay, every merge that is kept has its parts, and any text can be encoded. At least the
    first three added tokens follow.
    """
    full = _whole(directory)
    base = min(BASE_TOKENS, rows - 3)
    tokens = full.tokens[:base]
    if set(tokens[:256]) != set(byte_alphabet()) or TokenType.NORMAL != full.types[BASE_TOKENS - 1]:
        raise InputError(f"{directory}: expected the vocabulary of Qwen2, got another one")
    kept = set(tokens)
    merges = [merge for merge in full.merges if merge.replace(" ", "") in kept
              and all(part in kept for part in merge.split(" "))]
    added = ADDED[:rows - base]
    types = [TokenType.NORMAL] * base + [
        TokenType.CONTROL if text.startswith("<|") else TokenType.USER_DEFINED for text in added]
    end, turn = base, base + 2  # <|endoftext|>, <|im_end|>
    cut = Vocabulary(tokens + added, types, merges, nfc=True, eos=[turn, end], bos=end, pad=end,
                     templates=full.templates)
    return cut.padded(rows)


# --- Weights --------------------------------------------------------------------------------
def _vector(name: str, count: int, start: int) -> np.ndarray:
    """Norms near 1; biases small beside the products they are added to."""
    spread = randomness.unit(start, 0, count) - 0.5
    return (1 + 0.2 * spread if name.endswith("norm.weight") else 0.2 * spread).astype("<f4")


def _pieces(info: TensorInfo, seed: int, progress: Progress) -> Iterator[np.ndarray]:
    """The bytes of a tensor, some at a time."""
    start = randomness.stream(seed, info.name)
    if len(info.shape) == 1:
        yield _vector(info.name, info.shape[0], start).view(np.uint8)
        progress.advance(info.bytes, info.name)
        return
    # With this deviation a product of a normalised row has about the deviation 1, so that
    # residuals, scores and logits stay of sane size.
    deviation = 1 / math.sqrt(info.shape[1])
    total = info.shape[0] * info.shape[1] // BLOCK
    for begin in range(0, total, PIECE):
        data = randomness.blocks(start, begin, min(PIECE, total - begin), deviation).view(np.uint8)
        if info.type != TensorType.Q8_0:
            data = quants.encode(info.type, quants.decode(TensorType.Q8_0, data))
        yield data
        progress.advance(data.nbytes, info.name)


def synthesize(out: Path, config: ModelConfig, kind: TensorType, seed: int = 0,
               header_only: bool = False, name: str = "synthetic-qwen2",
               tokenizer: Path | None = None, quiet: bool = False) -> int:
    """Writes a model and returns the size of the file in bytes."""
    config.check({**KEY_OF, "q_width": "heads * head_dim"})
    if config.vocabulary < SMALLEST_VOCABULARY:
        raise InputError(f"vocab: expected at least {SMALLEST_VOCABULARY} tokens, the bytes and "
                         f"three special ones, got {config.vocabulary}")
    writer = Writer()
    config.add_to(writer, name, kind)
    vocabulary_of(tokenizer or tokenizer_directory(), config.vocabulary).add_to(writer)
    config.add_tensors(writer, kind)
    progress = Progress(writer.data_bytes, quiet or header_only)
    try:
        size = writer.write(out, None if header_only else (
            _pieces(info, seed, progress) for info in writer.tensors))
    finally:
        progress.clear()
    if not quiet:
        note(f"{out}: {size / 1e6:,.1f} MB, {len(writer.tensors)} tensors, "
             f"{progress.seconds:.1f} s")
    return size


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m ignis.synthesize",
        description="Make a Qwen2 model with random weights.",
        epilog="CUSTOM is hidden=N,layers=N,heads=N,kv=N,ffn=N[,vocab=N][,tied=0|1][,head_dim=N]"
        "[,context=N][,rope=X][,eps=X], or a name and what differs: 0.5b,layers=2.")
    parser.add_argument("out", type=Path, metavar="OUT.gguf", help="file to write")
    parser.add_argument("--shape", type=parse_shape, required=True, metavar="SHAPE",
                        help=f"{', '.join(SHAPES)} or CUSTOM, as below")
    parser.add_argument("--type", choices=TYPES, default="q8_0",
                        help="type of the matrices (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (default: 0)")
    parser.add_argument("--header-only", action="store_true",
                        help="no tensor data: enough to import and plan the model")
    parser.add_argument("--tokenizer", type=Path, metavar="DIR",
                        help="directory with Qwen2's vocab.json and merges.txt")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    args = parser.parse_args()
    if not 0 <= args.seed < 1 << 64:
        parser.error(f"--seed: expected 0 to 2^64 - 1, got {args.seed}")
    synthesize(args.out, args.shape, TYPES[args.type], args.seed, args.header_only,
               tokenizer=args.tokenizer, quiet=args.quiet)


if __name__ == "__main__":
    sys.exit(run(main))
