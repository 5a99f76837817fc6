# ===- test_phases.py - every stage can be seen and counted -------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# The published headline from the IR of a header-only file of the 0.5B shape, and what --emit and --dump-ir print.

import json
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def header(root, tmp_path_factory):
    path = tmp_path_factory.mktemp("header") / "header.gguf"
    subprocess.run(
        [sys.executable, "-m", "ignis.synthesize", path, "--shape", "0.5b", "--type", "q8_0", "--seed", "1", "--header-only"],
        check=True, capture_output=True, cwd=root / "python",
    )
    return path


@pytest.fixture(scope="module")
def imported(tools, header, tmp_path_factory):
    path = tmp_path_factory.mktemp("import") / "import.mlir"
    tools("ignis-run", header, "--emit", "import", "-o", path)
    return path


def report(tools, module, tmp_path, *passes):
    path = tmp_path / "report.json"
    tools("ignis-opt", module, *passes, f"--ignis-report={path}", "-o", tmp_path / "out.mlir")
    return json.loads(path.read_text())["functions"]


def test_headline_fusions(tools, imported, tmp_path):
    hashes = set()
    for order in (["--ignis-fuse-rms-norm", "--ignis-fuse-swiglu"], ["--ignis-fuse-swiglu", "--ignis-fuse-rms-norm"]):
        functions = report(tools, imported, tmp_path, *order)
        for name in ("decode", "prefill", "score"):
            passes = functions[name]["passes"]
            assert passes[0]["pass"] == "input" and passes[0]["total_ops"] == 435
            assert passes[-1]["total_ops"] == 362
            assert passes[-1]["ops"]["ignis.rms_norm"] == 49 and passes[-1]["ops"]["ignis.swiglu"] == 24
        hashes.add((tmp_path / "out.mlir").read_bytes())
    assert len(hashes) == 1


@pytest.mark.parametrize("fused, buffers, total", [(True, 363, 2826752), (False, 436, 3469312)])
def test_headline_buffers(tools, imported, tmp_path, fused, buffers, total):
    fusions = ["--ignis-fuse-rms-norm", "--ignis-fuse-swiglu"] if fused else []
    functions = report(tools, imported, tmp_path, *fusions, "--ignis-bufferize-pipeline", "--ignis-plan-memory=planner=slots alignment=1")
    before, after = functions["decode"]["passes"][-2:]
    assert (before["buffers"], before["bytes"], before["bound"]) == (buffers, total, 611328)
    if fused:
        assert after["arena"] == 653824
    assert after["places"] == 5


def test_planners_reach_the_bound(tools, imported, tmp_path):
    for planner in ("best-of-greedy", "exact"):
        functions = report(tools, imported, tmp_path, "--ignis-fuse-pipeline", "--ignis-bufferize-pipeline", f"--ignis-plan-memory=planner={planner} alignment=1")
        assert functions["decode"]["passes"][-1]["arena"] == 611328


def test_no_copies(tools, imported, tmp_path):
    tools("ignis-opt", imported, "--ignis-fuse-pipeline", "--ignis-bufferize-pipeline", "-o", tmp_path / "out.mlir")
    text = (tmp_path / "out.mlir").read_text()
    assert "memref.copy" not in text and "tensor<" not in text and text.count("memref.alloc") > 300


@pytest.mark.parametrize("phase, words", [
    ("import", "tensor.empty"), ("fuse", "ignis.swiglu"), ("bufferize", "memref.alloc"), ("plan", "memref.view"),
    ("lower", "llvm.func"), ("llvm", "define "), ("asm", "ignis_entry_decode:")])
def test_emit(tools, phase, words):
    assert words in tools.text("ignis-run", tools.model, "--emit", phase)


@pytest.mark.parametrize("options", [[], ["--kv", "f32"], ["--batch", "3"], ["--ctx", "64", "--chunk", "7"], ["--lowering", "reference"]])
@pytest.mark.parametrize("name", ["model", "header"])
def test_the_importers_module_has_nothing_to_clean_up(tools, header, tmp_path, name, options):
    """So the compiler leaves canonicalisation out, which `ignis-bufferize-pipeline` has."""
    model = header if name == "header" else tools.model
    imported, full = tmp_path / "import.mlir", tmp_path / "full.mlir"
    tools("ignis-run", model, "--emit", "import", "-o", imported, *options)
    optimize = [] if "reference" in options else ["--ignis-optimize-pipeline"]
    tools("ignis-opt", imported, "--ignis-fuse-pipeline", *optimize, "--ignis-bufferize-pipeline", "-o", full)
    assert tools.text("ignis-run", model, "--emit", "bufferize", *options).rstrip() == full.read_text().rstrip()


