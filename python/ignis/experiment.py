# ===- experiment.py - experiments as data ----------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""Reads python/experiments/*.toml into a space, a model and the settings of search, correctness check and timing.
docs/Experiments.md says what the keys mean, keys.py what they may be.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import contracts, keys, work
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
            return tuple(self.search["reference"])  # legal: load() checked it
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
        """Ids of the prompts, and of one that goes on with them until it has `gate.long` ids."""
        room, long = self.imports["context"], self.gate["long"]
        prompts = []
        for number, text in enumerate(self.gate.get("prompts", PROMPTS)):
            prompts.append(model.tokenize(text)[:room])
            if not prompts[-1]:
                raise InputError(f"{self.path}: gate.prompts[{number}]: expected a text of one id or more, got {text!r}")
        everything = [token for prompt in prompts for token in prompt]
        return prompts + [[everything[at % len(everything)] for at in range(long)]] * bool(long)

    def perplexity(self, model: Any) -> list[int] | None:
        """Ids of the text whose perplexity is recorded, if there is one."""
        if "perplexity" not in self.gate:
            return None
        path = self.path.resolve().parent / self.gate["perplexity"]
        try:
            return model.tokenize(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: {error}") from None

    def identity(self, model_hash: str, root_hash: str, compiler: str) -> dict[str, str]:
        """What must agree for results to belong together."""
        steps = [[step.key, _content(step.text), step.group, step.required, step.tolerance,
                  sorted(step.contract.requires), sorted(step.contract.establishes), sorted(step.contract.invalidates)]
                 for step in self.space.steps.values()]
        timed = [list(self.default), {key: value for key, value in self.timing.items() if key not in ("top", "confirm", "rounds")}]
        plugins = [hashlib.sha256(Path(plugin).read_bytes()).hexdigest() for plugin in self.plugins]
        text = json.dumps([steps, sorted(self.space.initial), sorted(self.space.goal), *plugins])
        return {"model": model_hash, "module": root_hash, "compiler": compiler,
                "space": hashlib.sha256(text.encode()).hexdigest()[:16],
                "timing or default order": hashlib.sha256(json.dumps(timed, sort_keys=True).encode()).hexdigest()[:16],
                "gate": hashlib.sha256(json.dumps({"prompts": PROMPTS} | self.gate, sort_keys=True).encode()).hexdigest()[:16]}


def _content(text: str) -> str:
    """A step's text; that of a Python function in a file with what the file says instead of where it is."""
    if not text.startswith("python:") or not text.split(":")[1].endswith(".py"):
        return text
    _, path, function = text.split(":")
    return f"python:{Path(path).name}:{function}:{hashlib.sha256(Path(path).read_bytes()).hexdigest()}"


def _step(value: Any, where: str, folder: Path, cleanup: str) -> Step:
    file, label = where.rsplit(": ", 1)
    value = keys.checked({"pass": value} if isinstance(value, str) else value, "space.steps", file, label)
    kinds = [kind for kind in ("pass", "pipeline", "python") if kind in value]
    if len(kinds) != 1:
        raise InputError(f"{where}: expected one of pass, pipeline and python, got {' and '.join(kinds) or 'none'}")
    kind = kinds[0]
    name = value[kind]
    if kind != "pass" and "options" in value:
        raise InputError(f"{where}.options: expected only beside pass, got it beside {kind}")
    try:
        text, contract, key = _read_step(kind, name, value.get("options", {}), folder)
    except InputError as error:
        raise InputError(f"{where}.{kind}: {error}") from None
    if cleanup and kind != "python":
        text = f"{text},{cleanup}"
    contract = Contract(*(frozenset(value[part]) if part in value else getattr(contract, part)
                          for part in ("requires", "establishes", "invalidates")))
    return Step(value.get("key", key), text, contract, value.get("group", ""), value.get("required", False),
                float(value.get("tolerance", 0)))


def _read_step(kind: str, name: str, options: dict, folder: Path) -> tuple[str, Contract, str]:
    """(text for --pass-pipeline, contract, key) of a step."""
    from . import _native
    if kind == "python":
        where_is, _, function = name.rpartition(":")
        path = str((folder / where_is).resolve()) if where_is.endswith(".py") else where_is
        text = f"python:{path}:{function}"
        work.function_of(text)
        return text, Contract(), function
    if kind == "pass":
        item = Pass.of(name, **options)
        pipeline, key = Pipeline.of(item), item.bare
        contract = contracts.contract_of([name])
    else:
        pipeline, key = Pipeline.parse(name), name
        contract = contracts.contract_of(inner for item in pipeline for inner in contracts.expanded(item.name))
    for item in pipeline:
        contracts.check_options(item.name, item.options)
    if not len(pipeline):
        raise InputError(f"{name!r}: expected a pass or more")
    _native.check_pipeline(pipeline.text)
    return pipeline.text.removeprefix("builtin.module(").removesuffix(")"), contract, key


def load(path: str | Path, model: str | None = None, plugins: list[str] = []) -> Experiment:
    """Reads an experiment; `model` and `plugins` come on top of what it says."""
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}") from None
    file, folder = str(path), path.resolve().parent
    keys.checked(data, "", file)
    tables = ("import", "space", "search", "gate", "timing")
    for table in tables:
        keys.checked(data.get(table, {}), table, file)
    imports, described, search, gate, timing = (keys.filled(data, table, file) for table in tables)
    _check_numbers(imports, search, gate, timing, file)
    loaded = [str((folder / item).resolve()) for item in data.get("plugins", [])] + \
             [str(Path(item).resolve()) for item in plugins]
    for plugin in loaded:
        contracts.load_plugin(plugin)
    cleanup = described["cleanup"]
    if cleanup:
        try:
            _read_step("pipeline", cleanup, {}, folder)
        except InputError as error:
            raise InputError(f"{file}: space.cleanup: {error}") from None
    steps = [_step(value, f"{file}: space.steps[{number}]", folder, cleanup)
             for number, value in enumerate(described["steps"])]
    initial = frozenset(described.get("initial", INITIAL))
    try:
        space = Space(steps, initial, frozenset(described.get("goal", contracts.COMPILABLE)))
    except InputError as error:
        raise InputError(f"{file}: space.steps: {error}") from None
    _check_facts(space, file)
    default = tuple(described["default"])
    for key, order in (("space.default", default), ("search.reference", tuple(search.get("reference", default)))):
        wrong = space.check(order)
        if wrong:
            raise InputError(f"{file}: {key}: {wrong}")
    if not model and not data.get("model"):
        raise InputError(f"{file}: model is missing, expected the path of a GGUF file (or --model)")
    return Experiment(path, data.get("question", ""), Path(model) if model else folder / data["model"],
                      imports, space, default, loaded, search, gate, timing)


