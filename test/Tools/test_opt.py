# ===- test_opt.py - ignis-opt as its users run it ----------------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# Exit codes, and standard output that is a whole module or empty. What passes do is tested by lit.

import pytest


@pytest.fixture(scope="module")
def module(tools, tmp_path_factory):
    path = tmp_path_factory.mktemp("opt") / "tale.mlir"
    tools("ignis-run", tools.model, "--emit", "import", "--ctx", "16", "-o", path)
    return path


@pytest.mark.parametrize("arguments, code, words", [
    (["--nonsense"], 2, "Unknown command line argument '--nonsense'"),
    (["x", "y"], 2, "Too many positional arguments"),
    (["--ignis-fuse-pipeline=x=1"], 1, "no such option x"),
    (["--ignis-bufferize-pipeline=x=1"], 1, "no such option x"),
    (["--ignis-plan-pipeline=x=1"], 1, "no such option x"),
    (["--ignis-report=/nonexistent/x"], 1, "/nonexistent/x: No such file or directory"),
    (["--ignis-fuse-swiglu", "--ignis-dump-ir=/dev/null"], 1, "/dev/null: Not a directory"),
    (["--ignis-fuse-swiglu", "--ignis-dump-ir=/proc"], 1, "/proc: "),
    (["-o", "/nonexistent/x"], 1, "/nonexistent/x: No such file or directory"),
])
def test_mistakes(tools, module, arguments, code, words):
    done = tools("ignis-opt", module, *arguments, expect=code)
    assert done.stdout == b"" and words in done.stderr.decode()


def test_version(tools):
    run = tools.text("ignis-run", "--version").strip()
    for tool in ("ignis-opt", "ignis-plan", "ignis-bench"):
        assert tools.text(tool, "--version").startswith(run)
