# ===- test_modules.py - modules that people edit, or that were damaged ------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# Whatever a module file holds, the answer is one line that names the file and the place, never a signal. The
# model is as small as can be, so that compiling it costs little.

import os
import re
import subprocess
import sys

import pytest

SHAPE = "hidden=64,layers=1,heads=2,kv=1,ffn=96,vocab=300,context=64"


@pytest.fixture(scope="module")
def tiny(tools, root, tmp_path_factory):
    """The tiny model, and its module after import, after planning and compiled."""
    directory = tmp_path_factory.mktemp("tiny")
    model = directory / "tiny.gguf"
    subprocess.run(
        [sys.executable, "-m", "ignis.synthesize", model, "--shape", SHAPE, "--quiet"],
        check=True, env=dict(os.environ, PYTHONPATH=str(root / "python")),
    )
    texts = {phase: tools.text("ignis-run", model, "--emit", phase) for phase in ("import", "plan")}
    tools("ignis-run", model, "--emit", "so", "-o", directory / "tiny.so")
    return model, texts, (directory / "tiny.so").read_bytes()


# What is replaced (everywhere) in the module of a phase, and words of the complaint.
EDITS = [
    ("import", 'role = "position"', 'role = "rows"', 'has the role "rows", which another one has too'),
    ("import", 'role = "input"', 'role = "logits"', 'argument 0 with the role "logits" has width 64, expected 300, the model\'s'),
    ("import", 'role = "input"', 'role = "bogus"', 'unknown role "bogus"'),
    ("import", 'role = "input"', "role = 3 : i64", "argument 0 has no ignis.role"),
    ("import", 'role = "position"', 'role = "k_cache"', 'role "k_cache" must be a static memref of f16 or f32'),
    ("import", 'role = "k_cache"', 'role = "position"', 'role "position" must be index'),
    ("import", 'role = "tokens"', 'role = "position"', 'role "position" must be index'),
    ("plan", 'role = "position"', 'role = "arena"', 'role "arena" must be a static memref of i8'),
    ("plan", "ignis.rope_base = 1.000000e\\+06 : f32", "ignis.rope_base = 0x7FC00000 : f32", "a finite number of at least 1"),
    ("plan", "ignis.rope_base = 1.000000e\\+06 : f32", 'ignis.rope_base = "x"', "a finite number of at least 1"),
    ("plan", r"memref<(\d+)xi8>", "memref<64xi8>", "lie outside the arena of 64"),
    ("plan", "arith.constant 256 : index", "arith.constant -256 : index", "bytes -256 to 0"),
    ("plan", "arith.constant 256 : index", "arith.constant 9223372036854775807 : index", "lie outside the arena"),
    ("plan", "arith.constant 256 : index", "arith.constant 258 : index", "offset 258 in the arena is not a multiple of 4"),
    ("plan", "ignis.arena_offset = 0", "ignis.arena_offset = -64", "bytes -64 to"),
    ("plan", "ignis.arena_offset = 0", "ignis.arena_offset = 640000000", "lie outside the arena"),
    ("plan", "ignis.arena_offset = 0 : i64", 'ignis.arena_offset = "x"', "ignis.arena_offset that is no integer"),
    ("plan", r"memref<(\d+)xi8>", "memref<4611686018427387904xi8>", "arena_bytes is missing or out of range"),
    ("plan", r"memref.view %arg6\[%c256\]", "memref.view %arg6[%arg1]", "no argument, weight or view of the arena at a constant offset"),
    ("import", "1x64xf32", "?x64xf32", "incorrect number of dynamic sizes"),
    ("import", "64x64xf32", "0x64xf32", "has 64 tokens but 0 rows"),
    ("import", "1x1x4x32x16xf16", "1x1x1099511627776x32x16xf16", "does not match value cache"),
    ("import", "1x1x(4x32x16|64x32)xf16", r"1099511627776x1x\1xf16", "bytes is missing or out of range"),
    ("import", "layer = 0", "layer = 7", "has layer 7, expected 0 to 0"),
    ("import", "@embed", "@embet", "the module lacks entry points"),
    ("import", "blk.0.attn_q.weight", "blk.9.attn_q.weight", "wants tensor 'blk.9.attn_q.weight'"),
    ("plan", r'"blk.0.attn_q.weight"', '"blk.0.attn_k.weight"', "expects 64 rows, the file has 32 of that name"),
    ("import", r"(?<=[<x])300(?=x)", "299", "expects 299 rows, the file has 300"),
    ("import", "blk.0.attn_q.weight", r"b\\1B[2J", r"wants tensor 'b\x1b[2J'"),
    ("plan", "    return\n", "    cf.br ^b\n  ^b:\n    return\n", "it has control flow between ops"),
    ("plan", "    return\n", "    \"llvm.intr.trap\"() : () -> ()\n    return\n", "expected ignis ops, weights, barriers, views of the arena and sums of indices"),
    ("plan", "    return\n", "    func.call @decode() : () -> ()\n    return\n", "incorrect number of operands"),
]


