# ===- passes.py - passes as Python functions -------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""A pass is a function from ignis.Module to ignis.Module. It may run passes and look at what they did, as
`plan_smallest` does, or work on the text, as `fuse_norms_of_decode` does. What it returns is verified.
"""

import ignis

PLANNERS = ("slots", "greedy-size", "greedy-start", "greedy-stack")


def plan_smallest(module: ignis.Module) -> ignis.Module:
    """Plans memory with several planners and keeps the smallest arena of `decode`."""
    best, least = module, None
    for planner in PLANNERS:
        planned, report, _, _ = ignis.run_pipeline(module, f"func.func(ignis-plan-memory{{planner={planner}}})",
                                                   report=True)
        arena = report["functions"]["decode"]["passes"][-1]["arena"]
        if least is None or arena < least:
            best, least = planned, arena
    return best


def fuse_norms_of_decode(module: ignis.Module) -> ignis.Module:
    """ignis-fuse-rms-norm on one entry point: the others stay as they are."""
    fused, _, _, _ = ignis.run_pipeline(module, "func.func(ignis-fuse-rms-norm)")
    before, after = str(module).splitlines(), str(fused).splitlines()
    first, last = _lines_of(before, "decode")
    other, end = _lines_of(after, "decode")
    return ignis.Module.parse("\n".join(before[:first] + after[other:end] + before[last:]))


def _lines_of(lines: list[str], function: str) -> tuple[int, int]:
    """The lines of a function in a module's text, half open."""
    first = next(at for at, line in enumerate(lines) if line.startswith(f"  func.func @{function}("))
    return first, lines.index("  }", first) + 1
