# ===- test_structure.py - the rules of form and structure hold --------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""utils/lint.py finds nothing here, and finds what is planted."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load_lint():
    spec = importlib.util.spec_from_file_location("lint", ROOT / "utils/lint.py")
    lint = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(lint)
    return lint


def test_nothing_found():
    lint = load_lint()
    names = lint.tracked()
    assert len(names) > 200
    assert list(lint.banners(names)) == []
    assert list(lint.layering(names)) == []
    assert list(lint.references(names)) == []


def test_planted_violations_are_found(tmp_path, monkeypatch):
    lint = load_lint()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/Architecture.md").write_text((ROOT / "docs/Architecture.md").read_text())
    folder = tmp_path / "lib/GGUF"
    folder.mkdir(parents=True)
    (folder / "Bad.cpp").write_text("// no banner\n"
                                    '#include "ignis/Kernels/Dispatch.h"\n'
                                    '#include "mlir/IR/Value.h"\n'
                            "// docs" "/None.md, docs/Architecture.md\n" + "\n" * 600)
    (tmp_path / "docs" / "Links.md").write_text("[a](Architecture.md) [b](../lib) [c](No.md)\n")
    monkeypatch.setattr(lint, "ROOT", tmp_path)
    names = ["lib/GGUF/Bad.cpp"]
    assert [f.split(": ", 1)[1] for f in lint.banners(names)] == [
        "expected the banner '//===- Bad.cpp - what it is ...'", "no licence line",
        "expected at most 600 lines"]
    assert list(lint.layering(names)) == [
        "lib/GGUF/Bad.cpp:2: GGUF may not include Kernels (docs/Architecture.md)",
        "lib/GGUF/Bad.cpp:3: GGUF may not include MLIR"]
    assert [f.split(": ")[1] for f in lint.references([*names, "docs" "/Links.md"])] == [
        "there is no docs" "/None.md", "there is no No.md"]
