# ===- results.py - append-only results with provenance ---------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Results are JSON lines, only ever appended. Kinds of records:

* run        what was run: experiment, commit, CPU, LLVM, compiler, model, seed, command
* edge       a step from one state to another, or why it failed
* order      an order that was tried, and the state that it ends in
* measure    a final state, once: correct or not and why, compile time, barriers, kernel calls
* timing     paired ratios of a final state's speed to the default order's
* reference  SHA-256 of the logits that are right, which are kept beside the results
* done       the search came to its end

A process that dies may leave half a line at the end: it is ignored, and what it said is done anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import platform
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Callable, Iterable, Iterator

from .errors import InputError


def _text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _facts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(facts, dict) and {"total_ops", "barriers", "arena"} <= facts.keys() and all(
        fact is None or (isinstance(fact, dict) if key == "ops" else _number(fact)) for key, fact in facts.items())
        and _number(facts["total_ops"]) and _number(facts["barriers"]) for facts in value.values())


def _pairs(value: object) -> bool:
    return isinstance(value, dict) and {"decode", "prefill"} <= value.keys() and all(
        isinstance(pairs, list) and pairs and all(isinstance(pair, list) and len(pair) == 2 and all(
            _number(time) and time > 0 for time in pair) for pair in pairs) for pairs in value.values())


def _identity(value: object) -> bool:
    return isinstance(value, dict) and all(map(_text, value.values()))


# kind: key: (what is expected, whether a value is that)
_Check = tuple[str, Callable[[object], bool]]
_TEXT: _Check = "a string", _text
_TEXTS: _Check = "a list of strings", _texts
_TEXT_OR_NULL: _Check = "a string or null", lambda value: value is None or _text(value)
_KEYS: dict[str, dict[str, _Check]] = {
    "run": {"identity": ("an object of strings", _identity), "question": _TEXT, "experiment": _TEXT, "model_path": _TEXT, "model": _TEXT,
            "plugins": _TEXTS, "default": _TEXTS, "command": ("a list of strings, not empty", lambda value: _texts(value) and bool(value)),
            "steps": ("an object", lambda value: isinstance(value, dict))},
    "edge": {"from": _TEXT, "step": _TEXT},
    "order": {"order": _TEXTS, "hash": _TEXT_OR_NULL},
    "measure": {"hash": _TEXT, "ok": ("true or false", lambda value: isinstance(value, bool)), "reason": _TEXT_OR_NULL,
                "facts": ("facts of entry points", _facts)},
    "timing": {"hash": _TEXT, "default": _TEXT, "pairs": ("pairs of seconds for decode and prefill", _pairs)},
    "reference": {"digest": _TEXT},
}


def _fault(record: object) -> str | None:
    """What a record lacks to be one."""
    if not isinstance(record, dict) or not _text(record.get("kind")):
        return "expected an object with the key 'kind'"
    for key, (words, holds) in _KEYS.get(record["kind"], {}).items():
        if key not in record or not holds(record[key]):
            got = f"{record[key]!r:.80}" if key in record else "none"
            return f"expected {words} for {key!r} in a record of kind {record['kind']!r}, got {got}"
    if record["kind"] == "edge" and not _text(record.get("to", record.get("error"))):
        return "expected a string for 'to' or 'error' in a record of kind 'edge'"
    return None


def read(path: str | os.PathLike) -> Iterator[dict]:
    """The records of a file; half a line at its end is left out."""
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                record = json.loads(line)
            except ValueError:
                raise InputError(f"{path}:{number}: not a JSON record") from None
            fault = _fault(record)
            if fault:
                raise InputError(f"{path}:{number}: {fault}")
            yield record


_BEGIN = b'{"kind":"'  # what append() begins a line with


@dataclass
class Known:
    """What a results file says, by key."""

    runs: list[dict] = field(default_factory=list)
    edges: dict[tuple[str, str], dict] = field(default_factory=dict)
    orders: dict[tuple[str, ...], dict] = field(default_factory=dict)
    measures: dict[str, dict] = field(default_factory=dict)
    timings: dict[str, list[dict]] = field(default_factory=dict)
    done: list[dict] = field(default_factory=list)
    reference: str | None = None

    def add(self, record: dict) -> None:
        kind = record["kind"]
        if kind == "run":
            self.runs.append(record)
        elif kind == "edge":
            self.edges[record["from"], record["step"]] = record
        elif kind == "order":
            self.orders[tuple(record["order"])] = record
        elif kind == "measure":
            self.measures[record["hash"]] = record
        elif kind == "timing":
            self.timings.setdefault(record["hash"], []).append(record)
        elif kind == "reference":
            self.reference = record["digest"]
        elif kind == "done":
            self.done.append(record)


class Results:
    """A results file; what it holds is in `known`. With an `identity` it is open for appending, by one process
    at a time, and belongs to that identity alone; without, it is only read, perhaps while it grows."""

    def __init__(self, path: str | os.PathLike, identity: dict | None = None):
        self.path = Path(path)
        self.known = Known()
        self._file: IO[bytes] | None = None
        if identity is None:
            for record in read(self.path):
                self.known.add(record)
            return
        if self.path.exists() and not self.path.is_file() and not self.path.is_dir():  # open() refuses a directory itself
            raise InputError(f"{self.path}: expected a regular file, got a device or pipe")
        self._file = open(self.path, "a+b")
        try:
            self._begin(identity)
        except BaseException:
            self.close()
            raise

    def _begin(self, identity: dict) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"{self.path}: another exploration is writing it") from None
        for record in read(self.path):
            self.known.add(record)
        for run in self.known.runs:
            differing = [key for key in identity if run["identity"].get(key) != identity[key]]
            if differing:
                raise InputError(f"{self.path}: made with another {' and '.join(differing)}; expected the same, "
                                 "or another file for these results")
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        half = data[whole:].rstrip(b"\0")  # Zeros are what a machine that stopped leaves.
        if half[:len(_BEGIN)] != _BEGIN[:len(half)]:
            raise InputError(f"{self.path}: expected records of results, got {half[:40]!r}")
        if whole < len(data):  # Half a line of a process that died.
            self._file.truncate(whole)

    def append(self, kind: str, **values: object) -> dict:
        """Writes a record and hands it to the system before it returns."""
        record = {"kind": kind, **values}
        try:
            self._file.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")
            self._file.flush()
        except OSError as error:  # the disk is full, say: half a line may be there, which the next run takes away
            raise OSError(error.errno, error.strerror, str(self.path)) from None
        self.known.add(record)
        return record

    def sync(self) -> None:
        os.fsync(self._file.fileno())

    def close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            try:
                file.close()
            except OSError:  # append() said so
                pass

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()


def _output(*command: str) -> str | None:
    try:
        return subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True,
                              timeout=60, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def digest(paths: Iterable[str | os.PathLike]) -> str:
    """SHA-256 of files, shortened: the identity of a compiler."""
    hashed = hashlib.sha256()
    for path in paths:
        hashed.update(Path(path).read_bytes())
    return hashed.hexdigest()[:16]


def provenance(model_hash: str, seed: int) -> dict:
    """Where results come from."""
    from . import _native
    commit = _output("git", "rev-parse", "HEAD")
    changed = _output("git", "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit + ("+changes" if changed else "") if commit else None, "cpu": _cpu(),
            "cores": os.cpu_count(), "llvm": _native.llvm_version, "ignis": _native.__version__,
            "compiler": digest([_native.compiler_library()]), "model": model_hash, "seed": seed,
            "python": platform.python_version(), "command": [Path(sys.argv[0]).name, *sys.argv[1:]]}
