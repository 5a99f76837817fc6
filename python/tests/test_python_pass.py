# ===- test_python_pass.py - Python functions as passes -----------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""examples/python-pass, explored on a small model; and functions that do not do what they should."""

import json
import os
import subprocess
import sys

import pytest

import ignis
from ignis import experiment, work
from ignis.errors import InputError

SPACE = """
model = "{model}"
[import]
context = 32
chunk = 8
[space]
steps = [{{python = "{file}:{function}"}}, {{pipeline = "ignis-bufferize-pipeline,ignis-plan-pipeline", key = "finish", required = true}}]
default = ["finish"]
[gate]
prompts = ["The"]
decode = 1
"""


def explore(root, tiny, path, results):
    return subprocess.run([sys.executable, "-m", "ignis", "explore", str(path), "--model", tiny, "-o", str(results),
                           "--top", "0", "--workers", "1", "-q"], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "PYTHONPATH": str(root / "python")})


def records(results, kind):
    return [record for record in map(json.loads, results.read_text().splitlines()) if record["kind"] == kind]


def test_example(root, tiny, tmp_path):
    results = tmp_path / "results.jsonl"
    done = explore(root, tiny, root / "examples/python-pass/python-pass.toml", results)
    assert done.returncode == 0, done.stderr
    edges = {(edge["from"], edge["step"]): edge for edge in records(results, "edge")}
    assert not [edge for edge in edges.values() if "error" in edge]
    measures = records(results, "measure")
    assert len(measures) >= 6 and all(record["ok"] for record in measures), measures
    # One entry point fused is neither none nor all of them.
    import_hash = records(results, "run")[0]["identity"]["module"]
    one, every = (edges[import_hash, key]["to"] for key in ("fuse_norms_of_decode", "ignis-fuse-rms-norm"))
    assert len({import_hash, one, every}) == 3
    assert edges[one, "ignis-fuse-rms-norm"]["to"] == every


def write(tmp_path, tiny, source, function="change"):
    (tmp_path / "mine.py").write_text("import ignis\n\n\n" + source)
    path = tmp_path / "mine.toml"
    path.write_text(SPACE.format(model=tiny, file="mine.py", function=function))
    return path


@pytest.mark.parametrize("body, reason", [
    ("raise ZeroDivisionError('by zero')", "by zero"),
    ("return str(module)", "returned str, expected ignis.Module"),
    ("return ignis.Module.parse('module {')", "expected"),
])
def test_mistakes_are_results(root, tiny, tmp_path, body, reason):
    path = write(tmp_path, tiny, f"def change(module):\n    {body}\n")
    results = tmp_path / "results.jsonl"
    done = explore(root, tiny, path, results)
    assert done.returncode == 0, done.stderr
    failing = [edge for edge in records(results, "edge") if "error" in edge]
    assert failing and all(edge["step"] == "change" and reason in edge["error"] for edge in failing)
    assert [record["ok"] for record in records(results, "measure")] == [True]


def test_wrong_function_is_found(root, tiny, tmp_path):
    path = write(tmp_path, tiny, "def change(module):\n"
                 "    return ignis.Module.parse(str(module).replace('9.99999997E-7', '9.99999997E-2'))\n")
    results = tmp_path / "results.jsonl"
    done = explore(root, tiny, path, results)
    assert done.returncode == 0, done.stderr
    assert sorted(record["ok"] for record in records(results, "measure")) == [False, True]


def test_a_changed_function_is_another_experiment(tiny, tmp_path):
    def identity():
        path = write(tmp_path, tiny, source)
        return experiment.load(path).identity("", "", "")
    source = "def change(module):\n    return module\n"
    first = identity()
    assert identity() == first
    source += "# again\n"
    assert identity() != first


def test_no_such_function(tiny, tmp_path):
    with pytest.raises(InputError, match="no such function"):
        experiment.load(write(tmp_path, tiny, "", "missing"))


def test_in_a_program(root, tiny):
    module = ignis.Model(tiny).import_module(context=32, chunk=8)
    made, _, seconds = work.apply(module, f"python:{root}/examples/python-pass/passes.py:fuse_norms_of_decode")
    assert str(made).count("ignis.rms_norm ") == 5 and seconds > 0
