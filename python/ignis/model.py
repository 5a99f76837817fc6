# ===- model.py - what a Qwen2 GGUF file holds ------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Hyper-parameters, tensors and vocabulary of a Qwen2 model, and the keys that store them.

The one place in Python that knows the names; `convert`, `synthesize` and `reference` share it.
Keys and tensor names are those of llama.cpp's converter, so that other programs read the files.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Iterator, Mapping, NoReturn

from .errors import InputError
from .gguf import File, ValueType, Writer
from .quants import BLOCK, TensorType

ARCHITECTURE = "qwen2"
# general.file_type of a file whose matrices have this type.
_FILE_TYPES = {TensorType.F32: 0, TensorType.F16: 1, TensorType.Q8_0: 7, TensorType.BF16: 32}


@dataclass(frozen=True)
class ModelConfig:
    """Hyper-parameters. Shapes follow from them: see `tensors`."""

    layers: int
    embedding: int  # width of the residual stream
    feed_forward: int  # width of the gated hidden layer
    heads: int
    kv_heads: int  # divides heads
    head_dim: int
    vocabulary: int  # rows of the embedding, padding included
    context: int  # positions the model was trained for
    rms_eps: float
    rope_base: float
    tied: bool  # the head multiplies with the embedding; there is no output.weight

    @property
    def q_width(self) -> int:
        return self.heads * self.head_dim

    @property
    def kv_width(self) -> int:
        return self.kv_heads * self.head_dim

    def check(self, names: Mapping[str, str] = MappingProxyType({})) -> None:
        """Raises InputError for shapes that ignis does not run, in whatever type. `names` has what
        the caller's users call a field, where that is something else."""
        def refuse(field: str, expected: str) -> NoReturn:
            raise InputError(f"{names.get(field, field)}: expected {expected}, "
                             f"got {getattr(self, field)}")

        for field in ("layers", "embedding", "feed_forward", "heads", "kv_heads", "head_dim",
                      "vocabulary", "context"):
            if not 1 <= getattr(self, field) < 1 << 24:
                refuse(field, "1 to 2^24 - 1")
        for field, limit in (("layers", 4096), ("heads", 65536)):
            if getattr(self, field) > limit:
                refuse(field, f"at most {limit}")
        if self.heads % self.kv_heads:
            refuse("kv_heads", f"a divisor of the {self.heads} heads")
        if not 32 <= self.head_dim <= 128 or self.head_dim % 16:
            refuse("head_dim", "32, 48, .. 128")
        for field in ("embedding", "feed_forward", "q_width"):
            if getattr(self, field) % BLOCK:
                refuse(field, f"a multiple of {BLOCK}")
        if not 0 < self.rms_eps < 1:
            refuse("rms_eps", "a number above 0 and below 1")
        if not 1 <= self.rope_base < math.inf:
            refuse("rope_base", "a finite number from 1")

    @classmethod
    def from_file(cls, file: File) -> "ModelConfig":
        """Reads the hyper-parameters of a GGUF file."""
        def get(key: str, kind: type, name: str, default: Any = None) -> Any:
            value = file.metadata.get(f"{ARCHITECTURE}.{key}", default)
            if not isinstance(value, kind) or isinstance(value, bool):
                raise InputError(f"{file.path}: key '{ARCHITECTURE}.{key}': expected {name}, "
                                 f"got {value!r}")
            return value

        def integer(key: str, default: int | None = None) -> int:
            return get(key, int, "an integer", default)

        def number(key: str, default: float | None = None) -> float:
            return get(key, float, "a float", default)

        found = file.metadata.get("general.architecture")
        if found != ARCHITECTURE:
            raise InputError(f"{file.path}: expected architecture '{ARCHITECTURE}', got {found!r}")
        heads, width = integer("attention.head_count"), integer("embedding_length")
        config = cls(
            layers=integer("block_count"), embedding=width,
            feed_forward=integer("feed_forward_length"),
            heads=heads, kv_heads=integer("attention.head_count_kv", heads),
            head_dim=integer("attention.key_length", width // max(heads, 1)),
            vocabulary=file.tensor("token_embd.weight").shape[0], context=integer("context_length"),
            rms_eps=number("attention.layer_norm_rms_epsilon"),
            rope_base=number("rope.freq_base", 10000.0), tied="output.weight" not in file.tensors)
        config.check()
        return config

    def add_to(self, writer: Writer, name: str, kind: TensorType) -> None:
        """Adds the general keys and the hyper-parameters. `kind` is the type of the matrices."""
        def add(key: str, type_: ValueType, value: object) -> None:
            writer.add(f"{ARCHITECTURE}.{key}", type_, value)

        writer.add("general.architecture", ValueType.STRING, ARCHITECTURE)
        writer.add("general.type", ValueType.STRING, "model")
        writer.add("general.name", ValueType.STRING, name)
        add("block_count", ValueType.U32, self.layers)
        add("context_length", ValueType.U32, self.context)
        add("embedding_length", ValueType.U32, self.embedding)
        add("feed_forward_length", ValueType.U32, self.feed_forward)
        add("attention.head_count", ValueType.U32, self.heads)
        add("attention.head_count_kv", ValueType.U32, self.kv_heads)
        if self.q_width != self.embedding:
            add("attention.key_length", ValueType.U32, self.head_dim)
            add("attention.value_length", ValueType.U32, self.head_dim)
        add("rope.freq_base", ValueType.F32, self.rope_base)
        add("attention.layer_norm_rms_epsilon", ValueType.F32, self.rms_eps)
        writer.add("general.file_type", ValueType.U32, _FILE_TYPES[kind])
        writer.add("general.quantization_version", ValueType.U32, 2)

    def tensors(self) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        """(name in GGUF, name in a Hugging Face checkpoint, shape) of every tensor, in file order.

        A matrix is (outputs, inputs); norms and biases have one dimension.
        """
        e, q, kv, f = self.embedding, self.q_width, self.kv_width, self.feed_forward
        rows = (
            ("attn_norm.weight", "input_layernorm.weight", (e,)),
            ("attn_q.weight", "self_attn.q_proj.weight", (q, e)),
            ("attn_q.bias", "self_attn.q_proj.bias", (q,)),
            ("attn_k.weight", "self_attn.k_proj.weight", (kv, e)),
            ("attn_k.bias", "self_attn.k_proj.bias", (kv,)),
            ("attn_v.weight", "self_attn.v_proj.weight", (kv, e)),
            ("attn_v.bias", "self_attn.v_proj.bias", (kv,)),
            ("attn_output.weight", "self_attn.o_proj.weight", (e, q)),
            ("ffn_norm.weight", "post_attention_layernorm.weight", (e,)),
            ("ffn_gate.weight", "mlp.gate_proj.weight", (f, e)),
            ("ffn_up.weight", "mlp.up_proj.weight", (f, e)),
            ("ffn_down.weight", "mlp.down_proj.weight", (e, f)),
        )
        yield "token_embd.weight", "model.embed_tokens.weight", (self.vocabulary, e)
        for layer in range(self.layers):
            for ours, theirs, shape in rows:
                yield f"blk.{layer}.{ours}", f"model.layers.{layer}.{theirs}", shape
        yield "output_norm.weight", "model.norm.weight", (e,)
        if not self.tied:
            yield "output.weight", "lm_head.weight", (self.vocabulary, e)

    def add_tensors(self, writer: Writer, kind: TensorType) -> None:
        """Adds the tensor directory: matrices in `kind`, norms and biases in F32."""
        for name, _, shape in self.tensors():
            writer.add_tensor(name, kind if len(shape) == 2 else TensorType.F32, shape)


class TokenType(enum.IntEnum):
    """tokenizer.ggml.token_type"""

    NORMAL = 1
    CONTROL = 3  # special: not text, parsed only where asked for
    USER_DEFINED = 4  # matched in text before the merges apply
    UNUSED = 5


@dataclass(frozen=True)
class Vocabulary:
    """A byte-level BPE with the Qwen2 pre-tokeniser."""

    tokens: list[str]  # by id, in the byte alphabet of GPT-2; special tokens as they are
    types: list[TokenType]
    merges: list[str]  # "left right", the first merges first
    nfc: bool  # the tokenizer normalises text to NFC
    eos: list[int] = field(default_factory=list)  # ids that end a text, the chief one first
    bos: int | None = None
    pad: int | None = None
    add_bos: bool = False
    templates: dict[str, str] = field(default_factory=dict)  # chat templates; "default" is chief

    def padded(self, rows: int) -> "Vocabulary":
        """The vocabulary with unused tokens up to `rows`, the rows of the embedding."""
        missing = range(len(self.tokens), rows)
        fill = [f"[PAD{i}]" for i in missing], [TokenType.UNUSED for _ in missing]
        return Vocabulary(self.tokens + fill[0], self.types + fill[1], self.merges, self.nfc,
                          self.eos, self.bos, self.pad, self.add_bos, self.templates)

    def add_to(self, writer: Writer) -> None:
        """Adds the tokenizer's keys."""
        def add(key: str, kind: ValueType, value: object) -> None:
            writer.add(f"tokenizer.{key}", kind, value)

        add("ggml.model", ValueType.STRING, "gpt2")
        add("ggml.pre", ValueType.STRING, "qwen2")
        writer.add_array("tokenizer.ggml.tokens", ValueType.STRING, self.tokens)
        writer.add_array("tokenizer.ggml.token_type", ValueType.I32, self.types)
        writer.add_array("tokenizer.ggml.merges", ValueType.STRING, self.merges)
        if self.eos:
            add("ggml.eos_token_id", ValueType.U32, self.eos[0])
        if len(self.eos) > 1:  # a chat model ends a turn with one token and a text with another
            add("ggml.eot_token_id", ValueType.U32, self.eos[1])
            writer.add_array("ignis.tokenizer.eos_token_ids", ValueType.U32, self.eos)
        if self.pad is not None:
            add("ggml.padding_token_id", ValueType.U32, self.pad)
        if self.bos is not None:
            add("ggml.bos_token_id", ValueType.U32, self.bos)
        add("ggml.add_bos_token", ValueType.BOOL, self.add_bos)
        writer.add("ignis.tokenizer.nfc", ValueType.BOOL, self.nfc)
        if "default" in self.templates:
            add("chat_template", ValueType.STRING, self.templates["default"])
        others = sorted(set(self.templates) - {"default"})
        if others:
            writer.add_array("tokenizer.chat_templates", ValueType.STRING, others)
        for name in others:
            add(f"chat_template.{name}", ValueType.STRING, self.templates[name])
