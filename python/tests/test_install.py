# ===- test_install.py - the package installs with pip -----------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Into an empty virtual environment, with the system's packages and without an index: the native module, the
compiler and the types come along, and the source tree is not needed any more and stays as it was."""

import os
import subprocess
import sys

import pytest

from laboratory import ROOT

CODE = """
import sys, pathlib
import ignis, ignis._native as native
home = pathlib.Path(ignis.__file__).parent
assert str(home).startswith(sys.prefix), home
assert pathlib.Path(native.__file__).parent == home == pathlib.Path(native.compiler_library()).parent
assert (home / "py.typed").is_file() and (home / "_native.pyi").is_file()
model = ignis.Model(sys.argv[1])
session = ignis.Session(ignis.compile(model, context=64, chunk=16), threads=1)
print(session.feed([1, 2, 3]).shape, ignis.__version__)
"""


def run(*command, cwd, **environment):
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "IGNIS_BUILD_DIR")}
    made = subprocess.run([str(part) for part in command], cwd=cwd, env=kept | environment, capture_output=True, text=True,
                          timeout=600)
    assert made.returncode == 0, made.stdout + made.stderr
    return made.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of an environment with the package in it."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", folder, cwd=folder)
    python = folder / "bin/python"
    build = os.environ.get("IGNIS_BUILD_DIR", str(ROOT / "build"))
    before = sorted((ROOT / "python").rglob("*"))
    run(python, "-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation", ROOT / "python", cwd=folder,
        IGNIS_BUILD_DIR=build, PYTHONDONTWRITEBYTECODE="1")
    assert sorted((ROOT / "python").rglob("*")) == before
    return python


def test_installed(python, tiny, tmp_path):
    assert run(python, "-c", CODE, tiny, cwd=tmp_path).split() == ["(300,)", "0.1.0"]


def test_commands_of_the_installed(python, tmp_path):
    out = run(python, "-m", "ignis", "explore", ROOT / "python/experiments/fusions-20m.toml", "--count", cwd=tmp_path)
    assert int(out) > 1_000_000
    run(python, "-m", "ignis.synthesize", tmp_path / "m.gguf", "--shape", "0.5b,layers=1,vocab=1000", "--type", "q8_0",
        "--seed", "1", "--header-only", cwd=tmp_path)  # the vocabulary came along
    files = run(python, "-m", "pip", "show", "--files", "ignis", cwd=tmp_path)
    assert "ignis/_native.pyi" in files and "ignis/libIgnisCompiler.so" in files
