# ===- test_blame.py - planted miscompiles are caught and blamed -------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""The correctness check refuses what each of twelve broken passes makes, and blames that pass."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ignis
from ignis import blame, work
from ignis.errors import InputError
from ignis.meaning import Weights
from laboratory import ROOT
from plants import ORDERS

PLANTS = Path(__file__).with_name("plants.py")
STEPS = {
    "bufferize": "ignis-bufferize-pipeline",
    "rounding": "func.func(ignis-materialize-rounding)",
    "attention": "func.func(ignis-decompose-attention)",
    "plan": "func.func(ignis-plan-memory{planner=best-of-greedy})",
}
GATE = {"prompts": [[5, 17, 290, 33, 8, 120, 77, 4, 9, 250, 31, 6, 44, 45, 46, 47, 48, 49], [11, 12, 13, 14],
                    [(7 * at + 3) % 300 for at in range(64)]], "decode": 3, "chunk": 16}


@pytest.fixture(scope="module")
def lab(tiny):
    """The import, its weights, and the logits of an order without optional passes."""
    model = ignis.Model(tiny)
    module = model.import_module(context=64, chunk=16, entries=["embed", "decode", "prefill"])
    plain = module
    for key in ("bufferize", "rounding", "attention", "plan"):
        plain, _, _ = work.apply(plain, STEPS[key])
    logits = work.gate_logits(ignis.Session(ignis.compile(model, plain), threads=2), GATE)
    return model, module, Weights(tiny), logits


def steps_of(name):
    order = ORDERS[name][1].split()
    return [blame.Step(key, f"python:{PLANTS}:{name}" if key == "PLANT" else
                       STEPS.get(key, f"func.func({key})")) for key in order]


@pytest.mark.parametrize("name", ORDERS)
def test_caught_and_blamed(lab, name):
    model, module, weights, wanted = lab
    steps = steps_of(name)
    final = module
    for step in steps:
        final, _, _ = work.apply(final, step.text)
    try:
        work.judge_places(final)
        logits = work.gate_logits(ignis.Session(ignis.compile(model, final), threads=2), GATE)
        caught, reason, _ = work.compare(logits, wanted, 0.0)
    except InputError as error:  # refused even by the compiler
        caught, reason = False, str(error)
    assert not caught, "the correctness check lets it pass"
    assert reason
    verdict = blame.trace(module, steps, weights)
    assert verdict.blamed == "PLANT", (verdict.blamed, verdict.reason)
    reducer = blame.Reducer(verdict.before, steps[verdict.index], verdict.kind, weights, verdict.reason)
    reduced = reducer.run()
    assert reduced is not None
    if name in ("plan_overlap", "last_row_shared"):  # a limit: it needs planned arguments, which extracted functions do not have
        assert len(reduced.describe()) == 2
        return
    ops = [op["name"] for function in reduced.describe().values() for op in function["ops"]]
    everything = sum(len(function["ops"]) for function in module.describe().values())
    assert len(ops) < everything / 4, ops


def test_ignis_reduce_with_our_check(lab, tiny, tmp_path):
    """mlir-reduce, asked by `python3 -m ignis check`, leaves the ops that the broken pass gets wrong."""
    _, module, weights, _ = lab
    verdict = blame.trace(module, steps_of("residual_stale"), weights)
    (tmp_path / "before.mlir").write_text(str(verdict.before))
    made = subprocess.run([ROOT / "build/bin/ignis-reduce" if "IGNIS_BUILD_DIR" not in os.environ else
                           Path(os.environ["IGNIS_BUILD_DIR"]) / "bin/ignis-reduce", tmp_path / "before.mlir", "--", sys.executable,
                           "-m", "ignis", "check", "--model", tiny, "--interesting=meaning",
                           f"--pass-pipeline=python:{PLANTS}:residual_stale"], capture_output=True, text=True, timeout=600,
                          env={**os.environ, "PYTHONPATH": str(ROOT / "python")})
    assert made.returncode == 0, made.stderr
    functions = ignis.Module.parse(made.stdout).describe()
    (name, function), = functions.items()
    assert sorted(op["name"] for op in function["ops"] if op["name"].startswith("ignis.")) == ["ignis.add", "ignis.linear", "ignis.weight"]


def test_right_passes_are_not_blamed(lab):
    model, module, weights, wanted = lab
    order = ("func.func(ignis-fuse-rms-norm,ignis-fuse-swiglu,ignis-fuse-linear-swiglu,ignis-fuse-qkv,ignis-fuse-residual,"
             "ignis-fuse-rope-cache,ignis-share-rounding,ignis-mark-in-place)")
    verdict = blame.trace(module, blame.steps_of(order), weights)
    assert verdict.index is None, (verdict.blamed, verdict.reason)
    assert verdict.steps[-1] == "ignis-insert-barriers"
    blame.judge_code(model, verdict, weights)
    assert verdict.index is None, verdict.reason


def test_missing_barrier_is_a_hazard(lab):
    """A barrier taken out is found although the result may come out right."""
    from ignis import meaning
    _, module, weights, _ = lab
    planned, _, _, _ = ignis.run_pipeline(module, "ignis-bufferize-pipeline,ignis-plan-pipeline,func.func(ignis-insert-barriers)")
    meaning.evaluate(planned, weights, check_barriers=True)
    lines = str(planned).splitlines()
    barriers = [number for number, line in enumerate(lines) if line.strip() == "ignis.barrier"]
    for at in barriers[::9]:
        broken = ignis.Module.parse("\n".join(lines[:at] + lines[at + 1:]))
        with pytest.raises(meaning.Hazard, match="no barrier"):
            meaning.evaluate(broken, weights, check_barriers=True)


