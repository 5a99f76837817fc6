# ===- shapes.py - sizes of published models, and custom ones ---------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Hyper-parameters of the Qwen2.5 family by name, and a little language for others."""

from __future__ import annotations

import argparse
from typing import Any

from .model import ModelConfig


def _qwen(layers: int, embedding: int, feed_forward: int, heads: int, kv_heads: int,
          head_dim: int, vocabulary: int, tied: bool) -> ModelConfig:
    return ModelConfig(layers=layers, embedding=embedding, feed_forward=feed_forward, heads=heads,
                       kv_heads=kv_heads, head_dim=head_dim, vocabulary=vocabulary, context=32768,
                       rms_eps=1e-6, rope_base=1e6, tied=tied)


# The hyper-parameters of the Qwen2.5 base models' config.json, with one context length for all.
SHAPES = {
    "0.5b": _qwen(24, 896, 4864, 14, 2, 64, 151936, True),
    "1.5b": _qwen(28, 1536, 8960, 12, 2, 128, 151936, True),
    "3b": _qwen(36, 2048, 11008, 16, 2, 128, 151936, True),
    "7b": _qwen(28, 3584, 18944, 28, 4, 128, 152064, False),
    "14b": _qwen(48, 5120, 13824, 40, 8, 128, 152064, False),
    "32b": _qwen(64, 5120, 27648, 40, 8, 128, 152064, False),
    "72b": _qwen(80, 8192, 29568, 64, 8, 128, 152064, False),
}

# Keys of a custom shape: field of ModelConfig, type, default. Without a default it must be given.
_KEYS: dict[str, tuple[str, type, Any]] = {
    "hidden": ("embedding", int, None),
    "layers": ("layers", int, None),
    "heads": ("heads", int, None),
    "kv": ("kv_heads", int, None),
    "ffn": ("feed_forward", int, None),
    "vocab": ("vocabulary", int, 151936),
    "head_dim": ("head_dim", int, 0),  # hidden / heads
    "context": ("context", int, 32768),
    "rope": ("rope_base", float, 1e6),
    "eps": ("rms_eps", float, 1e-6),
    "tied": ("tied", int, 1),
}


KEY_OF = {field: key for key, (field, _, _) in _KEYS.items()}


def parse_shape(text: str) -> ModelConfig:
    """A name of SHAPES, or "hidden=256,layers=2,heads=4,kv=2,ffn=512,vocab=1000,tied=0".

    A name may be followed by keys that change it: "0.5b,layers=2". Raises ArgumentTypeError.
    """
    first, *rest = text.split(",")
    values: dict[str, Any] = {field: default for field, _, default in _KEYS.values()}
    if "=" in first:
        rest.insert(0, first)
    elif first.lower() in SHAPES:
        base = SHAPES[first.lower()]
        values = {field: getattr(base, field) for field in values}
    else:
        raise argparse.ArgumentTypeError(f"expected one of {', '.join(SHAPES)} or "
                                         "hidden=..,layers=..,heads=..,kv=..,ffn=.., "
                                         f"got '{first}'")
    given = set()
    for part in rest:
        key, _, value = part.partition("=")
        if key not in _KEYS or key in given:
            raise argparse.ArgumentTypeError(f"expected each of {', '.join(_KEYS)} at most once, "
                                             f"got '{part}'")
        given.add(key)
        field, kind, _ = _KEYS[key]
        try:
            values[field] = kind(value)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{key}: expected a number, got '{value}'") from None
    missing = [key for key, (field, _, _) in _KEYS.items() if values[field] is None]
    if missing:
        raise argparse.ArgumentTypeError(f"expected {missing[0]}=.. in '{text}', got none")
    if values["tied"] not in (0, 1):
        raise argparse.ArgumentTypeError(f"tied: expected 0 or 1, got {values['tied']}")
    values["tied"] = bool(values["tied"])
    resized = given & {"hidden", "heads"} and "head_dim" not in given
    if resized or not values["head_dim"]:
        if values["heads"] < 1 or values["embedding"] % values["heads"]:
            raise argparse.ArgumentTypeError(f"heads: expected a divisor of hidden="
                                             f"{values['embedding']}, got {values['heads']}")
        values["head_dim"] = values["embedding"] // values["heads"]
    return ModelConfig(**values)
