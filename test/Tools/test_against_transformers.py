# ===- test_reference.py - the shipped model against transformers -------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# test/data/reference has the results of Hugging Face transformers in float32 (its README says how they were made). Kernels round activations to 8
# bits, so they may differ a little; the oracle lowering does not.

import json

import numpy as np
import pytest


@pytest.fixture(scope="module")
def reference(root):
    folder = root / "test" / "data" / "reference"
    data = json.loads((folder / "fairy-tales-20m.json").read_text())["q8_0"]
    return data, np.load(folder / "fairy-tales-20m-logits.npz")


def relative_rms(a, b):
    return float(np.sqrt(np.mean((a - b) ** 2) / np.mean(b**2)))


def test_prompt_ids(tools, reference):
    for prompt in reference[0]["prompts"]:
        ids = json.loads(tools.text("ignis-run", tools.model, "--tokenize", "-p", prompt["prompt"]))
        assert ids == prompt["ids"], prompt["prompt"]


@pytest.mark.parametrize("lowering, limit, gap, steps", [("kernels", 0.015, 0.25, 415), ("reference", 0.001, 0.05, 496)])
def test_logits_and_greedy_steps(tools, reference, tmp_path, lowering, limit, gap, steps):
    data, rows = reference
    agreed = judged = 0
    for n, prompt in enumerate(data["prompts"]):
        ids = prompt["ids"] + prompt["greedy_ids"][:-1]
        flags = ["--lowering", lowering] + (["--kv", "f32"] if lowering == "reference" else [])
        logits = tools.logits(tmp_path / "logits.npy", ids, *flags)
        first = len(prompt["ids"]) - 1
        assert relative_rms(logits[first], rows[f"q8_0.{n}.last"]) < limit
        for step, (token, distance) in enumerate(zip(prompt["greedy_ids"], prompt["greedy_gap"])):
            if distance >= gap:
                judged += 1
                agreed += int(logits[first + step].argmax()) == token
    assert (agreed, judged) == (steps, steps)


def test_perplexity(tools, root):
    text = root / "test" / "data" / "reference" / "held-out-tales.txt"
    value = float(tools.text("ignis-run", tools.model, "--perplexity", text))
    assert abs(value - 25.91) < 0.05


def test_greedy_text(tools, reference):
    """As long as the reference's choices are clear ones, the text is the reference's."""
    prompt = reference[0]["prompts"][0]
    done = json.loads(tools.text("ignis-run", tools.model, "-p", prompt["prompt"], "-n", 64, "--json"))
    clear = next(i for i, gap in enumerate(prompt["greedy_gap"]) if gap < 0.25 and i > 0)
    if prompt["greedy_gap"][0] >= 0.25:
        assert done["ids"][:clear] == prompt["greedy_ids"][:clear]
    assert done["prompt_ids"] == prompt["ids"]
    assert len(done["ids"]) <= 64