def test_a_missing_barrier_is_caught_without_a_run(lab, monkeypatch):
    """The correctness check looks at what ops touch: with a barrier taken out threads may be lucky."""
    _, module, _, _ = lab
    planned, _, _, _ = ignis.run_pipeline(module, "ignis-bufferize-pipeline,ignis-plan-pipeline")
    work.judge_places(planned)
    real = work.apply

    def without_one(module, text):
        lines = str(real(module, text)[0]).splitlines()
        at = [number for number, line in enumerate(lines) if line.strip() == "ignis.barrier"][5]
        return ignis.Module.parse("\n".join(lines[:at] + lines[at + 1:])), None, 0.0
    monkeypatch.setattr(work, "apply", without_one)
    with pytest.raises(InputError, match="and no barrier stands between"):
        work.judge_places(planned)


def test_only_a_whole_chunk_shows_the_last_row(lab):
    """What the long prompt of the check is for: without it the logits are right."""
    model, module, _, _ = lab
    final = module
    for step in steps_of("last_row_shared"):
        final, _, _ = work.apply(final, step.text)
    right = module
    for key in ("bufferize", "rounding", "attention", "plan"):
        right, _, _ = work.apply(right, STEPS[key])
    short, long = ({**GATE, "prompts": prompts} for prompts in (GATE["prompts"][1:2], GATE["prompts"][2:]))

    def logits(module, gate):
        return work.gate_logits(ignis.Session(ignis.compile(model, module), threads=1), gate)
    assert work.compare(logits(final, short), logits(right, short), 0.0)[0]
    assert not work.compare(logits(final, long), logits(right, long), 0.0)[0]


def wrong_code(sessions):
    """Native compile() whose code is wrong with the kernels, or with the reference lowering too."""
    from ignis import _native

    class Broken:
        def __init__(self, session):
            self.session = session

        def __getattr__(self, name):
            return getattr(self.session, name)

        def feed(self, ids):
            return self.session.feed(ids) * 2
    return lambda compiled, threads: (Broken if compiled[1] in sessions else lambda made: made)(_native.Session(compiled[0], threads))


@pytest.mark.parametrize("sessions, blamed", [(("kernels",), "ignis-lower-ops"), (("kernels", "reference"), "ignis-outline-ops")])
def test_wrong_code_is_blamed_on_the_lowering(lab, monkeypatch, sessions, blamed):
    """Of an order with explicit roundings, which the reference lowering does not take: it is asked about the import."""
    from ignis import _native
    model, module, weights, _ = lab
    verdict = blame.trace(module, blame.steps_of("func.func(ignis-fuse-rms-norm),ignis-bufferize-pipeline,ignis-plan-pipeline"), weights)
    blame.judge_code(model, verdict, weights)
    assert verdict.index is None, verdict.reason
    session, compile_ = wrong_code(sessions), _native.compile
    fake = type("Native", (), {"Session": staticmethod(session), "compile": staticmethod(
        lambda model, module, lowering: (compile_(model, module, lowering=lowering), lowering))})
    monkeypatch.setattr(ignis, "_native", fake)
    blame.judge_code(model, verdict, weights)
    assert verdict.blamed == blamed and "compiled logits are 100." in verdict.reason


def test_compare_says_where():
    wanted = np.zeros((2, 3), np.float32)
    got = wanted.copy()
    got[1, 2] = 0.5
    right, reason, worst = work.compare(got, wanted, 0.0)
    assert not right and "row 1, id 2" in reason and worst == 0.5
    assert work.compare(got, wanted, 0.6)[0]
    got[0, 0] = np.nan
    assert not work.compare(got, wanted, 1e9)[0]
    assert not work.compare(-wanted, wanted, 0.0)[0]  # -0 has other bits


def test_an_illegal_order_is_named(lab):
    _, module, _, _ = lab
    assert blame.illegal(module, blame.steps_of("ignis-bufferize-pipeline,func.func(ignis-fuse-rms-norm)")) == (
        "ignis-fuse-rms-norm requires tensors, which does not hold there: ignis-opt refuses this order")
    assert blame.illegal(module, blame.steps_of("ignis-fuse-pipeline,ignis-bufferize-pipeline,ignis-plan-pipeline")) is None


def test_a_missing_barrier_is_reduced_to_two_ops(lab):
    """What ignis-insert-barriers gets and gets wrong: two ops that touch the same bytes are left, and nothing to compute."""
    from ignis import check
    _, module, weights, _ = lab
    planned, _, _, _ = ignis.run_pipeline(module, "ignis-bufferize-pipeline,ignis-plan-pipeline")
    wrong = blame.Step("PLANT", f"python:{PLANTS}:no_barriers_ignis-insert-barriers")
    assert check.sets_barriers(wrong.text) and not check.sets_barriers("ignis-plan-pipeline")
    real = work.apply
    lone = {"python": lambda module: (module, None, 0.0)}  # a pass that inserts none

    def apply(module, text):
        return lone["python"](module) if text == wrong.text else real(module, text)
    work.apply = apply
    try:
        reduced = blame.Reducer(planned, wrong, "memory", weights).run()
    finally:
        work.apply = real
    (_, function), = reduced.describe().items()
    names = [op["name"] for op in function["ops"] if op["name"].startswith("ignis.") and op["name"] != "ignis.weight"]
    assert len(names) == 2, names
