# ===- test_shapes.py - other shapes and types than the shipped model's ----------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# The oracle lowering against the plain NumPy forward pass of python/ignis/reference.py, the kernels against the oracle.

import subprocess
import sys

import numpy as np
import pytest

IDS = [3, 200, 17, 0, 299, 45, 45, 7, 120, 88, 1, 260, 33, 9, 64, 128, 2, 77]
SHAPES = {
    "grouped": "hidden=256,layers=2,heads=4,kv=2,ffn=512,vocab=300",
    "untied": "hidden=192,layers=2,heads=6,kv=2,ffn=416,vocab=301,tied=0",
    "seven": "hidden=448,layers=1,heads=7,kv=1,ffn=608,vocab=300",
    "wide": "hidden=256,layers=1,heads=2,kv=1,ffn=512,vocab=300,head_dim=128",
    # The heads of a key/value head have 144 columns, not whole blocks of 32.
    "halves": "hidden=288,layers=2,heads=6,kv=2,ffn=320,vocab=300",
    "narrow": "hidden=128,layers=2,heads=4,kv=4,ffn=256,vocab=320,head_dim=32",
}


def relative_rms(a, b):
    return float(np.sqrt(np.mean((a - b) ** 2) / np.mean(b**2)))


@pytest.mark.parametrize("type", ["q8_0", "f16", "bf16", "f32"])
@pytest.mark.parametrize("shape", list(SHAPES))
def test_shape(tools, root, tmp_path, shape, type):
    sys.path.insert(0, str(root / "python"))
    from ignis import reference

    model = tmp_path / "model.gguf"
    subprocess.run([sys.executable, "-m", "ignis.synthesize", model, "--shape", SHAPES[shape], "--type", type, "--seed", "5"],
                   check=True, capture_output=True, cwd=root / "python")
    flags = ["--ctx", 64, "--kv", "f32", "--no-cache"]
    oracle = tools.logits(tmp_path / "a.npy", IDS, "--lowering", "reference", *flags, model=model)
    kernels = tools.logits(tmp_path / "b.npy", IDS, *flags, model=model)
    again = tools.logits(tmp_path / "c.npy", IDS, "--chunk", 5, "-t", 2, *flags, model=model)
    expected = reference.logits(str(model), IDS)
    assert relative_rms(oracle, expected) < 1e-4
    assert relative_rms(kernels, oracle) < (0.05 if type == "q8_0" else 1e-4)
    assert kernels.tobytes() == again.tobytes()
