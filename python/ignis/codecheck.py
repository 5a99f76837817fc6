# ===- codecheck.py - is the compiled code right? ----------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""The last question of `python -m ignis reduce`: all IR of an order means the same (ignis.blame); does its code compute
that too?
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import meaning, work
from .errors import InputError
from .meaning import Outputs, Weights

CODE_TOLERANCE = 0.03  # rms difference to the interpreter, in standard deviations: roundings that fall elsewhere
ORACLE_TOLERANCE = 0.001  # the same of --lowering=reference, which rounds no activation


def _compiled(model: Any, module: Any, lowering: str, calls: list[tuple[str, int]], threads: int) -> np.ndarray:
    """Logits (rows, vocabulary): of a call of score every row, of others the last."""
    from . import _native
    session = _native.Session(_native.compile(model, module, lowering=lowering), threads=threads)
    ids = meaning.ids_of(sum(count for _, count in calls), session.vocabulary)
    rows: list[np.ndarray] = []
    for name, count in calls:
        if name == "rewind":
            session.rewind(0)
            continue
        part = ids[session.position:session.position + count]
        rows.extend(session.score(part) if name == "score" else [session.feed(part)])
    return np.stack(rows)


def judge_code(model: Any, verdict: Any, weights: Weights) -> None:
    """Holds compiled logits against the interpreter's, once all IR was found right."""
    module = verdict.after
    calls = meaning.calls_of(module.describe())
    if not calls:
        return

    def logits_of(outputs: Outputs) -> np.ndarray:
        return np.concatenate([np.atleast_2d(outputs[f"{number} {name}"]) for number, (name, _) in enumerate(calls) if name != "rewind"])

    def off(module: Any, lowering: str, against: np.ndarray, threads: int = 2) -> tuple[float, str]:
        """The worst row's difference: a mean over all would hide a few wrong ones."""
        try:
            got = _compiled(model, module, lowering, calls, threads)
        except InputError as error:
            return float("inf"), work.first_line(error)
        value = float((np.sqrt(np.mean((got - against) ** 2, axis=1)) / np.std(against, axis=1)).max())
        return (value if np.isfinite(value) else float("inf")), ""

    kernels, failure = off(module, "kernels", logits_of(verdict.outputs))
    if kernels <= CODE_TOLERANCE:
        return
    # The reference lowering takes no explicit roundings: it is asked about the import, which means the same.
    unrounded = Weights(weights.path, rounded=False)
    oracle, _ = off(verdict.imported, "reference", logits_of(meaning.evaluate(verdict.imported, unrounded)))
    verdict.index, verdict.kind = len(verdict.steps), "code"
    verdict.before, verdict.text = module, "ignis-lower-pipeline"
    if oracle <= ORACLE_TOLERANCE:
        verdict.blamed = "ignis-lower-ops"
        what = "the reference lowering is right"
    else:
        verdict.blamed = "ignis-outline-ops"
        what = "with the reference lowering too"
    verdict.reason = failure or f"compiled logits are {kernels:.1%} of their standard deviation off, {what}"
