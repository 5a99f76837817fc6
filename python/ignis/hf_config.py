# ===- hf_config.py - hyper-parameters of a Hugging Face Qwen2 checkpoint ---------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Reads config.json. What would change the arithmetic in a way ignis does not implement (another
architecture, RoPE scaling, sliding windows, quantised weights) is refused by name, never ignored.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .errors import InputError
from .model import ModelConfig
from .safetensors import load_object


class _Fields:
    """Typed access to the fields of config.json."""

    def __init__(self, path: Path):
        self.path, self.values = path, load_object(path)

    def fail(self, key: str, expected: str) -> InputError:
        return InputError(f"{self.path}: {key}: expected {expected}, got {self.values.get(key)!r}")

    def get(self, key: str, kind: type | tuple, name: str, default: Any = None) -> Any:
        value = self.values.get(key)
        if value is None and default is not None:
            return default
        wants_bool = kind is bool
        if not isinstance(value, kind) or isinstance(value, bool) != wants_bool:
            raise self.fail(key, name)
        return value

    def integer(self, key: str, default: int | None = None) -> int:
        return self.get(key, int, "an integer", default)

    def number(self, key: str, default: float) -> float:
        return float(self.get(key, (int, float), "a number", default))

    def boolean(self, key: str, default: bool) -> bool:
        return self.get(key, bool, "true or false", default)


def _check_kind(config: _Fields) -> None:
    if config.values.get("model_type") != "qwen2":
        raise config.fail("model_type", "'qwen2', the supported architecture")
    names = config.values.get("architectures")
    if names not in (None, []) and names != ["Qwen2ForCausalLM"]:
        raise config.fail("architectures", "['Qwen2ForCausalLM']")
    quantised = config.values.get("quantization_config")
    if quantised:
        method = quantised.get("quant_method") if isinstance(quantised, dict) else quantised
        raise InputError(f"{config.path}: quantization_config: expected float weights, got a "
                         f"checkpoint quantised with {method!r} (convert the original one)")
    if config.values.get("hidden_act", "silu") != "silu":
        raise config.fail("hidden_act", "'silu'")


def _check_window(config: _Fields) -> None:
    if config.boolean("use_sliding_window", False):
        raise config.fail("use_sliding_window", "no sliding window, which is not supported")
    kinds = config.values.get("layer_types") or []
    if not isinstance(kinds, list) or any(kind != "full_attention" for kind in kinds):
        raise config.fail("layer_types", "'full_attention' in every layer")


def _rope_base(config: _Fields) -> float:
    """The base, after refusing every scaling. New checkpoints keep both in rope_parameters."""
    base = config.number("rope_theta", 10000.0)
    for key in ("rope_scaling", "rope_parameters"):
        rope = config.values.get(key)
        if rope is None:
            continue
        if not isinstance(rope, dict):
            raise config.fail(key, "an object or null")
        kind = rope.get("rope_type", rope.get("type", "default"))
        if kind not in (None, "default", "none"):
            raise InputError(f"{config.path}: {key}: expected no RoPE scaling, got {kind!r}, which "
                             "is not supported")
        for name in sorted(set(rope) - {"rope_type", "type", "rope_theta"}):
            if rope[name] not in (None, 1):
                raise InputError(f"{config.path}: {key}: expected plain RoPE, got {name!r}, which "
                                 "is not supported")
        value = rope.get("rope_theta", base)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InputError(f"{config.path}: {key}.rope_theta: expected a number, got {value!r}")
        base = float(value)
    return base


# Fields of ModelConfig by their keys in config.json.
_KEYS = {"layers": "num_hidden_layers", "embedding": "hidden_size",
         "feed_forward": "intermediate_size", "heads": "num_attention_heads",
         "kv_heads": "num_key_value_heads", "q_width": "num_attention_heads * head_dim",
         "vocabulary": "vocab_size", "context": "max_position_embeddings",
         "rms_eps": "rms_norm_eps", "rope_base": "rope_theta"}


def read_config(directory: Path) -> ModelConfig:
    """The hyper-parameters in config.json, checked."""
    config = _Fields(directory / "config.json")
    _check_kind(config)
    _check_window(config)
    width, heads = config.integer("hidden_size"), config.integer("num_attention_heads")
    if config.values.get("head_dim") is None and (heads < 1 or width % heads):
        raise config.fail("num_attention_heads", f"a divisor of the hidden size {width}")
    found = ModelConfig(
        layers=config.integer("num_hidden_layers"),
        embedding=width,
        feed_forward=config.integer("intermediate_size"),
        heads=heads,
        kv_heads=config.integer("num_key_value_heads", heads),
        head_dim=config.integer("head_dim", width // heads if heads else 0),
        vocabulary=config.integer("vocab_size"),
        context=config.integer("max_position_embeddings", 32768),
        rms_eps=config.number("rms_norm_eps", 1e-6),
        rope_base=_rope_base(config),
        tied=config.boolean("tie_word_embeddings", False),
    )
    try:
        found.check(_KEYS)
    except InputError as error:
        raise InputError(f"{config.path}: {error}") from None
    return found
