# ===- test_reference.py - the forward pass in NumPy against transformers ---------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""The referee refereed: the shipped model's logits as Hugging Face transformers computed them."""

import json

import numpy as np
import pytest
from ignis import reference
from ignis.errors import InputError
from ignis.quants import TensorType
from ignis.shapes import parse_shape
from ignis.synthesize import synthesize


def difference(found, expected):
    """Relative root mean square."""
    return np.sqrt(((found - expected) ** 2).mean() / (expected**2).mean())


@pytest.fixture(scope="module")
def tales(request):
    root = request.config.rootpath.parent
    data = root / "test" / "data" / "reference"
    return (root / "models" / "fairy-tales-20m-q8_0.gguf",
            json.loads((data / "fairy-tales-20m.json").read_text(encoding="utf-8"))["q8_0"],
            np.load(data / "fairy-tales-20m-logits.npz"))


def steps_of(model, prompt):
    """Logits of the prompt's last position and of the reference's greedy tokens, fed at once."""
    model.reset()
    first = len(prompt["ids"]) - 1
    return model.logits([*prompt["ids"], *prompt["greedy_ids"][:-1]])[first:]


def test_logits_and_greedy_tokens_of_transformers(tales):
    path, expected, rows = tales
    model, checked = reference.Model(path), 0
    for index, prompt in enumerate(expected["prompts"]):
        found = steps_of(model, prompt)
        assert difference(found[0], rows[f"q8_0.{index}.last"]) < 1e-5
        assert np.argsort(-found[0])[:8].tolist() == prompt["top8_ids"]
        wide = np.array(prompt["greedy_gap"]) >= 0.05
        assert (found.argmax(axis=1) == prompt["greedy_ids"])[wide].all()
        checked += wide.sum()
    assert checked == 496


def test_rounded_activations_move_logits_by_a_percent(tales):
    path, expected, rows = tales
    model = reference.Model(path, rounded=True)
    for index, prompt in enumerate(expected["prompts"][:2]):
        found = steps_of(model, prompt)
        assert 1e-3 < difference(found[0], rows[f"q8_0.{index}.last"]) < 0.015
        wide = np.array(prompt["greedy_gap"]) >= 0.25
        assert (found.argmax(axis=1) == prompt["greedy_ids"])[wide].all()


@pytest.fixture
def small(tmp_path):
    shape = parse_shape("hidden=96,layers=2,heads=6,kv=2,head_dim=48,ffn=160,vocab=300,tied=0")
    synthesize(tmp_path / "m.gguf", shape, TensorType.F32, quiet=True)
    return tmp_path / "m.gguf"


def test_chunks_of_a_text_continue_each_other(small):
    ids = list(range(20, 40))
    whole = reference.logits(small, ids)
    model = reference.Model(small)
    parts = [model.logits(ids[:7]), model.logits(ids[7:8]), model.logits(ids[8:])]
    assert model.position == 20
    assert difference(np.concatenate(parts), whole) < 1e-5
    assert difference(reference.Model(small).logits(ids, last=True), whole[-1:]) < 1e-5


def test_progress_counts_layers(small):
    model, steps = reference.Model(small), []
    model.logits([1, 2, 3], advance=lambda: steps.append(model.position))
    assert len(steps) == model.config.layers


def test_float32_is_near_float64(small):
    ids = list(range(50, 80))
    exact = reference.logits(small, ids, dtype=np.float64)
    assert difference(reference.logits(small, ids), exact) < 1e-5
    half = difference(reference.logits(small, ids, kv="f16"), exact)
    assert 1e-6 < half < 1e-2
    assert difference(reference.logits(small, ids, rounded=True), exact) > half


def test_rounding_is_that_of_the_definition():
    x = np.array([[127, 0.5, 1.5, 2.5, -0.5, -2.5, -127, 3.49] + [0] * 24 + [0] * 32], np.float32)
    x[0, 32:] = 1e-31  # below 2^-100
    expected = [127, 0, 2, 2, 0, -2, -127, 3] + [0] * 56
    assert reference.round_activations(x)[0].tolist() == expected


@pytest.mark.parametrize("ids", [[], [-1], [300]])
def test_ids_outside_the_vocabulary(small, ids):
    with pytest.raises(InputError, match="expected token ids from 0 to 299"):
        reference.logits(small, ids)
