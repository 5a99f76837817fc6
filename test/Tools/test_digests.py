# ===- test_digests.py - the same bits on every processor ---------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# Logits of the shipped model and three synthetic shapes against test/data/logit-digests.json (digests.py makes it), for
# every kernel variant that this processor runs: scalar, AVX2, AVX-512 VNNI and others on x86-64 by `./dev test`, NEON,
# dotprod and i8mm under emulation by `./dev arm`.

import json

import pytest

import digests
from conftest import ARM

KERNELS = ["scalar", "neon", "dotprod", "i8mm"] if ARM else ["scalar", "avx2", "avxvnni", "avx512vnni", "amx"]
EXPECTED = json.loads(digests.FILE.read_text())


def test_every_model_and_prompt_has_one():
    assert {name: len(prompts) for name, (_, prompts) in digests.MODELS.items()} == {name: len(d) for name, d in EXPECTED.items()}
    everything = [d for found in EXPECTED.values() for d in found]
    assert len(set(everything)) == len(everything)


@pytest.mark.parametrize("name", list(digests.MODELS))
@pytest.mark.parametrize("kernels", KERNELS)
def test_digest(tools, tmp_path, kernels, name):
    usable, _ = tools.usable_kernels()
    if kernels not in usable:
        pytest.skip(f"this processor or this build has no {kernels}")
    # Generated code of the level that the variant asks for at least.
    flags = ["--kernels", kernels, *(["--cpu", "x86-64-v3"] if kernels == "avx2" else [])]
    model = digests.make_model(name, tmp_path)
    for ids, expected in zip(digests.MODELS[name][1], EXPECTED[name]):
        assert digests.digest(tools.logits(tmp_path / "x.npy", ids, *flags, model=model)) == expected
    # One row at a time: the matrix-vector kernels.
    assert digests.digest(tools.logits(tmp_path / "x.npy", ids, "--chunk", 1, *flags, model=model)) == expected