@pytest.mark.parametrize("phase, old, new, words", EDITS, ids=[words for *_, words in EDITS])
def test_edited(tools, tiny, tmp_path, phase, old, new, words):
    model, texts, _ = tiny
    text = re.sub(old, new, texts[phase])
    assert text != texts[phase]
    path = tmp_path / "x.mlir"
    path.write_text(text)
    line = tools.error(model, "--ids", "1,2,3", "--module", path)
    assert words in line and "x.mlir:" in line and "\x1b" not in line


@pytest.mark.parametrize("text, words", [
    ("", "lacks entry points"),
    ("module {}", "lacks entry points"),
    ("module { func.func @decode( }", "x.mlir:1:"),
    ("module {" * 5000 + "}" * 5000, "nested at most 256 deep"),
    ("(" * 200000, "nested at most 256 deep"),
    ("\0\0\0\0", "lacks entry points"),
    ("\x7fELF", "x.mlir: the name of a shared object must end in .so"),
    ("ML\xefR\x06", "x.mlir"),
], ids=["empty", "no entries", "cut", "deep", "brackets", "zeros", "ELF", "bytecode"])
def test_no_module(tools, tiny, tmp_path, text, words):
    path = tmp_path / "x.mlir"
    path.write_bytes(text.encode("latin-1"))
    assert words in tools.error(tiny[0], "--ids", "1", "--module", path)


def test_a_lowered_module_is_refused(tools, tiny, tmp_path):
    path = tmp_path / "x.mlir"
    tools("ignis-run", tiny[0], "--emit", "lower", "-o", path)
    assert "expected a module of import, fuse, bufferize or plan, got a lowered one" in tools.error(tiny[0], "--ids", "1", "--module", path)


def test_a_cut_module_is_refused_wherever_it_is_cut(tools, tiny, tmp_path):
    model, texts, _ = tiny
    path = tmp_path / "x.mlir"
    text = texts["plan"]
    for size in range(1, len(text) - 4, len(text) // 12):
        path.write_text(text[:size])
        assert "x.mlir:" in tools.error(model, "--ids", "1", "--module", path)


def test_the_rope_table_covers_the_caches(tools, tiny, tmp_path):
    model, texts, _ = tiny
    path = tmp_path / "x.mlir"
    # Caches of 128 positions beside a table of 64.
    path.write_text(re.sub("1x1x4x32x16xf16", "1x1x8x32x16xf16", re.sub("1x1x64x32xf16", "1x1x128x32xf16", texts["import"])))
    assert "the rope table has 64 positions, expected the caches' 128" in tools.error(model, "--ids", "1", "--module", path)


def test_a_damaged_shared_object_is_refused(tools, tiny, tmp_path):
    model, _, good = tiny
    path = tmp_path / "x.so"
    path.write_bytes(good)
    assert tools.text("ignis-run", model, "--ids", "1,2", "--module", path) == tools.text("ignis-run", model, "--ids", "1,2")
    for bad in (good[:0], good[:100], good[: len(good) // 2], good[:-1], good[:5000] + b"\xff" + good[5001:], good + b"x"):
        path.write_bytes(bad)
        assert "damaged, or not made by ignis-run --emit=so" in tools.error(model, "--ids", "1", "--module", path)


def test_a_shared_object_for_another_model_is_refused(tools, tiny, tmp_path):
    path = tmp_path / "x.so"
    path.write_bytes(tiny[2])
    line = tools.error(tools.model, "--ids", "1", "--module", path)
    assert "x.so" in line and "'token_embd.weight' has rows of 256 values, the module expects 64" in line


@pytest.mark.parametrize("option", [["--kv", "f32"], ["--ctx", "64"], ["--lowering", "reference"], ["--cpu", "host"],
                                    ["--emit", "plan"], ["--pass-pipeline", "cse"], ["--dump-ir", "x"]], ids=lambda o: o[0])
def test_what_is_compiled_cannot_be_changed(tools, option):
    line = tools.error(tools.model, *([] if option[0] == "--emit" else ["-p", "x"]), "--module", "x.so", *option, expect=2)
    assert f"{option[0]} has no effect on a compiled module" in line
