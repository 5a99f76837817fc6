# ===- test_convert.py - Hugging Face checkpoint to GGUF --------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Weights and hyper-parameters of converted checkpoints, and checkpoints that are refused."""

import json
import struct

import numpy as np
import pytest
from checkpoints import CONFIG, tensors, write_checkpoint, write_json, write_safetensors
from ignis import quants
from ignis.convert import TYPES, convert
from ignis.errors import InputError
from ignis.gguf import File
from ignis.quants import TensorType

NAMES = {
    "model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
    "model.layers.1.input_layernorm.weight": "blk.1.attn_norm.weight",
    "model.layers.1.self_attn.q_proj.weight": "blk.1.attn_q.weight",
    "model.layers.1.self_attn.q_proj.bias": "blk.1.attn_q.bias",
    "model.layers.1.self_attn.k_proj.weight": "blk.1.attn_k.weight",
    "model.layers.1.self_attn.k_proj.bias": "blk.1.attn_k.bias",
    "model.layers.1.self_attn.v_proj.weight": "blk.1.attn_v.weight",
    "model.layers.1.self_attn.v_proj.bias": "blk.1.attn_v.bias",
    "model.layers.1.self_attn.o_proj.weight": "blk.1.attn_output.weight",
    "model.layers.1.post_attention_layernorm.weight": "blk.1.ffn_norm.weight",
    "model.layers.1.mlp.gate_proj.weight": "blk.1.ffn_gate.weight",
    "model.layers.1.mlp.up_proj.weight": "blk.1.ffn_up.weight",
    "model.layers.1.mlp.down_proj.weight": "blk.1.ffn_down.weight",
}  # fmt: skip


def converted(tmp_path, kind=TensorType.F32):
    convert(tmp_path / "hf", tmp_path / "m.gguf", kind, quiet=True)
    return File(tmp_path / "m.gguf")


@pytest.mark.parametrize("kind", TensorType)
@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_weights_arrive_under_their_names(tmp_path, kind, dtype):
    kept = write_checkpoint(tmp_path / "hf", dtype, tie_word_embeddings=False)
    file = converted(tmp_path, kind)
    assert len(file.tensors) == len(kept) == 3 + 2 * 12
    for theirs, ours in NAMES.items():
        tensor, values = file.tensors[ours], kept[theirs]
        assert tensor.type == (kind if values.ndim == 2 else TensorType.F32)
        expected = quants.decode(tensor.type, quants.encode(tensor.type, values))
        assert np.array_equal(file.array(ours), expected.reshape(values.shape))


@pytest.mark.parametrize("shards", [2, 5])
def test_shards_give_the_same_bytes_as_one_file(tmp_path, shards):
    write_checkpoint(tmp_path / "a" / "hf", "BF16")
    write_checkpoint(tmp_path / "b" / "hf", "BF16", shards=shards)
    for part in "ab":
        convert(tmp_path / part / "hf", tmp_path / f"{part}.gguf", TensorType.Q8_0, quiet=True)
    assert (tmp_path / "a.gguf").read_bytes() == (tmp_path / "b.gguf").read_bytes()


def test_hyper_parameters(tmp_path):
    write_checkpoint(tmp_path / "hf")
    metadata = converted(tmp_path, TensorType.BF16).metadata
    expected = {
        "general.architecture": "qwen2", "general.name": "hf", "general.file_type": 32,
        "qwen2.block_count": 2, "qwen2.context_length": 512, "qwen2.embedding_length": 64,
        "qwen2.feed_forward_length": 96, "qwen2.attention.head_count": 2,
        "qwen2.attention.head_count_kv": 1, "qwen2.rope.freq_base": 1e6,
        "qwen2.attention.layer_norm_rms_epsilon": np.float32(1e-6),
    }  # fmt: skip
    assert {key: metadata[key] for key in expected} == expected
    assert "qwen2.attention.key_length" not in metadata


def test_head_size_that_is_not_hidden_by_heads_is_recorded(tmp_path):
    write_checkpoint(tmp_path / "hf", head_dim=48)
    metadata = converted(tmp_path).metadata
    assert metadata["qwen2.attention.key_length"] == 48
    assert metadata["qwen2.attention.value_length"] == 48


