#!/usr/bin/env python3
# ===- planner-table.py - the table of docs/MemoryPlanning.md ---------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# Runs planners on CSV instances and prints a Markdown table: bound, ratio of each planner's height to the bound,
# seconds of the exact planner. With --minimalloc=PROGRAM, google/minimalloc's command line tool runs in turn with the
# exact planner, so that both see the same machine. Medians of -r runs; seconds are those each program reports for its
# solver, without reading the file.

import argparse
import json
import pathlib
import re
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]


def plan(tool, path, planner, budget, capacity=None):
    command = [tool, path, f"--planner={planner}", f"--budget={budget}", "--json"]
    if capacity is not None:
        command.append(f"--capacity={capacity}")
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def minimalloc(tool, path, capacity, timeout):
    command = [tool, f"--input={path}", "--output=/dev/null", f"--capacity={capacity}", f"--timeout={timeout}s"]
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = float(re.search(r"Elapsed time ([0-9.]+)s", done.stderr).group(1))
    return seconds if done.returncode == 0 else float("inf")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--tool", default=ROOT / "build" / "bin" / "ignis-plan")
    parser.add_argument("--minimalloc", help="google/minimalloc's program, to be timed in the same run")
    parser.add_argument("--capacity", type=int, default=1048576)
    parser.add_argument("--timeout", type=int, default=600, help="seconds for the searches that find a plan (600)")
    parser.add_argument("-r", type=int, default=5, help="runs (5)")
    arguments = parser.parse_args()
    files = arguments.files or sorted((ROOT / "data/planner/minimalloc").glob("*.1048576.csv"))

    listing = subprocess.run([arguments.tool, "--list"], check=True, capture_output=True, text=True).stdout
    greedy = [line.split()[0] for line in listing.splitlines() if line.startswith("greedy-")]
    columns = ["instance", "buffers", "bound"] + [name.removeprefix("greedy-") for name in greedy]
    columns += ["greedy, s", "local, 1 s", "exact", "exact, s", "fit, s"] + ["minimalloc, s"] * bool(arguments.minimalloc)
    print("| " + " | ".join(columns) + " |")
    print("| --- |" + " ---: |" * (len(columns) - 1))
    totals = [0.0, 0.0, 0.0]
    for path in files:
        plans = [plan(arguments.tool, path, name, 1) for name in greedy]
        best = plan(arguments.tool, path, "best-of-greedy", 1)
        local = plan(arguments.tool, path, "local", 1)
        times = [[], [], []]
        for _ in range(arguments.r):
            exact = plan(arguments.tool, path, "exact", arguments.timeout)
            times[0].append(exact["seconds"])
            fit = plan(arguments.tool, path, "exact", arguments.timeout, arguments.capacity)
            times[1].append(fit["seconds"] if fit["status"] != "infeasible" else float("inf"))
            if arguments.minimalloc:
                times[2].append(minimalloc(arguments.minimalloc, path, arguments.capacity, arguments.timeout))
        medians = [statistics.median(t) if t else 0 for t in times]
        totals = [a + b for a, b in zip(totals, medians)]
        row = [path.name.split(".")[0], str(best["buffers"]), f"{best['bound']:,}"]
        row += [f"{p['ratio']:.3f}" for p in plans] + [f"{best['seconds']:.4f}", f"{local['ratio']:.3f}"]
        row += [f"{exact['ratio']:.3f} {exact['status']}", f"{medians[0]:.3f}", f"{medians[1]:.3f}"]
        row += [f"{medians[2]:.3f}"] * bool(arguments.minimalloc)
        print("| " + " | ".join(row) + " |", flush=True)
    row = ["total"] + [""] * (len(columns) - 3 - bool(arguments.minimalloc))
    row += [f"{t:.3f}" for t in totals[: 2 + bool(arguments.minimalloc)]]
    print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
