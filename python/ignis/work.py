# ===- work.py - what workers do: steps, checks, times ----------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Tasks as plain data, so that they may go to another process or machine. Each function takes one
dictionary and returns one. A worker keeps models and compiled references between tasks.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import traceback
import zlib
from collections import OrderedDict
from pathlib import Path
from typing import Any, Callable

import numpy as np

from . import _native
from .errors import InputError

_models: dict[str, Any] = {}
_sessions: OrderedDict[tuple, Any] = OrderedDict()
_plugins: set[str] = set()


def pack(module: Any) -> bytes:
    return zlib.compress(module.bytecode(), 1)


def unpack(data: bytes) -> Any:
    return _native.Module.parse(zlib.decompress(data))


def _load_plugins(task: dict) -> None:
    for plugin in task.get("plugins", ()):
        if plugin not in _plugins:
            from .contracts import load_plugin
            load_plugin(plugin)
            _plugins.add(plugin)


def model_of(task: dict) -> Any:
    """The model, opened once; its hash must be the explorer's."""
    _load_plugins(task)
    path = task["model"]
    if path not in _models:
        model = _native.Model(path)
        if model.hash() != task["model_hash"]:
            raise InputError(f"{path}: not the explorer's model")
        _models[path] = model
    return _models[path]


def _of(error: Exception, path: Path | None = None) -> str:
    """Someone's exception on one line, with the line of `path` that it passed last."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if path and frame.filename == str(path)]
    return f"{f'line {lines[-1]}: ' if lines else ''}{type(error).__name__}: {first_line(error)}"


def function_of(text: str) -> Callable:
    """python:MODULE:FUNCTION or python:FILE.py:FUNCTION, a function from Module to Module."""
    try:
        _, where, name = text.split(":")
    except ValueError:
        raise InputError(f"{text!r}: expected python:MODULE:FUNCTION") from None
    if where.endswith(".py"):
        path = Path(where).resolve()
        if not path.is_file():
            raise InputError(f"{where}: no such file")
        name_of_module = f"ignis_step_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
        if name_of_module not in sys.modules:
            spec = importlib.util.spec_from_file_location(name_of_module, path)
            module = importlib.util.module_from_spec(spec)
            sys.modules[name_of_module] = module
            try:
                spec.loader.exec_module(module)
            except Exception as error:
                del sys.modules[name_of_module]
                raise InputError(f"{where}: {_of(error, path)}") from None
        module = sys.modules[name_of_module]
    else:
        try:
            module = importlib.import_module(where)
        except Exception as error:
            raise InputError(f"{text}: {_of(error)}") from None
    function = getattr(module, name, None)
    if not callable(function):
        raise InputError(f"{text}: no such function")
    return function


def apply(module: Any, text: str, report: bool = False) -> tuple[Any, dict | None, float]:
    """(new module, report, seconds) of one step."""
    if text.startswith("python:"):
        import time
        begin = time.perf_counter()
        made = function_of(text)(module)
        seconds = time.perf_counter() - begin
        if not isinstance(made, _native.Module):
            raise InputError(f"{text} returned {type(made).__name__}, expected ignis.Module")
        made.verify()
        return made, None, seconds
    made, facts, seconds, _ = _native.run_pipeline(module, text, report=report)
    return made, facts, seconds


def first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:500]


def expand(task: dict) -> dict:
    """Steps from one state: {"chain": texts from `module` to the state, "steps": {key: text}}."""
    _load_plugins(task)
    module = unpack(task["module"])
    for text in task["chain"]:
        module, _, _ = apply(module, text)
    if module.hash != task["hash"]:
        raise InputError(f"the state {task['hash']} came out as {module.hash}: a pass depends on more than its input")
    edges = {}
    for key, text in task["steps"].items():
        try:
            made, _, seconds = apply(module, text)
        except BaseException as error:  # of a pass, or of someone's function (sys.exit() too): a result
            edges[key] = {"error": first_line(error)}
        else:
            edges[key] = {"to": made.hash, "seconds": round(seconds, 6), "module": pack(made)}
    return {"hash": task["hash"], "edges": edges, "module": pack(module) if task["chain"] else None}


# What an objective may weigh: facts of one entry point.
OBJECTIVES = ("total_ops", "buffers", "bytes", "bound", "arena", "places", "activations_q8", "scratch", "barriers", "kernel_calls")
_WANTED = OBJECTIVES[:-2]


def facts_of(report: dict, at: int) -> dict[str, dict]:
    """The facts of each entry point that has some, from a report's entry `at`."""
    facts = {}
    for name, function in report["functions"].items():
        entry = function["passes"][at]
        if entry["total_ops"] and (entry["buffers"] or len(report["functions"]) == 1):
            facts[name] = {key: entry.get(key) for key in _WANTED} | {"ops": entry["ops"]}
    return facts


def describe_final(module: Any) -> dict[str, dict]:
    """Facts of a planned module, and its barriers and kernel calls once it is lowered."""
    _, report, _ = apply(module, "ignis-lower-pipeline", report=True)
    facts = facts_of(report, 0)
    for name in facts:
        passes = report["functions"][name]["passes"]
        facts[name]["barriers"] = next(entry["barriers"] or 0 for entry in passes if entry["pass"] == "ignis-insert-barriers")
        facts[name]["kernel_calls"] = passes[-1]["kernel_calls"]
    return facts