def test_external_symbols(tools, tmp_path):
    tools("ignis-run", tools.model, "--emit", "obj", "--cpu", "x86-64-v3", "-o", tmp_path / "model.o")
    undefined = subprocess.run(["nm", "-u", tmp_path / "model.o"], capture_output=True, check=True).stdout.decode().split()
    assert {name for name in undefined if name != "U"} == {"ignis_barrier", "ignis_matmul_q8_0", "ignis_matvec_q8_0", "ignis_round_q8_0"}


def patched(before, diff):
    """`before` with a unified diff applied; a line that does not fit is an error."""
    lines, result, at = before.splitlines(), [], 0
    for line in diff.splitlines()[2:]:
        if line.startswith("@@"):
            first, count = line.split()[1][1:].split(",")
            start = int(first) - (int(count) > 0)
            result += lines[at:start]
            at = start
        elif line[0] == "+":
            result.append(line[1:])
        else:
            assert lines[at] == line[1:]
            at += 1
            if line[0] == " ":
                result.append(line[1:])
    return "\n".join(result + lines[at:]) + "\n"


def test_dump_ir(tools, tmp_path):
    dump = tmp_path / "dump"
    tools("ignis-run", tools.model, "--emit", "plan", "--dump-ir", dump, "-o", tmp_path / "plan.mlir")
    names = sorted(path.stem for path in dump.glob("*.mlir"))
    assert names[0].startswith("000-ignis-fuse-rms-norm") and [int(name[:3]) for name in names] == list(range(len(names)))
    assert not (dump / "reproducer.mlir").exists()
    # A diff leads from the file of the pass before, on the same function, to its own.
    function = "decode"
    of_function = [name for name in names if name.endswith(f"-{function}") and "-ignis-fuse" in name and "rounding" not in name]
    for before, after in zip(of_function, of_function[1:]):
        diff = (dump / f"{after}.diff").read_text()
        assert patched((dump / f"{before}.mlir").read_text(), diff) == (dump / f"{after}.mlir").read_text()
        assert diff.startswith(f"--- before\n+++ {after}.mlir\n@@ -")
    # A pass that changes nothing has no diff.
    quiet = [name for name in names if name.endswith("ignis-fuse-swiglu-embed")]
    assert quiet and not (dump / f"{quiet[0]}.diff").exists()


def test_dump_ir_of_opt_down_to_llvm(tools, tmp_path):
    """Long texts, most of whose lines change."""
    imported, dump = tmp_path / "import.mlir", tmp_path / "dump"
    tools("ignis-run", tools.model, "--emit", "import", "-o", imported)
    tools("ignis-opt", imported, "--ignis-fuse-pipeline", "--ignis-bufferize-pipeline", "--ignis-plan-pipeline",
          "--ignis-lower-pipeline", f"--ignis-dump-ir={dump}", "-o", tmp_path / "out.mlir")
    modules = [path for path in sorted(dump.glob("*.mlir")) if path.read_text(errors="replace").startswith("module")]
    checked = 0
    for before, after in zip(modules, modules[1:]):
        if int(after.name[:3]) != int(before.name[:3]) + 1 or not after.with_suffix(".diff").exists():
            continue
        assert patched(before.read_text(), after.with_suffix(".diff").read_text()) == after.read_text(), after.name
        checked += 1
    assert checked >= 8


def test_reproducer_of_a_failed_pass(tools, tmp_path):
    source, dump = tmp_path / "in.mlir", tmp_path / "dump"
    source.write_text("func.func @f() -> memref<4xf32> {\n  %a = memref.alloc() : memref<4xf32>\n  return %a : memref<4xf32>\n}\n")
    done = tools("ignis-opt", source, "--canonicalize", "--ignis-plan-memory", f"--ignis-dump-ir={dump}", expect=1)
    assert b"it escapes through 'func.return'" in done.stderr
    again = tools("ignis-opt", dump / "reproducer.mlir", "--run-reproducer", expect=1)
    assert b"it escapes through 'func.return'" in again.stderr and b"canonicalize" not in again.stderr