def test_rope_parameters_of_new_checkpoints(tmp_path):
    write_checkpoint(tmp_path / "hf", rope_theta=...,
                     rope_parameters={"rope_theta": 5e5, "rope_type": "default"})
    assert converted(tmp_path).metadata["qwen2.rope.freq_base"] == 5e5


def test_tied_head_is_not_stored_twice(tmp_path):
    values = tensors(CONFIG)
    write_checkpoint(tmp_path / "hf")
    values["lm_head.weight"] = values["model.embed_tokens.weight"]
    write_safetensors(tmp_path / "hf" / "model.safetensors", values)
    assert "output.weight" not in converted(tmp_path).tensors


def test_norms_and_biases_below_half_precision_stay_exact(tmp_path):
    write_checkpoint(tmp_path / "hf")
    values = tensors(CONFIG)
    values["model.norm.weight"][:] = 1 + 2.0**-20
    write_safetensors(tmp_path / "hf" / "model.safetensors", values)
    assert (converted(tmp_path, TensorType.Q8_0).array("output_norm.weight") == 1 + 2.0**-20).all()


@pytest.mark.parametrize("changes, message", [
    ({"model_type": "llama"}, "model_type: expected 'qwen2'.*got 'llama'"),
    ({"model_type": "qwen2_moe"}, "model_type: .*got 'qwen2_moe'"),
    ({"architectures": ["Qwen2ForSequenceClassification"]}, "architectures: .*Classification"),
    ({"rope_scaling": {"type": "yarn", "factor": 4.0}}, "rope_scaling: .*'yarn'"),
    ({"rope_scaling": {"rope_type": "linear", "factor": 2.0}}, "rope_scaling: .*'linear'"),
    ({"rope_parameters": {"rope_type": "dynamic"}}, "rope_parameters: .*'dynamic'"),
    ({"rope_scaling": {"mrope_section": [16, 24, 24]}}, "rope_scaling: .*'mrope_section'"),
    ({"use_sliding_window": True}, "use_sliding_window: expected no sliding window"),
    ({"layer_types": ["full_attention", "sliding_attention"]}, "layer_types: "),
    ({"quantization_config": {"quant_method": "gptq"}}, "quantised with 'gptq'"),
    ({"hidden_act": "gelu"}, "hidden_act: expected 'silu', got 'gelu'"),
    ({"hidden_size": 65}, "num_attention_heads: expected a divisor of the hidden size 65"),
    ({"hidden_size": 80, "head_dim": 32}, "hidden_size: expected a multiple of 32, got 80"),
    ({"intermediate_size": 100}, "intermediate_size: expected a multiple of 32, got 100"),
    ({"head_dim": 24}, "head_dim: expected 32, 48, .. 128, got 24"),
    ({"num_key_value_heads": 0}, "num_key_value_heads: expected 1"),
    ({"num_attention_heads": 0}, "num_attention_heads: expected a divisor"),
    ({"num_hidden_layers": "2"}, "num_hidden_layers: expected an integer, got '2'"),
    ({"num_hidden_layers": True}, "num_hidden_layers: expected an integer, got True"),
    ({"num_hidden_layers": 3}, "expected a tensor 'model.layers.2"),
    ({"num_hidden_layers": 1}, "tensor 'model.layers.1.*got another one"),
    ({"vocab_size": 299}, "tensor 'model.embed_tokens.weight': expected shape \\[299, 64\\]"),
    ({"rms_norm_eps": 0}, "rms_norm_eps: expected a number above 0"),
    ({"rope_theta": 0.5}, "rope_theta: expected a finite number"),
    ({"tie_word_embeddings": False}, "expected a tensor 'lm_head.weight', got none"),
])  # fmt: skip
def test_refused_by_name(tmp_path, changes, message):
    write_checkpoint(tmp_path / "hf")
    write_json(tmp_path / "hf" / "config.json", {**CONFIG, **changes})
    with pytest.raises(InputError, match=message):
        converted(tmp_path)
    assert not (tmp_path / "m.gguf").exists()


