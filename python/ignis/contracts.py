# ===- contracts.py - what passes require, establish and invalidate ---------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Contracts of passes, from the compiler's own registry (docs/Contracts.md).

A fact is a property of the IR. A pass may run where all facts that it requires hold; afterwards what
it invalidates no longer holds and what it establishes does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Iterable

from .errors import InputError

Facts = frozenset[str]


@dataclass(frozen=True)
class Contract:
    """What one pass asks of the facts and does to them."""

    requires: Facts = frozenset()
    establishes: Facts = frozenset()
    invalidates: Facts = frozenset()

    def allows(self, facts: Facts) -> bool:
        return self.requires <= facts

    def after(self, facts: Facts) -> Facts:
        """The facts after the pass, given those before it."""
        return (facts - self.invalidates) | self.establishes

    def then(self, other: Contract) -> Contract:
        """The contract of two passes that run one after the other; InputError if they never can."""
        lost = other.requires & (self.invalidates - self.establishes)
        if lost:
            raise InputError(f"{' '.join(sorted(lost))}: required by a pass, but invalidated before it")
        return Contract(self.requires | (other.requires - self.establishes),
                        (self.establishes - other.invalidates) | other.establishes,
                        (self.invalidates - other.establishes) | (other.invalidates - other.establishes))


@dataclass(frozen=True)
class PassInfo:
    """A pass as the compiler lists it."""

    name: str
    summary: str
    options: tuple[tuple[str, str], ...]  # (name, default)
    contract: Contract


@lru_cache(maxsize=None)
def registry() -> dict[str, PassInfo]:
    """All passes with a contract, by name; a plugin's are there once it is loaded."""
    from . import _native
    listed = {}
    for entry in _native.contracts()["passes"]:
        options = tuple((name, str(default)) for name, default in entry["options"].items())
        contract = Contract(frozenset(entry["requires"]), frozenset(entry["establishes"]),
                            frozenset(entry["invalidates"]))
        listed[entry["name"]] = PassInfo(entry["name"], entry.get("summary", ""), options, contract)
    return listed


def load_plugin(path: str) -> list[PassInfo]:
    """Loads a plugin; its passes and contracts join the registry. Returns those that are new or have
    another contract now."""
    from . import _native
    before = registry()
    _native.load_plugin(path)
    registry.cache_clear()
    return [info for name, info in registry().items() if before.get(name) != info]


def contract_of(names: Iterable[str]) -> Contract:
    """The contract of passes in sequence; one without a contract changes no fact."""
    result = Contract()
    for name in names:
        info = registry().get(name)
        if info:
            try:
                result = result.then(info.contract)
            except InputError as error:
                raise InputError(f"{name}: {error}") from None
    return result


_VALUES = (("true or false", r"true|false|0|1"), ("an integer", r"[+-]?(0[xX][0-9a-fA-F]+|\d+)"),
           ("a number", r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"))


def check_options(name: str, options: Iterable[tuple[str, str]]) -> None:
    """InputError for an option that the pass does not have, or a value of another kind than its default. (A pass
    without a contract may have any.)"""
    info = registry().get(name)
    known = dict(info.options) if info else {}
    for key, value in options if info else ():
        if key not in known:
            raise InputError(f"{name}: unknown option {key!r}, expected one of {', '.join(known) or 'none'}")
        default = known[key]
        for what, pattern in _VALUES:
            if re.fullmatch(pattern, default) and (what[0] == "t") == (default in ("true", "false")):
                if not re.fullmatch(pattern, value):
                    raise InputError(f"{name}: option {key}: expected {what}, got {value!r}")
                break


def require(name: str) -> PassInfo:
    """The pass of that name, or InputError."""
    found = registry().get(name)
    if not found:
        raise InputError(f"no pass {name!r} with a contract; known: {', '.join(sorted(registry()))}")
    return found


# What must hold before the lower phase.
COMPILABLE = frozenset({"void-entries", "planned", "attention-split", "rounded"})


def expanded(name: str) -> list[str]:
    """The passes of a registered pipeline; a pass is itself."""
    from . import _native
    for pipeline in _native.contracts()["pipelines"]:
        if pipeline["name"] == name:
            return list(pipeline["passes"])
    return [name]
