# ===- test_interpreter.py - the second witness on the entry batch -----------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Rows of several sequences in one call mean what each sequence means alone, whatever passes ran; and a pass
that breaks `batch` alone is found."""

import re

import numpy as np
import pytest

import ignis
from ignis import blame, meaning
from ignis.errors import InputError
from ignis.meaning import Machine, Weights

FUSED = ("func.func(ignis-fuse-rms-norm,ignis-fuse-swiglu,ignis-fuse-qkv,ignis-fuse-gate-up,ignis-fuse-residual,"
         "ignis-fuse-rope-cache)")
PLANNED = f"{FUSED},ignis-bufferize-pipeline,ignis-plan-pipeline"
ROUNDED = f"ignis-fuse-pipeline,ignis-optimize-pipeline,ignis-bufferize-pipeline,ignis-plan-pipeline{{fuse-rounding=true}}"


@pytest.fixture(scope="module")
def weights(tiny):
    return Weights(tiny)


@pytest.fixture(scope="module")
def module(tiny):
    return ignis.Model(tiny).import_module(context=32, chunk=8, sequences=3, entries=["embed", "decode", "batch"])


@pytest.mark.parametrize("pipeline", ["", FUSED, "ignis-bufferize-pipeline", PLANNED, ROUNDED])
def test_rows_are_what_their_sequences_are_alone(module, weights, pipeline):
    if pipeline:
        module, _, _, _ = ignis.run_pipeline(module, pipeline)
    ids = {0: [5, 17, 290, 33], 2: [8, 120, 77]}
    alone = {}
    for sequence, row in ids.items():
        machine = Machine(module, weights)
        alone[sequence] = np.concatenate([machine.forward("decode", [token]) for token in row])
    machine = Machine(module, weights)
    assert machine.sequences == 3
    first = machine.step([0, 2], [5, 8])
    second = machine.step([2, 0, 2], [120, 17, 77])  # two rows of one sequence
    third = machine.step([0], [290])
    fourth = machine.forward("decode", [33])  # decode goes on where batch left sequence 0
    got = {0: [first[0], second[1], third[0], fourth[0]], 2: [first[1], second[0], second[2]]}
    for sequence, rows in got.items():
        assert np.stack(rows).tobytes() == alone[sequence].tobytes(), sequence
    cache = machine.cache()
    assert cache["keys"].shape[2] == 4 + 3 and np.isfinite(cache["keys"].astype(np.float32)).all()


def test_passes_keep_the_meaning(module, weights):
    verdict = blame.trace(module, blame.steps_of(PLANNED), weights)
    assert verdict.index is None, (verdict.blamed, verdict.reason)
    assert any(name.endswith("batch") for name in verdict.outputs)


def broken(module):
    """Rows of the last layer go to the cache of another sequence."""
    text = str(module)
    function = text.index("func.func @batch")
    sequences = re.search(r'(%arg\d+): \S+ \{[^}]*ignis.role = "sequences"', text[function:])[1]
    positions = re.search(r'(%arg\d+): \S+ \{[^}]*ignis.role = "positions"', text[function:])[1]
    last = text.rindex(f"sequences({sequences}")
    assert last > function
    return ignis.Module.parse(text[:last] + text[last:].replace(f"sequences({sequences}", f"sequences({positions}", 1))


def test_a_broken_batch_is_blamed(module, weights):
    steps = [blame.Step("before", FUSED), blame.Step("PLANT", f"python:{__file__}:broken")]
    verdict = blame.trace(module, steps, weights)
    assert verdict.blamed == "PLANT"
    reduced = blame.Reducer(verdict.before, steps[1], verdict.kind, weights, verdict.reason).run()
    assert reduced is not None


@pytest.mark.parametrize("sequences, positions, reason", [([0, 3], [0, 0], "row 1 is of sequence 3 of 3"),
                                                          ([0, 1], [0, 32], "positions 0 to 32 of 32")])
def test_rows_outside_are_refused(module, weights, sequences, positions, reason):
    machine = Machine(module, weights)
    with pytest.raises(InputError, match=reason):
        machine.call("batch", input=np.zeros((2, 64), np.float32), rows=2, positions=np.asarray(positions, np.int32),
                     sequences=np.asarray(sequences, np.int32))


def test_machine_evaluates_batch(module, weights):
    outputs = meaning.evaluate(module, weights)
    assert [name for name in outputs if name.endswith("batch")] == ["3 batch", "4 batch", "5 batch"]


def test_calls_fill_whole_chunks_and_the_caches(tiny):
    """Up to the last position, whatever the entry points; a few rows first."""
    from ignis import meaning
    model = ignis.Model(tiny)
    for context, chunk, entries in ((64, 16, ["decode", "prefill"]), (64, 16, ["decode", "prefill", "score"]), (16, 16, ["decode", "prefill"]),
                                    (16, 1, ["decode", "prefill"]), (32, 32, ["prefill"]), (32, 8, ["score"]), (512, 64, ["decode", "prefill"])):
        functions = model.import_module(context=context, chunk=chunk, entries=["embed", *entries]).describe()
        calls = meaning.calls_of(functions)
        again = calls.index(("rewind", 0)) if ("rewind", 0) in calls else len(calls)
        rows = [count for _, count in calls[:again]]
        assert sum(rows) == min(context, meaning.FILLED) and {name for name, _ in calls[:again]} == set(entries), (context, chunk, calls)
        assert max(count for _, count in calls) == chunk and calls[again + 1:again + 3] in ([], [(entries[-1], chunk)]), calls
        assert calls[again - 1] == ("decode", 1) or "decode" not in entries
    calls = meaning.calls_of(model.import_module(context=32, chunk=8, sequences=3, entries=["embed", "prefill", "batch"]).describe())
    assert sum(count for _, count in calls) == 32 - 6  # room for those of batch
