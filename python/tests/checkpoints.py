# ===- checkpoints.py - small Hugging Face checkpoints for tests ------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Writes checkpoints the way transformers does: config, safetensors in shards, tokenizer files.

Written from the formats' descriptions and apart from the code under test, so that a mistake in
one does not cancel in the other.
"""

import json
import struct

import numpy as np

CONFIG = {
    "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_act": "silu",
    "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "vocab_size": 300, "max_position_embeddings": 512,
    "rms_norm_eps": 1e-6, "rope_theta": 1000000.0, "tie_word_embeddings": True,
    "use_sliding_window": False, "sliding_window": 4096, "max_window_layers": 2,
    "bos_token_id": 290, "eos_token_id": 290,
}  # fmt: skip
PATTERN = ("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
           "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+")


def byte_characters():
    """The character of each byte, by GPT-2's rule."""
    own = [b for b in range(256) if chr(b).isprintable() and chr(b) not in " \xa0\xad"]
    own = [b for b in own if b < 0x7F or b > 0xA0]
    rest = [b for b in range(256) if b not in own]
    return {**{b: chr(b) for b in own}, **{b: chr(256 + i) for i, b in enumerate(rest)}}


MERGES = ["h e", "l l", "he ll", "hell o", "Ġ w", "# #"]


def base_vocabulary():
    """256 bytes, then the result of each merge: 262 tokens."""
    texts = list(byte_characters().values()) + [m.replace(" ", "") for m in MERGES]
    return {text: index for index, text in enumerate(texts)}


SPECIAL = {290: ("<|endoftext|>", True), 291: ("<|im_start|>", True), 292: ("<|im_end|>", True),
           293: ("<tool_call>", False), 294: ("<|fim_prefix|>", False)}  # fmt: skip


def _added():
    return [{"id": i, "content": text, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": special} for i, (text, special) in SPECIAL.items()]


def tokenizer_json(normalizer=None, pairs=False):
    """The object of a tokenizer.json; merges as texts, or as pairs like newer versions write."""
    return {
        "version": "1.0", "added_tokens": _added(), "normalizer": normalizer,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated",
             "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False,
             "use_regex": False}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "byte_fallback": False,
                  "continuing_subword_prefix": "", "end_of_word_suffix": "",
                  "vocab": base_vocabulary(),
                  "merges": [m.split(" ") for m in MERGES] if pairs else MERGES},
    }  # fmt: skip


def tensors(config, seed=0):
    """Random float32 tensors by their Hugging Face names."""
    random = np.random.default_rng(seed)
    hidden, inner, vocab = (config[k] for k in ("hidden_size", "intermediate_size", "vocab_size"))
    heads, kv = config["num_attention_heads"], config["num_key_value_heads"]
    size = config.get("head_dim") or hidden // heads
    shapes = {"model.embed_tokens.weight": (vocab, hidden), "model.norm.weight": (hidden,)}
    if not config["tie_word_embeddings"]:
        shapes["lm_head.weight"] = (vocab, hidden)
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        for norm in ("input_layernorm", "post_attention_layernorm"):
            shapes[f"{at}{norm}.weight"] = (hidden,)
        for name, rows in (("q", heads), ("k", kv), ("v", kv)):
            shapes[f"{at}self_attn.{name}_proj.weight"] = (rows * size, hidden)
            shapes[f"{at}self_attn.{name}_proj.bias"] = (rows * size,)
        shapes[f"{at}self_attn.o_proj.weight"] = (hidden, heads * size)
        shapes[f"{at}mlp.gate_proj.weight"] = (inner, hidden)
        shapes[f"{at}mlp.up_proj.weight"] = (inner, hidden)
        shapes[f"{at}mlp.down_proj.weight"] = (hidden, inner)
    return {name: random.standard_normal(shape).astype(np.float32)
            for name, shape in shapes.items()}


def in_dtype(values, dtype):
    """Float32 values as the bytes of a dtype, and what those bytes mean as float32."""
    if dtype == "F32":
        return values.astype("<f4").tobytes(), values
    if dtype == "F16":
        return values.astype("<f2").tobytes(), values.astype(np.float16).astype(np.float32)
    bits = values.view(np.uint32) & np.uint32(0xFFFF0000)  # any bfloat16 near the value will do
    return (bits >> np.uint32(16)).astype("<u2").tobytes(), bits.view(np.float32)


def write_safetensors(path, values, dtype="F32"):
    """Writes one file and returns name -> the float32 values that it really holds."""
    header, body, kept = {"__metadata__": {"format": "pt"}}, b"", {}
    for name, value in values.items():
        data, kept[name] = in_dtype(value, dtype)
        header[name] = {"dtype": dtype, "shape": list(value.shape),
                        "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    return kept


def write_json(path, value):
    path.write_text(json.dumps(value), encoding="utf-8")


def write_checkpoint(directory, dtype="F32", shards=1, tokenizer=None, seed=0, **changes):
    """A whole checkpoint; returns name -> float32 values. `changes` go into config.json."""
    directory.mkdir(parents=True, exist_ok=True)
    config = {**CONFIG, **changes}
    config = {key: value for key, value in config.items() if value is not ...}
    write_json(directory / "config.json", config)
    write_json(directory / "tokenizer.json", tokenizer or tokenizer_json())
    values, kept = tensors({**CONFIG, **config}, seed), {}
    if shards == 1:
        return write_safetensors(directory / "model.safetensors", values, dtype)
    names, where = list(values), {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = names[shard::shards]
        kept |= write_safetensors(directory / file, {name: values[name] for name in part}, dtype)
        where |= dict.fromkeys(part, file)
    write_json(directory / "model.safetensors.index.json",
               {"metadata": {"total_size": 0}, "weight_map": where})
    return kept
