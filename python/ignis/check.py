# ===- check.py - does an order of passes keep what a module means? -----------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""`python -m ignis check FILE.mlir --model MODEL --pass-pipeline=ORDER` asks the interpreter
(ignis.interpreter) whether the module means the same after the order: exit status 0 if it does, 1 with the
reason if it does not.

With `--interesting=KIND` it is the test of a reducer that asks a program, as mlir-reduce does: 1 (keep this) if the
module is valid by itself and the order breaks it in that way, else 0.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from . import meaning, work
from .errors import InputError
from .meaning import Outputs, Weights

# failed: a pass fails; memory: bytes are read that nobody wrote, or overwritten too early; meaning: other numbers.
KINDS = ("failed", "memory", "meaning")


def sets_barriers(text: str) -> bool:
    """Whether barriers must stand where ops meet once an order has run."""
    return "ignis-insert-barriers" in text


def evaluate(module: Any, weights: Weights, check_barriers: bool = False) -> Outputs:
    """Of a module with entry points their outputs, else those of each of its functions by itself."""
    if "embed" in module.describe():
        return meaning.evaluate(module, weights, check_barriers)
    if not module.describe():
        raise InputError("expected a module with the entry point embed, or with a function at least")
    return meaning.evaluate_functions(module, weights, check_barriers)


def broken(module: Any, text: str, weights: Weights, wanted: Outputs, tolerance: float = 0.0) -> tuple[str, str]:
    """(kind, reason) of what an order does to a module that means `wanted`; ("", "") if it means the same still."""
    try:
        after, _, _ = work.apply(module, text)
    except Exception as error:  # a Python function's may be of any kind
        return "failed", f"the pass fails: {work.first_line(error)}"
    try:
        got = evaluate(after, weights, sets_barriers(text))
    except InputError as error:
        return "memory", work.first_line(error)
    where, worst = meaning.difference(got, wanted)
    if where is None or worst <= tolerance:
        return "", ""
    return "meaning", f"{where} differs by {worst:.3g}"


def main(options: argparse.Namespace) -> int:
    from . import _native, contracts
    for plugin in options.load_pass_plugin:
        contracts.load_plugin(plugin)
    weights = Weights(options.model)
    try:
        module = _native.Module.parse(Path(options.module).read_bytes(), options.module)
        wanted = evaluate(module, weights)
        kind, reason = broken(module, options.pass_pipeline, weights, wanted, options.tolerance)
    except Exception:
        if options.interesting:  # whatever a reducer tries must not look interesting because nothing can run it
            return 0
        raise
    if options.interesting:
        return int(kind == options.interesting)
    print(f"{kind}: {reason}" if kind else "the same")
    return int(bool(kind))
