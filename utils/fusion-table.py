#!/usr/bin/env python3
# ===- fusion-table.py - what each transformation changes ----------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# The tables of docs/Fusion.md: every pass alone, every pass left out of the whole, pairs in both orders. All numbers
# come from the report of ignis-opt on a module that `ignis-run --emit=import` wrote.

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]

# In the order in which all of them together go furthest.
PASSES = (
    "rms-norm", "swiglu", "linear-swiglu", "qkv", "gate-up", "residual", "add-rms-norm", "rope-cache", "share-rounding", "in-place",
)
FLAGS = {name: f"ignis-fuse-{name}" for name in PASSES}
FLAGS["share-rounding"] = "ignis-share-rounding"
FLAGS["in-place"] = "ignis-mark-in-place"
NEEDS = {"linear-swiglu": ("swiglu",), "add-rms-norm": ("rms-norm",)}  # by contract
PAIRS = (
    ("gate-up", "swiglu"), ("gate-up", "linear-swiglu"), ("rms-norm", "residual"), ("residual", "add-rms-norm"), ("in-place", "rms-norm"),
    ("in-place", "add-rms-norm"),
    ("in-place", "swiglu"), ("in-place", "residual"), ("in-place", "rope-cache"), ("share-rounding", "qkv"),
    ("share-rounding", "residual"),
)
COLUMNS = ("ops", "buffers", "bytes", "bound", "body", "arena", "q8 bytes", "scratch", "barriers", "kernel calls")


def measure(arguments, names, rounding=False):
    """The columns' numbers, and the hash of the IR behind the passes. `rounding`: with ignis-fuse-rounding, which works on buffers."""
    passes = ",".join(FLAGS[name] for name in names)
    pipeline = (f"func.func({passes})," if passes else "") + (
        "ignis-bufferize-pipeline,ignis-plan-pipeline{planner=%s fuse-rounding=%s},ignis-lower-pipeline" % (
            arguments.planner, str(rounding).lower()))
    with tempfile.TemporaryDirectory() as directory:
        report = pathlib.Path(directory) / "report.json"
        subprocess.run([arguments.bin / "ignis-opt", arguments.module, f"--pass-pipeline=builtin.module({pipeline})",
                        f"--ignis-report={report}", "-o", "/dev/null"], check=True)
        entries = json.loads(report.read_text())["functions"][arguments.entry]["passes"]
    last = {entry["pass"]: entry for entry in entries}
    fused = last[FLAGS[names[-1]]] if names else last["input"]
    planned, lowered = last["ignis-plan-memory"], last["ignis-lower-ops"]
    return fused["ir_hash"], (fused["total_ops"], planned["buffers"], planned["bytes"], planned["bound"],
                              planned["body_bound"], planned["arena"], planned["activations_q8"], planned["scratch"],
                              lowered["barriers"], lowered["kernel_calls"])


def row(first, numbers, *more):
    print("| " + " | ".join([first, *(f"{number:,}" for number in numbers), *more]) + " |")


def header(first, *more):
    print("| " + " | ".join([first, *COLUMNS, *more]) + " |")
    print("| --- |" + " ---: |" * len(COLUMNS) + " --- |" * len(more))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", help="what ignis-run --emit=import wrote")
    parser.add_argument("--entry", default="decode")
    parser.add_argument("--planner", default="best-of-greedy")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    arguments = parser.parse_args()

    header("passes")
    row("none", measure(arguments, ())[1])
    for name in PASSES:
        names = (*NEEDS.get(name, ()), name)
        row(" + ".join(names), measure(arguments, names)[1])
    row("**all**", measure(arguments, PASSES)[1])
    for name in PASSES:
        without = [name, *(other for other in PASSES if name in NEEDS.get(other, ()))]
        rest = [other for other in PASSES if other not in without]
        row(f"all but {name}" + "".join(f" (and {other})" for other in without[1:]), measure(arguments, rest)[1])
    row("none, then rounding", measure(arguments, (), rounding=True)[1])
    row("all, then rounding", measure(arguments, PASSES, rounding=True)[1])
    print()
    header("order", "same bytes of IR")
    for pair in PAIRS:
        results = []
        for order in (pair, pair[::-1]):
            before = [need for name in order for need in NEEDS.get(name, ()) if need not in order]
            results.append(((*before, *order), measure(arguments, (*before, *order))))
        same = "yes" if results[0][1][0] == results[1][1][0] else "no"
        for order, (_, numbers) in results:
            row(", ".join(order), numbers, same)
    return 0


if __name__ == "__main__":
    sys.exit(main())
