# ===- blame.py - which pass is wrong, and the smallest module that shows it -------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""`python -m ignis reduce MODEL --pass-pipeline=ORDER`: runs an order pass by pass and asks the
interpreter (ignis.interpreter) after each whether the module still means the same. The first pass after
which it does not is to blame; then as many ops as possible are left out of the module before that pass,
while the pass still breaks what is left.

The passes that the compiler adds behind an order (to bufferize, plan and insert barriers) are judged with
it. What comes after them is code: if all IR means the same but the compiled logits are others, the lower
phase is to blame, `ignis-lower-ops` if the reference lowering is right.
"""

from __future__ import annotations

import argparse
import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterable

import numpy as np

from . import check, meaning, work
from .codecheck import judge_code
from .errors import InputError, note
from .meaning import Outputs, Weights
from .output import atomic
from .pipeline import Pass, Pipeline


@dataclass
class Step:
    label: str  # the pass's name
    text: str  # for --pass-pipeline


@dataclass
class Verdict:
    """Who is to blame. `index` counts steps from 0; None: nobody."""

    index: int | None = None
    blamed: str = ""
    reason: str = ""
    steps: list[str] = field(default_factory=list)
    before: Any = None  # the module that the blamed pass got
    text: str = ""  # the blamed step, for --pass-pipeline
    outputs: Outputs = field(default_factory=dict)
    imported: Any = None  # the first module
    after: Any = None  # the last
    reduced: Any = None
    kind: str = ""  # failed, meaning, memory, code


def steps_of(pipeline: str) -> list[Step]:
    """Every pass of a pipeline on its own, registered pipelines taken apart. Python functions stand among
    the passes, as reports of experiments print them."""
    from . import _native
    inner = pipeline.strip()
    if inner.startswith("builtin.module(") and inner.endswith(")"):
        inner = inner.removeprefix("builtin.module(").removesuffix(")")
    steps: list[Step] = []
    for text in _parts(inner):
        if text.startswith("python:"):
            work.function_of(text)
            steps.append(Step(text.rsplit(":", 1)[1], text))
        else:
            full = _native.check_pipeline(text)
            steps += [Step(item.name, item.text) for item in Pipeline.parse(full) if not _only_checks(item)]
    return steps


def _parts(text: str) -> list[str]:
    """What stands between the commas outside all brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "({") - (character in ")}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _only_checks(item: Pass) -> bool:
    return item.name in ("ignis-check-contracts", "ignis-verify-phase")


def tail_of(module: Any) -> list[Step]:
    """What the compiler runs behind an order, up to the barriers."""
    from . import _native
    facts = set(_native.facts(module))
    pipelines = []
    if "buffers" not in facts:
        pipelines.append("ignis-bufferize-pipeline")
    if not {"attention-split", "rounded"} <= facts or "buffers" not in facts or not _planned(module):
        pipelines.append("ignis-plan-pipeline{fuse-rounding=true}")
    steps = steps_of(",".join(pipelines)) if pipelines else []
    return steps + [Step("ignis-insert-barriers", "func.func(ignis-insert-barriers)")]


def _planned(module: Any) -> bool:
    return any(argument["attributes"].get("ignis.role") == "arena" for function in module.describe().values()
               for argument in function["arguments"])


def trace(module: Any, steps: Iterable[Step], weights: Weights, tolerance: float = 0.0,
          complete: bool = True) -> Verdict:
    """Runs the steps and judges every new state."""
    steps = list(steps)
    verdict = Verdict(steps=[step.label for step in steps], imported=module, after=module)
    wanted = meaning.evaluate(module, weights)
    verdict.outputs = wanted
    known = {module.hash}
    at, added = 0, not complete
    while True:
        if at == len(steps):
            if added:
                return verdict
            tail, added = tail_of(module), True
            steps += tail
            verdict.steps += [step.label for step in tail]
            continue
        step = steps[at]

        def blame(reason: str, kind: str) -> Verdict:
            verdict.index, verdict.blamed, verdict.reason, verdict.kind = at, step.label, reason, kind
            verdict.before, verdict.text = module, step.text
            return verdict

        try:
            after, _, _ = work.apply(module, step.text)
        except Exception as error:
            return blame(f"the pass fails: {work.first_line(error)}", "failed")
        if after.hash not in known:
            known.add(after.hash)
            try:
                got = meaning.evaluate(after, weights, check_barriers=check.sets_barriers(step.text))
            except InputError as error:
                return blame(work.first_line(error), "memory")
            where, worst = meaning.difference(got, wanted)
            if where is not None and not worst <= tolerance:
                return blame(f"{where} differs" + (f" by {worst:.3g}" if np.isfinite(worst) else ""), "meaning")
        module = verdict.after = after
        at += 1


def only(module: Any, names: list[str]) -> Any:
    """The module with these functions alone."""
    from . import _native
    kept, skipping = [], False
    for line in str(module).splitlines():
        if line.startswith("  func.func "):
            skipping = line.split("@", 1)[1].split("(", 1)[0] not in names
        if not skipping:
            kept.append(line)
        skipping = skipping and line != "  }"
    return _native.Module.parse("\n".join(kept))


class Reducer:
    """Leaves ops out of `module` while `text` still breaks it."""

    def __init__(self, module: Any, step: Step, kind: str, weights: Weights, reason: str = ""):
        self.module, self.step, self.kind, self.weights, self.reason = module, step, kind, weights, reason
        self.tests = 0

    def _shows(self, function: str, ops: list[int]) -> Any:
        """The extracted module if the pass breaks it, else None."""
        from . import _native
        self.tests += 1
        try:
            module = _native.extract(self.module, function, ops)
            before = meaning.evaluate_functions(module, self.weights)
        except InputError:
            return None  # not a module of its own
        try:
            after, _, _ = work.apply(module, self.step.text)
        except Exception as error:  # a Python function's may be of any kind
            same = work.first_line(error)[:40] == self.reason.removeprefix("the pass fails: ")[:40]
            return module if self.kind == "failed" and same else None
        if self.kind == "failed":
            return None
        try:
            got = meaning.evaluate_functions(after, self.weights, check.sets_barriers(self.step.text))
        except InputError:
            return module if self.kind == "memory" else None
        where, _ = meaning.difference(got, before)
        return module if where is not None else None

    def _entries(self) -> Any:
        """The module with as few entry points as show it: for what depends on their arguments' roles."""
        names = [name for name in self.module.describe() if name != "embed"]
        for count in range(1, len(names) + 1):
            for kept in itertools.combinations(names, count):
                self.tests += 1
                try:
                    module = only(self.module, ["embed", *kept])
                    wanted = meaning.evaluate(module, self.weights)
                except InputError:
                    continue
                if check.broken(module, self.step.text, self.weights, wanted)[0] == self.kind:
                    return module
        return None

    def run(self) -> Any:
        """The smallest module found; None if nothing less than the whole shows it."""
        best, ops, name = None, [], ""
        for candidate, function in sorted(self.module.describe().items(), key=lambda item: len(item[1]["ops"])):
            everything = list(range(len(function["ops"])))
            module = self._shows(candidate, everything)
            if module is not None:
                best, ops, name = module, everything, candidate
                break
        if best is None:
            return self._entries()
        pieces = 2
        while len(ops) > 1:
            size = -(-len(ops) // pieces)
            chunks = [ops[at:at + size] for at in range(0, len(ops), size)]
            found = None
            for chunk in chunks:
                module = self._shows(name, chunk)
                if module is not None:
                    found, best, pieces = chunk, module, 2
                    break
            else:
                for number in range(len(chunks)):
                    rest = [op for at, chunk in enumerate(chunks) if at != number for op in chunk]
                    module = self._shows(name, rest) if len(chunks) > 2 else None
                    if module is not None:
                        found, best, pieces = rest, module, max(pieces - 1, 2)
                        break
            if found is not None:
                ops = found
            elif size == 1:
                break
            else:
                pieces = min(2 * pieces, len(ops))
        return best


def reduce(model_path: str, module: Any, steps: list[Step], tolerance: float = 0.0, reduced: bool = True) -> Verdict:
    """Blames a pass of an order and reduces the module that shows it."""
    from . import _native
    weights = Weights(model_path)
    verdict = trace(module, steps, weights, tolerance)
    if verdict.index is None:
        judge_code(_native.Model(model_path), verdict, weights)
    elif reduced:
        step = Step(verdict.blamed, verdict.text)
        verdict.reduced = Reducer(verdict.before, step, verdict.kind, weights, verdict.reason).run()
    return verdict


def illegal(module: Any, steps: list[Step]) -> str | None:
    """Says which pass may not stand where it does, if one may not: it is judged all the same."""
    from . import _native, contracts
    facts = frozenset(_native.facts(module))
    for step in steps:
        info = contracts.registry().get(step.label)
        if info and not info.contract.allows(facts):
            reason = (f"{step.label} requires {' '.join(sorted(info.contract.requires - facts))}, which does not hold there: "
                      "ignis-opt refuses this order")
            note(reason)
            return reason
        if info is None and step.text.startswith("python:"):
            return None  # whatever it does to the facts
        facts = info.contract.after(facts) if info else facts
    return None


def main(options: argparse.Namespace) -> int:
    from . import _native, contracts
    for plugin in options.load_pass_plugin:
        contracts.load_plugin(plugin)
    if options.module:
        module = _native.Module.parse(Path(options.module).read_bytes(), options.module)
    else:
        module = _native.Model(options.model, require_data=False).import_module(
            context=options.context, chunk=options.chunk, sequences=options.batch,
            entries=["embed", "decode", "prefill"] + ["batch"] * bool(options.batch))
    steps = steps_of(options.pass_pipeline)
    illegal(module, steps)
    verdict = reduce(options.model, module, steps, options.tolerance)
    text = str(verdict.reduced) if verdict.reduced is not None else None
    if options.json:
        print(json.dumps({"blamed": verdict.blamed or None, "index": verdict.index, "reason": verdict.reason,
                          "steps": verdict.steps, "module": text}))
    elif verdict.index is None:
        print(f"no pass is to blame: {len(verdict.steps)} steps leave the meaning as it was")
    else:
        print(f"{verdict.blamed} (step {verdict.index + 1} of {len(verdict.steps)}): {verdict.reason}")
    if text and options.output:
        with atomic(options.output) as file:
            file.write(text.encode())
        note(f"wrote {options.output}; python3 -m ignis check {options.output} --model {options.model} "
             f"--pass-pipeline='{verdict.text}'")
    elif text and not options.json:
        print(text, end="")
    return 0