def judge_places(module: Any) -> None:
    """Hazard if ops of a planned module meet in memory: threads may compute the right logits all the same, by luck."""
    from .meaning import check_places
    check_places(apply(module, "func.func(ignis-insert-barriers)")[0])


def gate_logits(session: Any, gate: dict) -> np.ndarray:
    """Logits (rows, vocabulary) of the fixed prompts: of each prompt's beginning in chunks, then of
    its last `decode` ids one by one; with `score`, of every id of them too."""
    rows = []
    for prompt in gate["prompts"]:
        session.rewind(0)
        split = max(1, len(prompt) - gate["decode"])
        rows.append(session.feed(prompt[:split], chunk=gate["chunk"]))
        rows.extend(session.feed([token]) for token in prompt[split:])
        if gate.get("score"):
            session.rewind(0)
            rows.extend(session.score(prompt, chunk=gate["chunk"]))
    return np.stack(rows)


def _session(task: dict, packed: bytes, keep: bool) -> tuple[Any, Any]:
    """A session on the module; kept ones are found again by their hash."""
    key = (task["model"], hashlib.sha256(packed).hexdigest(), task["threads"], task.get("lowering", "kernels"))
    if key in _sessions:
        return _sessions[key]
    model = model_of(task)
    compiled = _native.compile(model, unpack(packed), lowering=task.get("lowering", "kernels"))
    session = _native.Session(compiled, threads=task["threads"])
    if keep:
        _sessions[key] = compiled, session
        while len(_sessions) > 3:
            _sessions.popitem(last=False)
    return compiled, session


def compare(logits: np.ndarray, wanted: np.ndarray, tolerance: float) -> tuple[bool, str | None, float]:
    """(right, reason, largest difference). Without a tolerance the bits decide."""
    if logits.shape != wanted.shape:
        return False, f"logits have shape {logits.shape}, expected {wanted.shape}", float("inf")
    if np.array_equal(logits.view(np.uint32), wanted.view(np.uint32)):
        return True, None, 0.0
    if not np.isfinite(logits).all():
        return False, f"{int((~np.isfinite(logits)).sum())} logits are not finite", float("inf")
    difference = np.abs(logits - wanted)
    worst = float(difference.max())
    if worst <= tolerance and tolerance > 0:
        return True, None, worst
    row, column = np.unravel_index(int(difference.argmax()), difference.shape)
    allowed = f"within {tolerance:g}" if tolerance else "the same bits"
    return False, (f"logits differ in {np.count_nonzero(difference.max(axis=1))} of {len(logits)} rows, most by "
                   f"{worst:.3g} (row {row}, id {column}); expected {allowed}"), worst


def measure(task: dict) -> dict:
    """A final state: its facts, and whether the compiled code computes the reference's logits."""
    model_of(task)
    wanted = np.load(task["reference"])
    if hashlib.sha256(wanted.tobytes()).hexdigest() != task["reference_digest"]:
        raise InputError(f"{task['reference']}: not the explorer's reference")
    module = unpack(task["module"])
    out: dict[str, Any] = {"hash": task["hash"], "ok": False, "reason": None, "facts": {}}
    stage = "facts"
    try:
        out["facts"] = describe_final(module)
        stage = "places"
        judge_places(module)
        stage = "compile"
        compiled, session = _session(task, task["module"], keep=False)
        out["compile_seconds"] = round(compiled.seconds, 4)
        stage = "run"
        logits = gate_logits(session, task["gate"])
        out["ok"], out["reason"], out["difference"] = compare(logits, wanted, task["tolerance"])
        out["digest"] = hashlib.sha256(logits.tobytes()).hexdigest()[:16]
        if "perplexity" in task:
            session.rewind(0)
            out["perplexity"] = session.perplexity(task["perplexity"])
    except Exception as error:  # a result
        out["reason"] = f"{stage}: {first_line(error)}"
    return out


def reference(task: dict) -> dict:
    """Compiles the reference and returns its logits."""
    _, session = _session(task, task["module"], keep=False)
    return {"logits": gate_logits(session, task["gate"])}


def time_pairs(task: dict) -> dict:
    """Seconds of candidate and default in turn: {"decode": [(default, candidate), ...], ...}. In each
    round both run, the one that begins alternates; a round's time is the least of its calls."""
    out: dict[str, list] = {}
    _, base = _session(task, task["default"], keep=True)
    compiled, candidate = _session(task, task["module"], keep=False)
    for kind, (calls, rows, depth) in task["kinds"].items():
        pairs = []
        for session in (base, candidate):
            session.time(2, rows, depth)
        for number in range(task["rounds"]):
            pair = {}
            for which in ((0, 1) if number % 2 == 0 else (1, 0)):
                pair[which] = min((base, candidate)[which].time(calls, rows, depth)) / rows
            pairs.append((pair[0], pair[1]))
        out[kind] = pairs
    return {"hash": task["hash"], "pairs": out}