def _check_numbers(imports: dict, search: dict, gate: dict, timing: dict, file: str) -> None:
    """What one key's value says about another's."""
    def at_most(table: str, values: dict, key: str, most: int, what: str) -> None:
        if values[key] > most:
            raise InputError(f"{file}: {table}.{key}: expected {what}, {most}, at most, got {values[key]}")
    if imports["context"] % 16:
        raise InputError(f"{file}: import.context: expected a multiple of 16, got {imports['context']}")
    at_most("import", imports, "chunk", imports["context"], "import.context")
    for entry in ("embed", "decode", "prefill"):
        if entry not in imports["entries"]:
            raise InputError(f"{file}: import.entries: expected {entry} among them, got {imports['entries']!r}")
    if search["entry"] not in imports["entries"] or search["entry"] == "embed":
        among = ", ".join(entry for entry in imports["entries"] if entry != "embed")
        raise InputError(f"{file}: search.entry: expected one of {among}, got {search['entry']!r}")
    for key in search["objective"]:
        if key not in work.OBJECTIVES:
            raise InputError(f"{file}: unknown key search.objective.{key}, expected one of {', '.join(work.OBJECTIVES)}")
    at_most("gate", gate, "long", imports["context"], "import.context")
    at_most("gate", gate, "chunk", imports["chunk"], "import.chunk")
    at_most("timing", timing, "prefill_rows", imports["chunk"], "import.chunk")
    at_most("timing", timing, "decode_depth", imports["context"] - 1, "import.context - 1")


def _check_facts(space: Space, file: str) -> None:
    """A fact that somebody names must be one of the compiler's, or be made by one step and asked for by another."""
    from . import _native
    facts = {fact["name"] for fact in _native.contracts()["facts"]}
    steps = list(space.steps.values())
    made = space.initial.union(*(step.contract.establishes for step in steps))
    asked = space.goal.union(*(step.contract.requires | step.contract.invalidates for step in steps))
    known = f"expected one of the compiler's, {', '.join(sorted(facts))}, or one"
    for fact in sorted(space.initial - facts - asked):
        raise InputError(f"{file}: space.initial: unknown fact {fact!r}, {known} that a step requires")
    for fact in sorted(space.goal - facts - made):
        raise InputError(f"{file}: space.goal: unknown fact {fact!r}, {known} that a step establishes")
    for number, step in enumerate(steps):
        for fact in sorted(step.contract.requires - facts - made):
            raise InputError(f"{file}: space.steps[{number}].requires: unknown fact {fact!r}, {known} that a step establishes")