@pytest.mark.parametrize("kind", TYPES)
def test_values_that_are_not_finite_are_refused_by_tensor(tmp_path, kind):
    write_checkpoint(tmp_path / "hf")
    values = tensors(CONFIG)
    values["model.layers.1.mlp.up_proj.weight"][95, 63] = np.nan
    write_safetensors(tmp_path / "hf" / "model.safetensors", values)
    with pytest.raises(InputError, match="model.layers.1.mlp.up_proj.weight': .*NaN or infinite"):
        converted(tmp_path, TYPES[kind])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hf"]


def test_a_tensor_of_another_model_is_refused(tmp_path):
    write_checkpoint(tmp_path / "hf")
    values = {**tensors(CONFIG), "model.layers.0.self_attn.q_norm.weight": np.ones(32, "f4")}
    write_safetensors(tmp_path / "hf" / "model.safetensors", values)
    with pytest.raises(InputError, match="q_norm.weight': .*got another one"):
        converted(tmp_path)


# --- Malformed safetensors ------------------------------------------------------------------
def header(rows, length=None, body=bytes(64)):
    text = (rows if isinstance(rows, str) else json.dumps(rows)).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def row(dtype="F32", shape=(4,), span=(0, 16)):
    return {"t": {"dtype": dtype, "shape": shape, "data_offsets": span}}


@pytest.mark.parametrize("data, message", [
    (b"", "empty"), (b"abc", "at least 8 bytes"),
    (header({}, length=2**64 - 1), "header length: expected at most"),
    (header({}, length=10**6), "header length: expected at most"),
    (header("{"), "expected JSON"), (header("[]"), "expected a JSON object, got list"),
    (header("[" * 100000), "expected JSON"),
    (header('{"t": 1, "t": 2}'), "the key 't' once"),
    (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
    (header(row(dtype=["F32"])), "expected F32, F16 or BF16, got \\['F32'\\]"),
    (header({"t": 5}), "tensor 't': expected a JSON object"),
    (header(row(dtype="I8")), "expected F32, F16 or BF16, got I8"),
    (header(row(shape=[-4])), "shape"), (header(row(shape=[2**70, 2**70])), "bytes for shape"),
    (header(row(shape="4")), "shape"), (header(row(shape=[True] * 4)), "shape"),
    (header(row(span=[0, 12])), "expected 16 bytes for shape"),
    (header(row(span=[16, 0])), "data_offsets"), (header(row(span=[0])), "data_offsets"),
    (header(row(span=[52, 68])), "data_offsets: expected at most 64"),
    (header(row(span=[-16, 0])), "data_offsets"),
    (header(row(shape=[0], span=[0, 0])), "expected a tensor"),
])  # fmt: skip
def test_malformed_safetensors(tmp_path, data, message):
    write_checkpoint(tmp_path / "hf")
    (tmp_path / "hf" / "model.safetensors").write_bytes(data)
    with pytest.raises(InputError, match=message):
        converted(tmp_path)


@pytest.mark.parametrize("shard, message", [
    ("../outside.safetensors", "expected a file name"), ("/etc/passwd", "expected a file name"),
    ("..", "expected a file name"), ("a\0b", "expected a file name"), (7, "expected a file name"),
])  # fmt: skip
def test_shards_stay_in_the_checkpoint(tmp_path, shard, message):
    write_checkpoint(tmp_path / "hf", shards=2)
    write_json(tmp_path / "hf" / "model.safetensors.index.json", {"weight_map": {"t": shard}})
    with pytest.raises(InputError, match=message):
        converted(tmp_path)


def test_missing_shard_and_missing_tensor_are_named(tmp_path):
    write_checkpoint(tmp_path / "hf", shards=2)
    shard = tmp_path / "hf" / "model-00002-of-00002.safetensors"
    shard.rename(tmp_path / "gone")
    with pytest.raises(OSError, match="model-00002-of-00002"):
        converted(tmp_path)
    write_safetensors(shard, {"other": np.ones(4, "f4")})
    with pytest.raises(InputError, match="that the index places here"):
        converted(tmp_path)
