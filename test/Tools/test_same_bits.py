# ===- test_same_bits.py - what must not change a bit ----------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# Threads, chunks, instruction sets, kernels, fusions and ways of running: docs/Numerics.md promises the same logits.

import numpy as np
import pytest

from conftest import ARM

IDS = [5834, 590, 258, 573, 466, 309, 258, 1080, 446, 343, 258, 1574, 11, 275, 371, 309, 378, 1343, 316, 371]
FUSIONS = "ignis-fuse-rms-norm,ignis-fuse-swiglu,ignis-fuse-linear-swiglu,ignis-fuse-qkv,ignis-fuse-residual,ignis-fuse-rope-cache,ignis-mark-in-place"


@pytest.fixture(scope="module")
def expected(tools, tmp_path_factory):
    return tools.logits(tmp_path_factory.mktemp("same") / "logits.npy", IDS).tobytes()


@pytest.mark.parametrize("flags", [["-t", 2], ["-t", 3], ["--chunk", 1], ["--chunk", 3], ["--chunk", 7, "-t", 2], ["--ctx", 64]], ids=str)
def test_threads_and_chunks(tools, tmp_path, expected, flags):
    assert tools.logits(tmp_path / "logits.npy", IDS, *flags).tobytes() == expected


@pytest.mark.parametrize("cpu", ["generic", "cortex-a72"] if ARM else ["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"])
def test_instruction_sets(tools, tmp_path, expected, cpu):
    try:
        logits = tools.logits(tmp_path / "logits.npy", IDS, "--cpu", cpu)
    except AssertionError as error:
        if "this machine lacks" not in str(error):
            raise
        pytest.skip(f"this machine is no {cpu}")
    assert logits.tobytes() == expected


@pytest.mark.parametrize("cpu", ["generic"] if ARM else ["x86-64", "x86-64-v2", "x86-64-v3"])
def test_ahead_of_time_for_instruction_sets(tools, tmp_path, expected, cpu):
    """Where the processor lacks fma or half conversion, a shared object binds the project's own."""
    tools("ignis-run", tools.model, "--emit", "so", "--cpu", cpu, "-o", tmp_path / "x.so")
    assert tools.logits(tmp_path / "logits.npy", IDS, "--module", tmp_path / "x.so").tobytes() == expected


def test_every_kernel_variant(tools, tmp_path, expected):
    usable, _ = tools.usable_kernels()
    assert usable[-1] == "scalar"
    for name in usable:
        assert tools.logits(tmp_path / "logits.npy", IDS, "--kernels", name).tobytes() == expected, name


@pytest.mark.parametrize("flags", [[], ["-t", 2], ["--chunk", 3]], ids=str)
@pytest.mark.parametrize("fusions", [FUSIONS, FUSIONS.replace("ignis-fuse-residual", "ignis-fuse-add-rms-norm")], ids=["residual", "add-rms-norm"])
def test_fusions(tools, tmp_path, expected, fusions, flags):
    pipeline = f"func.func({fusions}),ignis-bufferize-pipeline,ignis-plan-pipeline"
    assert tools.logits(tmp_path / "logits.npy", IDS, "--pass-pipeline", pipeline, *flags).tobytes() == expected


@pytest.mark.parametrize("flags", [[], ["-t", 2], ["--chunk", 3]], ids=str)
def test_rounding_in_the_ops(tools, tmp_path, expected, flags):
    """The default rounds in the ops; ops of their own give the same."""
    for plan in ("ignis-plan-pipeline", "ignis-plan-pipeline{fuse-rounding=true}"):
        pipeline = f"ignis-fuse-pipeline,ignis-optimize-pipeline,ignis-bufferize-pipeline,{plan}"
        assert tools.logits(tmp_path / "logits.npy", IDS, "--pass-pipeline", pipeline, *flags).tobytes() == expected


def test_module_through_ignis_opt(tools, tmp_path, expected):
    imported = tmp_path / "import.mlir"
    imported.write_text(tools.text("ignis-run", tools.model, "--emit", "import"))
    tools("ignis-opt", imported, "--ignis-fuse-pipeline", "-o", tmp_path / "fused.mlir")
    tools("ignis-opt", tmp_path / "fused.mlir", "--ignis-bufferize-pipeline", "--ignis-plan-pipeline", "-o", tmp_path / "planned.mlir")
    for module in (imported, tmp_path / "fused.mlir", tmp_path / "planned.mlir"):
        assert tools.logits(tmp_path / "logits.npy", IDS, "--module", module).tobytes() == expected, module


def test_ahead_of_time_module(tools, tmp_path, expected):
    tools("ignis-run", tools.model, "--emit", "so", "-o", tmp_path / "model.so")
    assert tools.logits(tmp_path / "logits.npy", IDS, "--module", tmp_path / "model.so").tobytes() == expected


def test_damaged_cache(tools, tmp_path, expected):
    cache = tmp_path / "cache"
    for _ in range(2):
        assert tools.logits(tmp_path / "logits.npy", IDS, "--cache-dir", cache).tobytes() == expected
        (module,) = cache.glob("*.so")
        data = bytearray(module.read_bytes())
        data[len(data) // 2] ^= 0xFF
        module.write_bytes(data)


def test_edited_module(tools, tmp_path, expected):
    """An epsilon changed in the text changes the logits, as the oracle's."""
    text = tools.text("ignis-run", tools.model, "--emit", "import")
    edited = tmp_path / "edited.mlir"
    assert text.count("eps = ") > 2
    edited.write_text(text.replace("eps = 9.99999997E-7", "eps = 5.000000e-01"))
    kernels = tools.logits(tmp_path / "a.npy", IDS, "--module", edited)
    oracle = tools.logits(tmp_path / "b.npy", IDS, "--module", edited, "--lowering", "reference")
    before = np.frombuffer(expected, np.float32).reshape(kernels.shape)
    distance = lambda a, b: np.sqrt(np.mean((a - b) ** 2) / np.mean(b**2))
    assert distance(before, oracle) > 0.05
    assert distance(kernels, oracle) < 0.03
