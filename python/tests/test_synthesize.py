# ===- test_synthesize.py - models with random weights ----------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Shapes, vocabularies, distributions and determinism of synthesized models."""

import argparse
import hashlib

import numpy as np
import pytest
from ignis import randomness, reference
from ignis.errors import InputError
from ignis.gguf import File
from ignis.hf_tokenizer import byte_alphabet
from ignis.quants import TensorType
from ignis.shapes import SHAPES, parse_shape
from ignis.synthesize import synthesize

SMALL = "hidden=128,layers=2,heads=4,kv=2,ffn=192,vocab=1000"


def made(path, shape=SMALL, kind=TensorType.Q8_0, **options):
    synthesize(path, parse_shape(shape), kind, quiet=True, **options)
    return path


def test_splitmix64_is_the_published_one():
    """The first values of the generator seeded with 1234567, as its authors publish them."""
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423,
                4593380528125082431, 16408922859458223821]  # fmt: skip
    # The published generator adds before it mixes.
    assert randomness.words(1234567, 1, 5).tolist() == expected


def test_pieces_of_a_stream_join():
    whole = randomness.blocks(99, 0, 50, 0.1)
    for cut in (1, 3, 4, 17):
        parts = randomness.blocks(99, 0, cut, 0.1), randomness.blocks(99, cut, 50 - cut, 0.1)
        assert np.array_equal(np.concatenate(parts), whole)


def test_blocks_have_the_deviation_asked_for():
    blocks = randomness.blocks(7, 0, 20000, 0.05)
    values = blocks["q"] * blocks["d"].astype(np.float32)[:, None]
    assert abs(values.std() / 0.05 - 1) < 0.03 and abs(values.mean()) < 0.001
    assert (np.abs(blocks["q"].astype(int)).max(axis=1) == 127).all()
    assert len(np.unique(blocks["d"])) > 500


# The digest changes only if the generator, the names or the keys do: then models of old seeds are
# lost. sha256sum of `python -m ignis.synthesize m.gguf --shape SMALL --seed 42`.
DIGEST = "e178c24d068f43218b927463cfcd04e032b542c4346cdc0f88cac943299652e3"


def test_same_seed_same_bytes(tmp_path):
    first = made(tmp_path / "a.gguf", seed=42).read_bytes()
    assert first == made(tmp_path / "b.gguf", seed=42).read_bytes()
    assert first != made(tmp_path / "c.gguf", seed=43).read_bytes()
    assert hashlib.sha256(first).hexdigest() == DIGEST


def test_types_hold_the_same_numbers(tmp_path):
    files = {kind: File(made(tmp_path / f"{kind.name}.gguf", SMALL + ",tied=0", kind, seed=1))
             for kind in TensorType}
    for name in files[TensorType.F32].tensors:
        exact = files[TensorType.F32].array(name)
        assert np.array_equal(files[TensorType.Q8_0].array(name), exact)
        assert np.array_equal(files[TensorType.F16].array(name), exact.astype(np.float16)) \
            or files[TensorType.F16].tensors[name].type == TensorType.F32
        np.testing.assert_allclose(files[TensorType.BF16].array(name), exact, rtol=2.0**-8)


def test_logits_are_of_sane_size_and_depend_on_the_token(tmp_path):
    rows = reference.logits(made(tmp_path / "m.gguf"), [1, 2, 3, 999])
    assert 0.5 < rows.std() < 2 and np.isfinite(rows).all()
    other = reference.logits(tmp_path / "m.gguf", [5, 2, 3, 999])
    assert np.abs(rows - other)[-1].max() > 0.01  # the first token is seen from the last


@pytest.mark.parametrize("name, parameters", [
    ("0.5b", 494.0), ("1.5b", 1543.7), ("3b", 3085.9), ("7b", 7615.6), ("14b", 14770.0),
    ("32b", 32763.9), ("72b", 72706.2)])  # fmt: skip
