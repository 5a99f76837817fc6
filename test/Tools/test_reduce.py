# ===- test_reduce.py - the contract of ignis-reduce --------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""mlir-reduce with our dialects: what is left of a module is what the command finds interesting, and no more. Commands
here look at the text; python/tests/test_blame.py has the one that asks what the module means."""

import re

import pytest


def shell(condition):
    """A command that finds a file ($0, then "$@") interesting where the condition holds; status 1 says so."""
    return "--", "bash", "-c", f'if {condition}; then exit 1; else exit 0; fi', "test"


def ops(text):
    """Names of the ops of a module's functions."""
    return [match[1] for match in re.finditer(r"^    (?:%\S+ = )?([a-z_]+\.[a-z_]+)\b", text, re.MULTILINE)]


@pytest.fixture(scope="module")
def imported(tools, tmp_path_factory):
    path = tmp_path_factory.mktemp("reduce") / "import.mlir"
    tools("ignis-run", tools.model, "--emit=import", "--ctx", "64", "--chunk", "16", "-o", path)
    return path


def test_one_op_is_left(tools, imported, tmp_path):
    out = tmp_path / "small.mlir"
    tools("ignis-reduce", imported, "-o", out, *shell('grep -q ignis.silu "$1"'))
    text = out.read_text()
    assert text.count("func.func") == 1 and sorted(ops(text)) == ["ignis.silu", "tensor.empty"], text
    assert "ignis.role" not in text
    tools("ignis-opt", out)  # valid


def test_two_ops_that_belong_together(tools, imported, tmp_path):
    """The add behind the down projection of the fourth layer: a value from one to the other."""
    text = tools.text("ignis-reduce", imported, *shell(
        'w=$(grep -o "%[0-9]* = ignis.weight \\"blk.3.ffn_down.weight" "$1" | cut -d" " -f1); [ -n "$w" ] && '
        'l=$(grep "ignis.linear ins.*$w " "$1" | grep -o "%[0-9]* =" | cut -d" " -f1) && [ -n "$l" ] && grep -q "ignis.add ins(%[^ ]*, $l " "$1"'))
    names = [name for name in ops(text) if name.startswith("ignis.")]
    assert sorted(names) == ["ignis.add", "ignis.linear", "ignis.weight"], text


def test_buffers(tools, imported, tmp_path):
    """Ops without results go as well; memory that nobody uses goes with them."""
    planned = tmp_path / "buffers.mlir"
    tools("ignis-opt", imported, "--ignis-bufferize-pipeline", "-o", planned)
    text = tools.text("ignis-reduce", planned, *shell('grep -q ignis.attention "$1"'))
    assert [name for name in ops(text) if name.startswith("ignis.")] == ["ignis.attention"], text


def test_functions_that_need_each_other_stay(tools, imported):
    """Where no function shows it alone, functions are left out and no ops."""
    text = tools.text("ignis-reduce", imported, *shell('grep -q @embed "$1" && grep -q @prefill "$1"'))
    assert [line.split("@")[1].split("(")[0] for line in text.splitlines() if "func.func" in line] == ["embed", "prefill"]


@pytest.mark.parametrize("arguments, code, reason", [
    ([], 2, "expected '-- COMMAND ...' behind the options, got no command"),
    (["FILE", "--"], 2, "got no command"),
    (["--fast", "FILE", "--", "true"], 2, "--fast"),
    (["nowhere.mlir", "--", "true"], 1, "could not open input file"),
    (["FILE", "--", "no-such-program"], 1, "no program 'no-such-program'"),
    (["FILE", "--", "true"], 1, "not interesting to the command, which ends with status 0"),
    (["FILE", "--", "false"], 1, "the command finds even an empty module interesting"),
    (["BAD", "--", "true"], 1, "bad.mlir:1:23: "),
    (["FILE", "-o", "/nowhere/x.mlir", *shell('grep -q func.func "$1"')], 1, "/nowhere/x.mlir: No such file"),
    (["FILE", "-o", "/dev/full", *shell('grep -q func.func "$1"')], 1, "/dev/full: "),
])
def test_mistakes_cost_a_line(tools, tmp_path, arguments, code, reason):
    good, bad = tmp_path / "good.mlir", tmp_path / "bad.mlir"
    good.write_text("func.func @f() {\n  return\n}\n")
    bad.write_text("module { func.func @f( }\n")
    done = tools("ignis-reduce", *({"FILE": good, "BAD": bad}.get(word, word) for word in arguments), expect=code)
    lines = done.stderr.decode().splitlines()
    assert done.stdout == b"" and reason in lines[0] and lines[0].startswith("ignis-reduce: ") and len(lines) <= 2, lines
