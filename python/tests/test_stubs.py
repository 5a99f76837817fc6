# ===- test_stubs.py - the types of the native module are those it has -------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""python/ignis/_native.pyi names everything in ignis._native, with its parameters and defaults, and nothing else."""

import ast
import re
from pathlib import Path

import ignis
from ignis import _native

STUB = Path(ignis.__file__).with_name("_native.pyi")
TYPES_ONLY = {"Buffer", "Ids", "MemoryOf", "Plan", "Generated"}  # names of types, not of things in the module


def parameters(node, method):
    """[(name, default as text or None, keyword only)] of a stub's function."""
    arguments = node.args
    names = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(names) - len(arguments.defaults)) + arguments.defaults
    listed = [(name.arg, default, False) for name, default in zip(names, defaults)]
    listed += [(name.arg, default, True) for name, default in zip(arguments.kwonlyargs, arguments.kw_defaults)]
    static = any(getattr(item, "id", "") == "staticmethod" for item in node.decorator_list)
    return [(name, None if default is None else shown(default), keyword) for name, default, keyword in listed[method and not static:]]


def shown(default):
    """A default as Python writes it; ... where the stub does not say."""
    return ... if getattr(default, "value", None) is ... else repr(ast.literal_eval(default))


def of_docstring(text, method):
    """The same from the signature that pybind11 writes."""
    inner = text[text.index("(") + 1:text.index(") ->")]
    listed, keyword = [], False
    if not inner:
        return listed
    for part in re.split(r",\s(?=\w+: |\*(?:,|$)|\w+$)", inner):
        name, _, default = part.partition(":")
        if part == "*":
            keyword = True
            continue
        value = default.partition(" = ")[2] or None
        listed.append((name.strip(), ... if value == "[]" else value, keyword))
    return listed[1:] if method and listed and listed[0][0] in ("self", "arg0") else listed


def public(thing):
    return {name for name in vars(thing) if not name.startswith("_") or name == "__version__"}


def test_every_name_and_parameter():
    tree = ast.parse(STUB.read_text())
    named = {}
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            named[node.name] = node
        elif isinstance(node, ast.AnnAssign):
            named[node.target.id] = node
        elif isinstance(node, ast.Assign):
            named[node.targets[0].id] = node
    assert set(named) - TYPES_ONLY == public(_native)
    checked = 0
    for name, node in named.items():
        if name in TYPES_ONLY:
            continue
        thing = getattr(_native, name)
        if isinstance(node, ast.FunctionDef):
            assert parameters(node, False) == of_docstring(thing.__doc__, False), name
            checked += 1
        elif isinstance(node, ast.ClassDef):
            members = {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}
            assert {item for item in members if not item.startswith("_")} == public(thing), name
            for member, item in members.items():
                known = getattr(thing, member)
                if isinstance(known, property):
                    assert any(getattr(mark, "id", "") == "property" for mark in item.decorator_list), (name, member)
                elif member != "__str__":
                    assert parameters(item, True) == of_docstring(known.__doc__, True), (name, member)
                    checked += 1
    assert checked > 30


def test_every_function_says_what_it_does():
    for name in sorted(public(_native)):
        thing = getattr(_native, name)
        if callable(thing):
            assert len(re.sub(r"^.*?->.*$", "", thing.__doc__ or "", flags=re.M).strip()) > 10, name
        for member in public(thing) if isinstance(thing, type) else ():
            known = getattr(thing, member)
            if not isinstance(known, property):
                assert len(known.__doc__.split("\n", 1)[-1].strip()) > 10, (name, member)


def test_the_package_is_typed_and_offers_what_it_says():
    assert STUB.with_name("py.typed").is_file()
    for name in ignis._NATIVE:
        assert getattr(ignis, name) is getattr(_native, name) and name in dir(ignis)