def test_shapes_have_the_published_parameter_counts(name, parameters):
    """In millions; the counts that the model cards and the checkpoints give."""
    config = SHAPES[name]
    config.check()
    count = sum(int(np.prod(shape)) for _, _, shape in config.tensors())
    assert round(count / 1e6, 1) == parameters


def test_header_only(tmp_path):
    path = made(tmp_path / "h.gguf", "0.5b", header_only=True)
    whole = made(tmp_path / "m.gguf", seed=3).read_bytes()
    file = File(path, require_data=False)
    assert path.stat().st_size < 7e6 and len(file.tensors) == 24 * 12 + 2
    assert file.metadata["qwen2.block_count"] == 24
    # The header is what the whole file begins with, whatever the seed.
    header = made(tmp_path / "s.gguf", header_only=True).read_bytes()
    assert whole.startswith(header)


@pytest.mark.parametrize("rows", [259, 1000, 151646, 151660, 151936])
def test_a_vocabulary_of_any_size_encodes_any_text(tmp_path, rows):
    path = made(tmp_path / "m.gguf", f"{SMALL.rsplit(',', 1)[0]},vocab={rows}", header_only=True)
    found = File(path, require_data=False).metadata
    tokens, kinds = found["tokenizer.ggml.tokens"], found["tokenizer.ggml.token_type"]
    merges = found["tokenizer.ggml.merges"]
    normal = {token for token, kind in zip(tokens, kinds) if kind == 1}
    assert len(tokens) == len(kinds) == rows == len(set(tokens))
    assert normal >= set(byte_alphabet())
    assert len(merges) == len(normal) - 256  # each token beyond the bytes has its merge
    assert all({*merge.split(" "), merge.replace(" ", "")} <= normal for merge in merges)
    assert tokens[found["tokenizer.ggml.eos_token_id"]] == "<|im_end|>"
    assert tokens[found["tokenizer.ggml.bos_token_id"]] == "<|endoftext|>"
    if rows >= 151665:
        assert tokens.index("<|endoftext|>") == 151643 and tokens[151664] == "<|file_sep|>"


@pytest.mark.parametrize("text, message", [
    ("9b", "expected one of 0.5b"), ("", "expected one of"), ("hidden=64", "expected layers="),
    ("hidden=64,hidden=64", "at most once"), ("0.5b,colour=3", "got 'colour=3'"),
    ("0.5b,layers=two", "layers: expected a number, got 'two'"), ("0.5b,tied=2", "tied"),
    ("0.5b,heads=0", "heads: expected a divisor"), ("0.5b,heads=9", "heads: expected a divisor"),
])  # fmt: skip
def test_shapes_that_are_no_shapes(text, message):
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        parse_shape(text)


def test_a_named_shape_can_be_changed():
    assert parse_shape("0.5b,layers=2").layers == 2
    assert parse_shape("0.5b,layers=2").head_dim == 64
    assert parse_shape("0.5b,heads=7").head_dim == 128
    assert not parse_shape("hidden=64,layers=1,heads=2,kv=1,ffn=64,tied=0").tied


@pytest.mark.parametrize("shape, message", [
    ("0.5b,vocab=258", "vocab: expected at least 259"), ("0.5b,ffn=100", "^ffn: "),
    ("0.5b,kv=3", "^kv: "), ("0.5b,head_dim=8", "^head_dim: "), ("0.5b,layers=0", "^layers: "),
    ("0.5b,layers=5000", "layers: expected at most 4096"), ("0.5b,vocab=99999999999", "^vocab: "),
    ("0.5b,eps=nan", "^eps: "), ("0.5b,rope=inf", "^rope: ")])  # fmt: skip
def test_shapes_that_ignis_does_not_run(tmp_path, shape, message):
    with pytest.raises(InputError, match=message):
        made(tmp_path / "m.gguf", shape)
    assert not list(tmp_path.iterdir())
