# ===- pipeline.py - passes and pipelines as values -------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Immutable passes and pipelines, and the text that `ignis-opt --pass-pipeline` takes.

    Pipeline.of("ignis-fuse-rms-norm", Pass.of("ignis-plan-memory", planner="exact")).text
    Pipeline.parse("builtin.module(func.func(ignis-fuse-swiglu),ignis-bufferize-pipeline)")
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Iterator

from .errors import InputError


@lru_cache(maxsize=None)
def anchor_of(name: str) -> str:
    """"" if the pass runs on modules, "func.func" if on functions; InputError if there is none."""
    from . import _native
    try:
        _native.check_pipeline(name)
        return ""
    except InputError as first:
        try:
            _native.check_pipeline(f"func.func({name})")
            return "func.func"
        except InputError:
            raise first from None


@dataclass(frozen=True)
class Pass:
    """One pass (or registered pipeline) with its options."""

    name: str
    options: tuple[tuple[str, str], ...] = ()
    anchor: str = ""

    @staticmethod
    def of(name: str, **options: object) -> Pass:
        """A registered pass; its anchor is looked up."""
        pairs = tuple((key.replace("_", "-"), str(value).lower() if isinstance(value, bool) else str(value))
                      for key, value in options.items())
        return Pass(name, pairs, anchor_of(name))

    @property
    def bare(self) -> str:
        """The pass without its anchor: name{option=value ...}."""
        if not self.options:
            return self.name
        return f"{self.name}{{{' '.join(f'{key}={value}' for key, value in self.options)}}}"

    @property
    def text(self) -> str:
        return f"{self.anchor}({self.bare})" if self.anchor else self.bare


@dataclass(frozen=True)
class Pipeline:
    """Passes in order."""

    passes: tuple[Pass, ...]

    @staticmethod
    def of(*passes: Pass | str) -> Pipeline:
        return Pipeline(tuple(Pass.of(item) if isinstance(item, str) else item for item in passes))

    @property
    def text(self) -> str:
        """For --pass-pipeline; neighbours of one anchor share it."""
        groups: list[tuple[str, list[str]]] = []
        for item in self.passes:
            if not groups or groups[-1][0] != item.anchor:
                groups.append((item.anchor, []))
            groups[-1][1].append(item.bare)
        inner = ",".join(f"{anchor}({','.join(names)})" if anchor else ",".join(names) for anchor, names in groups)
        return f"builtin.module({inner})"

    @staticmethod
    def parse(text: str) -> Pipeline:
        """From text, with or without builtin.module(...) around it."""
        return Pipeline(tuple(_parse(text)))

    def __iter__(self) -> Iterator[Pass]:
        return iter(self.passes)

    def __len__(self) -> int:
        return len(self.passes)


def _split(text: str, separator: str) -> list[str]:
    """`text` at separators that no bracket or quote encloses."""
    parts, depth, quote, start = [], 0, "", 0
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "({[":
            depth += 1
        elif char in ")}]":
            depth -= 1
            if depth < 0:
                raise InputError(f"pass pipeline: {char!r} at {at} closes nothing")
        elif char == separator and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    if depth or quote:
        raise InputError(f"pass pipeline: {text!r}: a bracket or quote is not closed")
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def _parse(text: str, anchor: str = "") -> Iterator[Pass]:
    for part in _split(text, ","):
        nested = re.fullmatch(r"([\w.]+)\((.*)\)", part, re.DOTALL)
        if nested:
            inner = nested[1]
            yield from _parse(nested[2], "" if inner == "builtin.module" else inner)
            continue
        match = re.fullmatch(r"([\w.-]+)(?:\{(.*)\})?", part, re.DOTALL)
        if not match:
            raise InputError(f"pass pipeline: {part!r}: expected NAME, NAME{{OPTIONS}} or ANCHOR(PASSES)")
        options = []
        for option in _split(match[2] or "", " "):
            key, _, value = option.partition("=")
            options.append((key, value))
        yield Pass(match[1], tuple(options), anchor)
