# ===- fixtures.py - models and explorations that tests share -----------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Imported by the conftest.py of every folder that wants them."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def terminal():
    """Both ends of a pseudo-terminal, ours first. A bare chroot has none."""
    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo-terminal: {error}")
    yield ours, theirs
    os.close(ours), os.close(theirs)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A model of two layers with random weights."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    subprocess.run([sys.executable, "-m", "ignis.synthesize", path, "--shape",
                    "hidden=64,layers=2,heads=2,kv=1,ffn=96,vocab=300,tied=1,head_dim=32", "--type", "q8_0",
                    "--seed", "3"], env={**os.environ, "PYTHONPATH": str(ROOT / "python")}, check=True,
                   capture_output=True, timeout=60)
    return str(path)


@pytest.fixture(scope="session")
def whole(tiny, tmp_path_factory):
    """(experiment, results) of an exhaustive exploration."""
    from laboratory import explore, write
    folder = tmp_path_factory.mktemp("whole")
    path = write(folder / "e.toml", tiny)
    explore(path, folder / "r.jsonl")
    return path, folder / "r.jsonl"


@pytest.fixture(scope="session")
def broken(tiny, tmp_path_factory):
    """(experiment, results) of an exploration with steps that fail and one that computes something else."""
    from laboratory import TESTS, explore, write
    folder = tmp_path_factory.mktemp("broken")
    steps = "".join(f'{{python = "{TESTS}/{name}", group = "fault", requires = ["tensors"]}}, '
                    for name in ("faulty.py:fail", "faulty.py:fine", "plants.py:swiglu_swapped"))
    path = write(folder / "<b>.toml", tiny, steps, "")
    explore(path, folder / "r.jsonl")
    return path, folder / "r.jsonl"
