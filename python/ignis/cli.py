# ===- cli.py - python -m ignis explore | report | show | reduce | check ----------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""The laboratory's commands. Results go to files and stdout, everything about them to stderr."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path
from typing import Any, Callable

from . import errors
from .errors import InputError, note


def _number(kind: type, holds: Callable[[Any], bool], words: str) -> Callable[[str], Any]:
    """The type of an option that takes numbers of a kind for which `holds` is true."""
    def read(text: str) -> Any:
        value = kind(text)
        if kind is int and value >= 1 << 31:
            raise argparse.ArgumentTypeError(f"expected a number below 2^31, got {text}")
        if not holds(value):
            raise argparse.ArgumentTypeError(f"expected {words}, got {text}")
        return value
    read.__name__ = kind.__name__  # for argparse's own message
    return read


_count = _number(int, lambda value: value >= 1, "1 or more")
_natural = _number(int, lambda value: value >= 0, "0 or more")
_seconds = _number(float, lambda value: 0 < value < math.inf, "a number above 0")
_tolerance = _number(float, lambda value: 0 <= value < math.inf, "0 or more")


def _explore(options: argparse.Namespace) -> int:
    from . import experiment
    from .explore import Explorer, summary
    chosen = experiment.load(options.experiment, options.model, options.load_pass_plugin)
    for key in ("strategy", "orders", "seconds", "seed"):
        if getattr(options, key) is not None:
            chosen.search[key] = getattr(options, key)
    if options.top is not None:
        chosen.timing["top"] = options.top
    sizes = chosen.space.sizes
    note(f"{chosen.path.name}: {sizes['groups']} passes, {sizes['orders']:,} legal orders, "
         f"{sizes['contract_states']:,} contract states")
    if options.count:
        print(sizes["orders"])
        return 0
    executor = None
    if options.dask:
        from .executors import DaskExecutor
        executor = DaskExecutor(options.dask)
    output = options.output or Path(options.experiment).with_suffix(".jsonl").name
    memory = int(options.memory_limit * 2**30) if options.memory_limit else None
    explorer = Explorer(chosen, output, options.workers, executor, options.quiet, options.time_limit, memory)
    try:
        explorer.explore()
        print(summary(explorer))
    finally:
        explorer.close()
        if executor is not None:
            executor.shutdown(cancel_futures=True)
    note(f"results in {output}; python -m ignis report {output}")
    return 0


def _report(options: argparse.Namespace) -> int:
    from .report import write
    path = options.output or Path(options.results).with_suffix(".html")
    write(options.results, path, options.experiment, options.top)
    note(f"wrote {path}")
    return 0


def _show(options: argparse.Namespace) -> int:
    from .show import show
    return show(options.results, options.state, options.sort, options.top, options.experiment)


def _reduce(options: argparse.Namespace) -> int:
    from .blame import main
    return main(options)


def _check(options: argparse.Namespace) -> int:
    from .check import main
    return main(options)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m ignis", description="The pass-ordering laboratory.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    explore = commands.add_parser("explore", help="run, check and measure orders of passes")
    explore.add_argument("experiment", help="a TOML file (python/experiments)")
    explore.add_argument("-o", "--output", help="results, appended to (EXPERIMENT.jsonl here)")
    explore.add_argument("--model", help="a GGUF file instead of the experiment's")
    explore.add_argument("--count", action="store_true", help="say how many orders are legal and stop")
    explore.add_argument("--strategy", choices=("exhaustive", "random", "local", "evolutionary"), metavar="NAME",
                         help="exhaustive, random, local or evolutionary")
    explore.add_argument("--orders", type=_count, help="budget: orders to try (not exhaustive)")
    explore.add_argument("--seconds", type=_seconds, help="budget: time of the search")
    explore.add_argument("--seed", type=_natural, help="of the strategy")
    explore.add_argument("--top", type=_natural, help="how many states to time")
    explore.add_argument("--workers", type=_count, default=max(1, (os.cpu_count() or 2) - 1), help="processes")
    explore.add_argument("--dask", metavar="ADDRESS", help="a Dask scheduler, tcp://HOST:PORT")
    explore.add_argument("--time-limit", type=_seconds, default=120.0, help="seconds that one task may take")
    explore.add_argument("--memory-limit", type=_seconds, metavar="GIB",
                         help="memory that one process may hold (3/4 of the machine's, shared by the workers)")
    explore.add_argument("--load-pass-plugin", action="append", default=[], metavar="FILE.so")
    explore.add_argument("-q", "--quiet", action="store_true", help="no progress")
    explore.set_defaults(run=_explore)

    report = commands.add_parser("report", help="one HTML page from results")
    report.add_argument("results", help="a results file")
    report.add_argument("-o", "--output", help="the page (RESULTS.html)")
    report.add_argument("--experiment", help="the TOML file, if it is not where the results say")
    report.add_argument("--top", type=_count, default=12, help="orders shown with their IR")
    report.set_defaults(run=_report)

    show = commands.add_parser("show", help="a ranked table of results, or one state")
    show.add_argument("results", help="a results file")
    show.add_argument("state", nargs="?", help="the beginning of a state's hash: everything about it")
    show.add_argument("--experiment", help="the TOML file, if it is not where the results say")
    show.add_argument("--sort", default="decode", help="decode, prefill, total_ops, barriers, arena, ...")
    show.add_argument("--top", type=_count, default=20)
    show.set_defaults(run=_show)

    reduce = commands.add_parser("reduce", help="which pass of an order is wrong, and the smallest module that shows it")
    reduce.add_argument("model", help="a GGUF file")
    reduce.add_argument("--pass-pipeline", required=True, help="the order, as ignis-run takes it")
    reduce.add_argument("--module", help="a module instead of the import")
    reduce.add_argument("--batch", type=_natural, default=0, metavar="N", help="the entry batch too, for N sequences")
    reduce.add_argument("--context", type=_count, default=64, help="positions of the import (64)")
    reduce.add_argument("--chunk", type=_count, default=16, help="most rows of a call of the import (16)")
    reduce.add_argument("--tolerance", type=_tolerance, default=0.0)
    reduce.add_argument("--load-pass-plugin", action="append", default=[], metavar="FILE.so")
    reduce.add_argument("-o", "--output", metavar="FILE.mlir", help="where the reduced module goes")
    reduce.add_argument("--json", action="store_true")
    reduce.set_defaults(run=_reduce)

    check = commands.add_parser("check", help="does an order keep what a module means? 0: it does; 1: it does not")
    check.add_argument("module", help="an MLIR file: entry points, or one function")
    check.add_argument("--model", required=True, help="the GGUF file with the weights")
    check.add_argument("--pass-pipeline", required=True, help="an order, or python:FILE.py:FUNCTION")
    check.add_argument("--tolerance", type=_tolerance, default=0.0)
    check.add_argument("--interesting", choices=("failed", "memory", "meaning"), metavar="KIND",
                       help="for reducers: exit status 1 if the order breaks the module in this way, else 0")
    check.add_argument("--load-pass-plugin", action="append", default=[], metavar="FILE.so")
    check.set_defaults(run=_check)

    options = parser.parse_args(arguments)
    return errors.run(lambda: options.run(options))


__all__ = ["main", "InputError"]
