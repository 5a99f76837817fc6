# ===- test_contracts.py - every word of a contract counts ----------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# The legal pipelines below are refused as soon as any pass no longer establishes what its contract says, and every
# pass does what its contract says.

import json
import re

import pytest

FUSE = "func.func(ignis-fuse-rms-norm,ignis-fuse-add-rms-norm,ignis-fuse-swiglu,ignis-fuse-linear-swiglu)"
BUFFERIZE = (
    "one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map},"
    "ignis-drop-returned-arguments,canonicalize"
)
DESCRIPTORS = (
    "func.func(convert-vector-to-scf{full-unroll}),convert-scf-to-cf,expand-strided-metadata,lower-affine,"
    "ignis-materialize-descriptors,convert-math-to-llvm,convert-vector-to-llvm,finalize-memref-to-llvm"
)
TO_LLVM = "func.func(convert-vector-to-scf{full-unroll}),convert-scf-to-cf,ignis-materialize-descriptors,ignis-bodies-to-llvm"
PIPELINES = {
    "kernels": f"{FUSE},{BUFFERIZE},func.func(ignis-materialize-rounding,ignis-decompose-attention,ignis-plan-memory,"
    f"ignis-insert-barriers),ignis-outline-ops,ignis-lower-ops,{DESCRIPTORS}",
    "shared": f"func.func(ignis-share-rounding),{BUFFERIZE},func.func(ignis-decompose-attention,ignis-plan-memory,"
    f"ignis-insert-barriers),ignis-outline-ops,ignis-lower-ops,{DESCRIPTORS}",
    "reference": f"ignis-bufferize,ignis-drop-returned-arguments,canonicalize,func.func(ignis-decompose-attention,ignis-plan-memory,ignis-insert-barriers),"
    f"ignis-outline-ops,ignis-lower-to-loops,{TO_LLVM}",
    "others": "func.func(ignis-fuse-rope-cache,ignis-fuse-residual,ignis-fuse-qkv,ignis-fuse-gate-up,ignis-mark-in-place,"
    "ignis-share-rounding)",
}


@pytest.fixture(scope="module")
def imported(tools, tmp_path_factory):
    path = tmp_path_factory.mktemp("import") / "import.mlir"
    tools("ignis-run", tools.model, "--emit", "import", "-o", path)
    return path


@pytest.fixture(scope="module")
def listing(tools):
    return json.loads(tools.text("ignis-opt", "--ignis-list-passes=json"))


def pipeline(name):
    return f"--pass-pipeline=builtin.module({PIPELINES[name]})"


@pytest.mark.parametrize("name", PIPELINES)
def test_passes_keep_their_contracts(tools, imported, tmp_path, name):
    tools("ignis-opt", imported, pipeline(name), "--ignis-verify-contracts", "-o", tmp_path / "out.mlir")


def test_every_establishes_is_needed(tools, imported, listing, tmp_path):
    checked = 0
    for entry in listing["passes"]:
        for fact in entry["establishes"]:
            refused = []
            for name in PIPELINES:
                done = tools("ignis-opt", imported, pipeline(name), f"--ignis-forget-established={entry['name']}:{fact}",
                             "-o", tmp_path / "out.mlir", expect=None)
                if done.returncode:
                    assert f"requires '{fact}'" in done.stderr.decode()
                    refused.append(name)
            assert refused, f"nothing notices that {entry['name']} establishes {fact}"
            checked += 1
    assert checked == 14


def test_every_pass_has_a_contract(tools, listing, root):
    declared = set()
    for path in (root / "include").rglob("Passes.td"):
        declared |= set(re.findall(r'Pass<"([^"]+)"', path.read_text()))
    listed = {entry["name"]: entry for entry in listing["passes"]}
    assert declared and declared <= set(listed)
    facts = {fact["name"] for fact in listing["facts"]}
    for entry in listed.values():
        assert entry["summary"], entry
        assert set(entry["requires"]) | set(entry["establishes"]) | set(entry["invalidates"]) <= facts
    assert listed["ignis-plan-memory"]["options"] == {
        "alignment": "64", "budget": "2.000000e+00", "csv": "", "partial": "false", "planner": "exact", "svg": ""}
    assert [entry["name"] for entry in listing["pipelines"]] == [
        f"ignis-{phase}-pipeline" for phase in ("fuse", "optimize", "bufferize", "plan", "lower")]


def test_run_refuses_too(tools):
    line = tools.error(tools.model, "--emit", "plan", "--pass-pipeline", "func.func(ignis-insert-barriers)")
    assert "'ignis-insert-barriers' (pass 1) requires 'buffers'" in line and "put 'ignis-bufferize' or 'one-shot-bufferize' before it" in line
