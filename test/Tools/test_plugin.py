# ===- test_plugin.py - a pass built outside the tree ------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# examples/out-of-tree-pass, as its README says: ignis is installed into an empty prefix, the plugin is configured and
# built against what lies there, and loaded into ignis-opt, ignis-run and an exploration.

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from conftest import BUILD, ROOT

EXAMPLE = ROOT / "examples" / "out-of-tree-pass"
GROUP = "func.func(example-group-linears)"
IDS = [1, 7, 300, 42]


def call(*command, **keywords):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, **keywords)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def cache():
    return dict(re.findall(r"^(\w+):\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.M))


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    path = tmp_path_factory.mktemp("prefix")
    call("cmake", "--install", BUILD, "--prefix", path)
    return path


@pytest.fixture(scope="module")
def plugin(prefix, cache, tmp_path_factory):
    build = tmp_path_factory.mktemp("plugin")
    call("cmake", "-G", "Ninja", "-S", EXAMPLE, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}",
         *(f"-D{name}={cache[name]}" for name in ("CMAKE_C_COMPILER", "CMAKE_CXX_COMPILER", "CMAKE_MODULE_LINKER_FLAGS")))
    call("cmake", "--build", build)
    return build / "GroupLinears.so"


@pytest.fixture(scope="module")
def installed(tools, prefix):
    """The tools as installed, which find their library beside them."""
    from conftest import Tools
    other = Tools(tools.env["IGNIS_CACHE_DIR"])
    other.bin = prefix / "bin"
    return other


@pytest.fixture(scope="module")
def module(installed, tmp_path_factory):
    path = tmp_path_factory.mktemp("module") / "import.mlir"
    installed("ignis-run", installed.model, "--emit=import", "--ctx", 64, "--chunk", 16, "-o", path)
    return path


def test_installed_headers_compile(prefix, cache, tmp_path):
    include = prefix / "include"
    headers = sorted(path.relative_to(include) for path in include.rglob("*.h"))
    assert len(headers) > 30
    (tmp_path / "all.cpp").write_text("".join(f'#include "{header}"\n' for header in headers))
    call(cache["CMAKE_CXX_COMPILER"], "-std=c++17", "-fsyntax-only", f"-I{include}", "-isystem",
         os.path.join(cache["LLVM_DIR"], "../../../include"), tmp_path / "all.cpp")


def test_opt(installed, plugin, module):
    listed = json.loads(installed.text("ignis-opt", f"--load-pass-plugin={plugin}", "--ignis-list-passes=json"))
    entry, = (entry for entry in listed["passes"] if entry["name"] == "example-group-linears")
    assert (entry["requires"], entry["establishes"], entry["invalidates"]) == (["tensors"], ["grouped"], [])
    assert "grouped" in [fact["name"] for fact in listed["facts"]]

    def run(text, *options, **keywords):
        return installed("ignis-opt", module, f"--pass-pipeline=builtin.module({text})", *options, **keywords)
    grouped = run(GROUP, f"--load-pass-plugin={plugin}", "--ignis-verify-contracts").stdout
    assert grouped.count(b"ignis.linear_group") == 2 * 24 * 3
    assert grouped == run("func.func(ignis-fuse-gate-up,ignis-fuse-qkv)").stdout
    refused = run(f"ignis-bufferize-pipeline,{GROUP}", f"--load-pass-plugin={plugin}", expect=1).stderr.decode()
    assert "'example-group-linears' (pass 5) requires 'tensors'" in refused


def test_run(installed, plugin, tmp_path):
    expected = installed.logits(tmp_path / "default.npy", IDS)
    pipeline = ("--pass-pipeline", f"{GROUP},ignis-bufferize-pipeline,ignis-plan-pipeline")
    for _ in range(2):  # the second time from the module cache
        logits = installed.logits(tmp_path / "plugin.npy", IDS, "--load-pass-plugin", plugin, *pipeline)
        assert np.array_equal(logits.view(np.uint32), expected.view(np.uint32))
    text = installed.text("ignis-run", installed.model, "--emit=plan", "--load-pass-plugin", plugin, *pipeline)
    assert "ignis.linear_group" in text
    logits = installed.logits(tmp_path / "in-tree.npy", IDS, "--load-pass-plugin",
                              BUILD / "test" / "lib" / "IgnisContractPlugin.so", "--pass-pipeline", "test-mark,ignis-bufferize-pipeline,ignis-plan-pipeline")
    assert np.array_equal(logits.view(np.uint32), expected.view(np.uint32))


def test_run_errors(installed, plugin, tmp_path):
    run = (installed.model, "--ids", "1", "--logits", tmp_path / "x.npy")
    assert "'example-group-linears' does not refer to a registered pass" in installed.error(*run, "--pass-pipeline", GROUP)
    assert "no-such.so" in installed.error(*run, "--load-pass-plugin", tmp_path / "no-such.so")
    (tmp_path / "empty.so").write_text("")
    assert "empty.so" in installed.error(*run, "--load-pass-plugin", tmp_path / "empty.so")


def test_explorer(plugin, tmp_path):
    """The pass alone and qkv with gate-up end in one state, whose logits are right."""
    results = tmp_path / "results.jsonl"
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "python"), IGNIS_BUILD_DIR=str(BUILD))
    call(sys.executable, "-m", "ignis", "explore", EXAMPLE / "group-linears.toml", "--load-pass-plugin", plugin,
         "-o", results, "--top", 0, "--workers", 2, "-q", env=environment)
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    edges = {(line["from"], line["step"]): line["to"] for line in lines if line["kind"] == "edge"}
    root = lines[0]["identity"]["module"]

    def end(*keys):
        state = root
        for key in keys:
            state = edges[state, key]
        return state
    alone = end("example-group-linears", "finish")
    assert alone == end("ignis-fuse-qkv", "ignis-fuse-gate-up", "finish")
    assert alone == end("ignis-fuse-gate-up", "example-group-linears", "ignis-fuse-qkv", "finish")
    measured = {line["hash"]: line for line in lines if line["kind"] == "measure"}
    assert measured[alone]["ok"] and all(line["ok"] for line in measured.values())
