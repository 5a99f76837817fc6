# ===- reference.py - the forward pass in plain NumPy -----------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""A referee for compiled models: Qwen2's forward pass over a GGUF file, written to be read.

    from ignis import reference
    rows = reference.logits("model.gguf", [1, 2, 3])        # float32 (3, vocabulary)

    model = reference.Model("model.gguf")                   # keeps keys and values between calls
    model.logits([1, 2]); model.logits([3])                 # the second call continues the first

or `python -m ignis.reference MODEL.gguf --ids 1,2,3 --logits OUT.npy`. Weights are dequantised
to float32; sums are NumPy's, so the last bits differ from those that docs/Numerics.md defines.
It shares no code with the compiler.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, Callable, Sequence

import numpy as np

from .errors import InputError, run
from .gguf import File
from .model import ModelConfig
from .quants import BLOCK

KEEP_BYTES = 1 << 30  # models of at most so many bytes as float32 are dequantised once


def round_activations(x: np.ndarray) -> np.ndarray:
    """Each block of 32 as 8-bit integers times a float32 scale, as docs/Numerics.md section 1."""
    blocks = x.astype(np.float32).reshape(-1, BLOCK)
    largest = np.abs(blocks).max(axis=1, keepdims=True)
    scale = np.where(largest < np.float32(2.0**-100), np.float32(0), largest / np.float32(127))
    with np.errstate(divide="ignore"):
        inverse = np.where(scale > 0, np.float32(1) / scale, np.float32(0))
    return (np.clip(np.rint(blocks * inverse), -127, 127) * scale).reshape(x.shape)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Along the last axis; -inf scores get exactly 0."""
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


class Model:
    """A model with its cache of keys and values.

    rounded   round activations to 8-bit blocks before every matmul, as the kernels do for Q8_0
    kv        type in which keys and values are kept: "f32" or "f16"
    dtype     np.float32, or np.float64 to see what float32 loses
    """

    def __init__(self, path: str | os.PathLike, rounded: bool = False, kv: str = "f32",
                 dtype: Any = np.float32):
        self.file = File(path)
        self.config = ModelConfig.from_file(self.file)
        self.rounded, self.dtype = rounded, dtype
        self.kv_type = {"f32": dtype, "f16": np.float16}[kv]
        elements = sum(int(np.prod(tensor.shape)) for tensor in self.file.tensors.values())
        self._keep = elements * np.dtype(dtype).itemsize <= KEEP_BYTES
        self._weights: dict[str, np.ndarray] = {}
        c = self.config
        pair = np.arange(c.head_dim // 2)
        self._frequencies = np.float64(np.float32(c.rope_base)) ** (-2.0 * pair / c.head_dim)
        for name, _, shape in c.tensors():
            if self.file.tensor(name).shape != shape:
                raise InputError(f"{self.file.path}: tensor '{name}': expected shape {shape}, "
                                 f"got {self.file.tensor(name).shape}")
        self.reset()

    def reset(self) -> None:
        """Forgets the tokens so far."""
        c = self.config
        empty: np.ndarray = np.empty((0, c.kv_heads, c.head_dim), self.kv_type)
        self._keys = [empty] * c.layers
        self._values = list(self._keys)

    @property
    def position(self) -> int:
        """Tokens in the cache."""
        return len(self._keys[0])

    def weight(self, name: str) -> np.ndarray:
        """A vector, or a matrix as (inputs, outputs)."""
        if name in self._weights:
            return self._weights[name]
        value: np.ndarray = self.file.array(name).astype(self.dtype, copy=False).T
        if self._keep:  # laid out as the plain BLAS of Debian multiplies fastest
            value = self._weights[name] = np.ascontiguousarray(value)
        return value

    def linear(self, x: np.ndarray, name: str) -> np.ndarray:
        """x (T, inputs) times the matrix, plus the bias if there is one: (T, outputs)."""
        if self.rounded:
            x = round_activations(x).astype(self.dtype)
        y = x @ self.weight(name + ".weight")
        return y + self.weight(name + ".bias") if name + ".bias" in self.file.tensors else y

    def norm(self, x: np.ndarray, name: str) -> np.ndarray:
        scale = 1 / np.sqrt((x * x).mean(axis=-1, keepdims=True) + self.dtype(self.config.rms_eps))
        return x * scale * self.weight(name)

    def rope(self, x: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """x (T, heads, head_dim), element i rotated with element i + head_dim / 2."""
        angle = positions[:, None] * self._frequencies
        cos, sin = (f(angle).astype(self.dtype)[:, None, :] for f in (np.cos, np.sin))
        low, high = np.split(x, 2, axis=-1)
        return np.concatenate((low * cos - high * sin, high * cos + low * sin), axis=-1)

    def attention(self, layer: int, x: np.ndarray) -> np.ndarray:
        """Causal attention of T new rows over the cache, which takes their keys and values."""
        c, rows, name = self.config, len(x), f"blk.{layer}.attn_"
        past = len(self._keys[layer])
        positions = np.arange(past, past + rows)
        q = self.linear(x, name + "q").reshape(rows, c.heads, c.head_dim)
        k = self.linear(x, name + "k").reshape(rows, c.kv_heads, c.head_dim)
        v = self.linear(x, name + "v").reshape(rows, c.kv_heads, c.head_dim)
        q, k = self.rope(q, positions), self.rope(k, positions)
        self._keys[layer] = np.concatenate((self._keys[layer], k.astype(self.kv_type)))
        self._values[layer] = np.concatenate((self._values[layer], v.astype(self.kv_type)))
        k = self._keys[layer].astype(self.dtype)
        v = self._values[layer].astype(self.dtype)
        future = np.arange(past + rows)[None, :] > positions[:, None]
        out: np.ndarray = np.empty((rows, c.heads, c.head_dim), self.dtype)
        for head in range(c.heads):
            group = head // (c.heads // c.kv_heads)
            scores = q[:, head] @ k[:, group].T * self.dtype(1 / np.sqrt(c.head_dim))
            scores[future] = -np.inf
            out[:, head] = softmax(scores) @ v[:, group]
        return self.linear(out.reshape(rows, c.q_width), name + "output")

    def feed_forward(self, layer: int, x: np.ndarray) -> np.ndarray:
        gate = self.linear(x, f"blk.{layer}.ffn_gate")
        with np.errstate(over="ignore"):
            gate = gate / (1 + np.exp(-gate))
        return self.linear(gate * self.linear(x, f"blk.{layer}.ffn_up"), f"blk.{layer}.ffn_down")

    def logits(self, ids: Sequence[int], last: bool = False,
               advance: Callable[[], object] = lambda: None) -> np.ndarray:
        """Logits of every new token, (T, vocabulary), or of the last alone, (1, vocabulary).

        The tokens follow those of earlier calls. advance() is called after each layer.
        """
        tokens, c = np.asarray(ids, np.int64).reshape(-1), self.config
        if not tokens.size or tokens.min() < 0 or tokens.max() >= c.vocabulary:
            raise InputError(f"expected token ids from 0 to {c.vocabulary - 1}, "
                             f"got {tokens.tolist()}")
        x: np.ndarray = self.file.array("token_embd.weight", tokens).astype(self.dtype)
        for layer in range(c.layers):
            x = x + self.attention(layer, self.norm(x, f"blk.{layer}.attn_norm.weight"))
            x = x + self.feed_forward(layer, self.norm(x, f"blk.{layer}.ffn_norm.weight"))
            advance()
        x = self.norm(x[-1:] if last else x, "output_norm.weight")
        return self.linear(x, "token_embd" if c.tied else "output")


def logits(path: str | os.PathLike, ids: Sequence[int], **options: Any) -> np.ndarray:
    """Logits of every token of a text: float32 (T, vocabulary). Options are those of Model."""
    return Model(path, **options).logits(ids).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m ignis.reference",
        description="Compute logits in plain NumPy: the referee of compiled models.")
    parser.add_argument("model", metavar="MODEL.gguf")
    parser.add_argument("--ids", required=True, metavar="1,2,3", help="token ids")
    parser.add_argument("--logits", metavar="OUT.npy", help="file for float32 (T, vocabulary)")
    parser.add_argument("--rounded", action="store_true",
                        help="round activations to 8-bit blocks, as the kernels do")
    parser.add_argument("--kv", choices=("f32", "f16"), default="f32", help="type of the cache")
    args = parser.parse_args()
    try:
        ids = [int(part) for part in args.ids.split(",")]
    except ValueError:
        parser.error(f"--ids: expected numbers with commas between, got '{args.ids}'")
    rows = logits(args.model, ids, rounded=args.rounded, kv=args.kv)
    if args.logits:
        np.save(args.logits, rows)
    for index in np.argsort(-rows[-1], kind="stable")[:8]:
        print(f"{index}\t{rows[-1, index]:.6f}")


if __name__ == "__main__":
    sys.exit(run(main))
