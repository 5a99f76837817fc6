# ===- experiment.py - experiments as data ----------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Reads python/experiments/*.toml (fusions-20m.toml shows the keys) into a space, a model and the
settings of search, correctness check and timing.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import contracts, work
from .contracts import Contract
from .errors import InputError
from .pipeline import Pass, Pipeline
from .space import Order, Space, Step

# The facts that hold of an imported module (ignis._native.facts); vacuously planned: it allocates nothing.
INITIAL = frozenset({"tensors", "planned", "barriers", "descriptors"})
PROMPTS = ("Once upon a time there was a king who had three sons, and the youngest of them",
           "\"What are you doing here?\" asked the old woman.", "The")


@dataclass
class Experiment:
    """What one file says."""

    path: Path
    question: str
    model_path: Path
    imports: dict[str, Any]
    space: Space
    default: Order
    plugins: list[str] = field(default_factory=list)
    search: dict[str, Any] = field(default_factory=dict)
    gate: dict[str, Any] = field(default_factory=dict)
    timing: dict[str, Any] = field(default_factory=dict)

    def open_model(self) -> Any:
        from . import _native
        return _native.Model(str(self.model_path))

    def root(self, model: Any) -> Any:
        return model.import_module(**self.imports)

    def reference_order(self) -> Order:
        """The least that is legal: the shortest order, which leaves every optional pass out."""
        if "reference" in self.search:
            return tuple(self.search["reference"])
        queue, seen = deque([(self.space.start, ())]), {self.space.start}
        while queue:
            node, order = queue.popleft()
            if self.space.final(node):
                return order
            for step, after in self.space.moves(node):
                if after not in seen and step.tolerance == 0:
                    seen.add(after)
                    queue.append((after, order + (step.key,)))
        raise InputError(f"{self.path}: the space has no legal order without a tolerance")

    def prompts(self, model: Any) -> list[list[int]]:
        room = self.imports["context"]
        return [model.tokenize(text)[:room] for text in self.gate.get("prompts", PROMPTS)]

    def identity(self, model_hash: str, root_hash: str, compiler: str) -> dict[str, str]:
        """What must agree for results to belong together."""
        steps = [[step.key, _content(step.text), step.group, step.required, step.tolerance,
                  sorted(step.contract.requires), sorted(step.contract.establishes), sorted(step.contract.invalidates)]
                 for step in self.space.steps.values()]
        plugins = [hashlib.sha256(Path(plugin).read_bytes()).hexdigest() for plugin in self.plugins]
        text = json.dumps([steps, sorted(self.space.initial), sorted(self.space.goal), *plugins])
        return {"model": model_hash, "module": root_hash, "compiler": compiler,
                "space": hashlib.sha256(text.encode()).hexdigest()[:16],
                "gate": hashlib.sha256(json.dumps(self.gate, sort_keys=True).encode()).hexdigest()[:16]}


def _content(text: str) -> str:
    """A step's text; that of a Python function in a file with what the file says instead of where it is."""
    if not text.startswith("python:") or not text.split(":")[1].endswith(".py"):
        return text
    _, path, function = text.split(":")
    return f"python:{Path(path).name}:{function}:{hashlib.sha256(Path(path).read_bytes()).hexdigest()}"


def _table(value: Any, keys: dict[str, type | tuple], where: str) -> dict:
    if not isinstance(value, dict):
        raise InputError(f"{where}: expected a table")
    for key, item in value.items():
        if key not in keys:
            raise InputError(f"{where}: unknown key {key!r}, expected {', '.join(keys)}")
        if not isinstance(item, keys[key]) or (isinstance(item, bool) and keys[key] is not bool):
            raise InputError(f"{where}.{key}: got {type(item).__name__} {item!r}")
    return value


_STEP = {"pass": str, "pipeline": str, "python": str, "options": dict, "key": str, "group": str, "required": bool,
         "tolerance": (int, float), "requires": list, "establishes": list, "invalidates": list}


