# ===- test_errors.py - one clear line, the right exit code ------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# Exit 1 for bad input, 2 for bad usage; nothing on standard output.

import pytest


@pytest.mark.parametrize("arguments, words", [
    ([], "no model given"),
    (["MODEL"], "nothing to do"),
    (["MODEL", "--nonsense"], "unknown option '--nonsense'"),
    (["MODEL", "-p"], "wants a value"),
    (["MODEL", "-p", "x", "-n", "many"], "expected an integer"),
    (["MODEL", "-p", "x", "--temp", "-1"], "expected a number"),
    (["MODEL", "-p", "x", "--kv", "q4"], "expected f16|f32"),
    (["MODEL", "-p", "x", "-f", "y"], "exclude each other"),
    (["MODEL", "x", "-p", "y"], "one model wanted"),
    (["MODEL", "--logits", "x.npy"], "--logits wants --ids"),
])
def test_usage(tools, arguments, words):
    assert words in tools.error(*[tools.model if a == "MODEL" else a for a in arguments], expect=2)


@pytest.mark.parametrize("arguments, words", [
    (["-f", "/nonexistent"], "No such file"),
    (["--ids", "1,x"], "expected integers"),
    (["--ids", "1,-1"], "outside the vocabulary"),
    (["--ids", "99999999"], "outside the vocabulary"),
    (["-p", "x", "--kernels", "none"], "--kernels"),
    (["-p", "x", "--cpu", "i486sx9"], "unknown CPU"),
    (["-p", "x", "--emit", "nothing"], "unknown phase 'nothing'"),
    (["-p", "x", "--pass-pipeline", "no-such-pass"], "no-such-pass"),
    (["-p", "x", "--module", "/nonexistent.mlir"], "/nonexistent.mlir"),
    (["-p", "x", "--module", "/nonexistent.so"], "/nonexistent.so"),
    (["--ids", "1,2", "--logits", "/nonexistent/x.npy"], "/nonexistent/x.npy"),
])
def test_input(tools, arguments, words):
    assert words in tools.error(tools.model, *arguments)


def test_context_is_full(tools):
    assert "context of 16 positions is full" in tools.error(tools.model, "--ids", ",".join(["5"] * 17), "--ctx", 16)


def test_damaged_model(tools, tmp_path):
    data = tools.model.read_bytes()
    path = tmp_path / "cut.gguf"
    for size in (0, 3, 100, 5000, len(data) - 1000):
        path.write_bytes(data[:size])
        assert str(path) in tools.error(path, "--ids", "1")


def test_damaged_modules(tools, tmp_path):
    path = tmp_path / "x.mlir"
    path.write_text("module { func.func @decode( }")
    assert "x.mlir:1:" in tools.error(tools.model, "--ids", "1", "--module", path)
    path = tmp_path / "x.so"
    path.write_bytes(b"\x7fELF nonsense")
    assert "cannot load module" in tools.error(tools.model, "--ids", "1", "--module", path)