def _step(value: Any, where: str, folder: Path, cleanup: str) -> Step:
    if isinstance(value, str):
        value = {"pass": value}
    _table(value, _STEP, where)
    kinds = [kind for kind in ("pass", "pipeline", "python") if kind in value]
    if len(kinds) != 1:
        raise InputError(f"{where}: expected one of pass, pipeline and python")
    kind = kinds[0]
    name = value[kind]
    if kind == "pass":
        item = Pass.of(name, **value.get("options", {}))
        text, contract = item.text, contracts.contract_of([name])
        key = value.get("key", item.bare)
    elif kind == "pipeline":
        pipeline = Pipeline.parse(name)
        text = pipeline.text.removeprefix("builtin.module(").removesuffix(")")
        contract = contracts.contract_of(inner for item in pipeline for inner in contracts.expanded(item.name))
        key = value.get("key", name)
    else:
        where_is, _, function = name.rpartition(":")
        path = str((folder / where_is).resolve()) if where_is.endswith(".py") else where_is
        text, contract, key = f"python:{path}:{function}", Contract(), value.get("key", function)
        work.function_of(text)
    if cleanup and kind != "python":
        text = f"{text},{cleanup}"
    contract = Contract(*(frozenset(value[part]) if part in value else getattr(contract, part)
                          for part in ("requires", "establishes", "invalidates")))
    return Step(key, text, contract, value.get("group", ""), value.get("required", False),
                float(value.get("tolerance", 0)))


def load(path: str | Path, model: str | None = None, plugins: list[str] = []) -> Experiment:
    """Reads an experiment; `model` and `plugins` come on top of what it says."""
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}") from None
    _table(data, {"question": str, "model": str, "plugins": list, "import": dict, "space": dict, "search": dict,
                  "gate": dict, "timing": dict}, str(path))
    folder = path.resolve().parent
    loaded = [str((folder / item).resolve()) for item in data.get("plugins", [])] + \
             [str(Path(item).resolve()) for item in plugins]
    for plugin in loaded:
        contracts.load_plugin(plugin)
    imports = {"context": 64, "chunk": 16, "kv": "f16", "entries": ["embed", "decode", "prefill"]} | _table(
        data.get("import", {}), {"context": int, "chunk": int, "kv": str, "entries": list}, f"{path}: import")
    described = _table(data.get("space", {}), {"steps": list, "initial": list, "goal": list, "default": list,
                                               "cleanup": str}, f"{path}: space")
    cleanup = described.get("cleanup", "")
    steps = [_step(value, f"{path}: space.steps[{number}]", folder, cleanup)
             for number, value in enumerate(described.get("steps", []))]
    space = Space(steps, frozenset(described["initial"]) if "initial" in described else INITIAL,
                  frozenset(described.get("goal", contracts.COMPILABLE)))
    default = tuple(described.get("default", []))
    wrong = space.check(default)
    if wrong:
        raise InputError(f"{path}: space.default: {wrong}")
    search = _table(data.get("search", {}), {"strategy": str, "orders": int, "seconds": (int, float), "seed": int,
                                             "objective": dict, "entry": str, "reference": list},
                    f"{path}: search")
    gate = {"decode": 3, "chunk": imports["chunk"], "threads": 2} | _table(
        data.get("gate", {}), {"prompts": list, "decode": int, "chunk": int, "threads": int, "perplexity": str},
        f"{path}: gate")
    timing = {"top": 12, "confirm": 2, "rounds": 15, "threads": 2, "decode_calls": 8, "decode_depth": 16,
              "prefill_calls": 2, "prefill_rows": imports["chunk"]} | _table(
        data.get("timing", {}), {key: int for key in ("top", "confirm", "rounds", "threads", "decode_calls", "decode_depth",
                                                      "prefill_calls", "prefill_rows")}, f"{path}: timing")
    return Experiment(path, data.get("question", ""), Path(model) if model else folder / data.get("model", ""),
                      imports, space, default, loaded, search, gate, timing)
