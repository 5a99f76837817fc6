# ===- explore.py - run, check, measure, compare orders of passes -----------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""`python -m ignis explore EXPERIMENT.toml`: walks a space of orders, checks and measures every final
state once and times the promising ones against the default order. Everything that is found out is in the
results file at once, so that a run may be interrupted at any time and goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import math
import os
import random
import time
from pathlib import Path
from typing import Any, Iterable

import numpy as np

from . import search as strategies
from . import work
from .errors import InputError, note
from .executors import Crash, Pool
from .experiment import Experiment
from .graph import Graph
from .output import atomic
from .progress import Bar
from .results import Results, digest, provenance
from .space import Order

class Explorer:
    """One run of one experiment into one results file."""

    def __init__(self, experiment: Experiment, results_path: str | os.PathLike, workers: int = 1,
                 executor: Any = None, quiet: bool = False, limit: float = 120.0, memory: int | None = None):
        """`limit` seconds and `memory` bytes are what one task may take; `executor` runs steps and checks elsewhere
        (executors.DaskExecutor)."""
        from . import _native
        self.experiment, self.quiet = experiment, quiet
        self.space = experiment.space
        self.model = experiment.open_model()
        self.model_hash = self.model.hash()
        self.perplexity = experiment.perplexity(self.model)
        root = experiment.root(self.model)
        identity = experiment.identity(self.model_hash, root.hash, digest([_native.compiler_library()]))
        self.results = Results(results_path, identity)
        self.pool = Pool(workers, limit, executor, memory)
        self.alone = Pool(1, limit, memory=memory)  # timings, and the reference
        self.graph = Graph(self.space, root, self.results, self.pool, experiment.plugins)
        self.seed = experiment.search["seed"]
        self.results.append("run", identity=identity, question=experiment.question,
                            experiment=str(experiment.path.resolve()), default=list(experiment.default),
                            steps={key: {"text": step.text, "group": step.group or key}
                                   for key, step in self.space.steps.items()},
                            imports=experiment.imports, model_path=str(experiment.model_path.resolve()),
                            sizes={key: str(value) for key, value in self.space.sizes.items()},
                            plugins=experiment.plugins, threads=experiment.gate["threads"],
                            timing=experiment.timing, **provenance(self.model_hash, self.seed))

    # --- Correctness and facts --------------------------------------------------------------------

    def _task(self, state: str, **more: Any) -> dict:
        return {"hash": state, "module": self.graph.packed(state), "model": str(self.experiment.model_path.resolve()),
                "model_hash": self.model_hash, "plugins": self.experiment.plugins,
                "threads": self.experiment.gate["threads"], **more}

    def prepare_reference(self) -> None:
        """Logits of the least legal order, held against the plain NumPy model; kept beside the results."""
        order = self.experiment.reference_order()
        self.graph.walk([order])
        state, _, error = self.graph.follow(order)
        if error:
            raise InputError(f"the reference order fails: {error}")
        gate = self.experiment.gate
        self.gate = {"prompts": self.experiment.prompts(self.model), "decode": gate["decode"], "chunk": gate["chunk"],
                     "score": "score" in self.experiment.imports["entries"]}
        path = reference_path(self.results.path)
        logits = self._kept_reference(path)
        if logits is None:
            (_, outcome), = self.alone.run(work.reference, [self._task(state, gate=self.gate)])
            if isinstance(outcome, Crash):
                raise InputError(f"the reference order: {outcome.reason}")
            logits = outcome["logits"]
            from .reference import Model as Plain
            plain = Plain(self.experiment.model_path, rounded=True, kv=self.experiment.imports["kv"])
            prompts, rows = self.gate["prompts"], []
            with Bar("reference, layers in NumPy", len(prompts) * plain.config.layers, self.quiet) as bar:
                for prompt in prompts:
                    plain.reset()
                    split = max(1, len(prompt) - gate["decode"])
                    logits_of = plain.logits(prompt, advance=bar.advance)
                    rows.extend(logits_of[split - 1:])
                    rows.extend(logits_of if self.gate["score"] else ())
            difference = float(np.sqrt(np.mean((np.stack(rows) - logits) ** 2)) / np.std(logits))
            if not difference <= 0.03:
                raise InputError(f"the reference order {' '.join(order)} computes other logits than ignis.reference: "
                                 f"they differ by {difference:.2%} of their standard deviation, expected 3 % at most")
            note(f"reference order {' '.join(order)}: logits differ from ignis.reference by {difference:.2%} of their "
                 "standard deviation (root mean square)")
            content = io.BytesIO()
            np.save(content, logits)
            with atomic(path) as file:
                file.write(content.getvalue())
        self.reference_path = str(path.resolve())
        self.reference_digest = hashlib.sha256(logits.tobytes()).hexdigest()
        if self.results.known.reference is None:
            self.results.append("reference", digest=self.reference_digest)
        elif self.results.known.reference != self.reference_digest:
            raise InputError(f"{self.results.path}: the reference order computes other logits than when these results began")

    def _kept_reference(self, path: Path) -> np.ndarray | None:
        """The logits of an earlier run into the same results; None if they are not these (any more)."""
        try:
            logits = np.load(path)
        except (OSError, ValueError, EOFError):
            return None
        digest_of = hashlib.sha256(logits.tobytes()).hexdigest() if isinstance(logits, np.ndarray) else None
        return logits if digest_of == self.results.known.reference else None

    def measure(self, finals: dict[str, float], deadline: float = math.inf) -> bool:
        """Final states (with the tolerance each may have) that have no record yet; whether all have one."""
        known = self.results.known.measures
        wanted = [state for state in finals if state not in known]
        extra = {} if self.perplexity is None else {"perplexity": self.perplexity}
        tasks = (self._task(state, gate=self.gate, reference=self.reference_path, tolerance=finals[state],
                            reference_digest=self.reference_digest, **extra) for state in wanted)
        with Bar("checking", len(wanted), self.quiet) as bar:
            for task, outcome in self.pool.run(work.measure, tasks):
                if isinstance(outcome, Crash):
                    outcome = {"hash": task["hash"], "ok": False, "reason": outcome.reason, "facts": {}}
                self.results.append("measure", **outcome)
                bar.advance(extra="" if outcome["ok"] else f"wrong: {outcome['reason']}")
                if time.monotonic() > deadline:
                    break
        return all(state in known for state in finals)

    def cost(self, state: str | None) -> float:
        """The objective; infinite for a wrong or failing order."""
        record = self.results.known.measures.get(state) if state else None
        if not record or not record["ok"]:
            return math.inf
        facts = record["facts"].get(self.experiment.search["entry"], {})
        weights = self.experiment.search["objective"]
        return sum(weight * (facts.get(key) or 0) for key, weight in weights.items())

    # --- The walk ---------------------------------------------------------------------------------

    def explore(self) -> None:
        """All of the search that is left."""
        options = self.experiment.search
        name = options["strategy"]
        self.prepare_reference()
        begin, seconds = time.monotonic(), options.get("seconds", math.inf)
        if name == "exhaustive":
            complete = self._sweep(begin + seconds / 2, begin + seconds)
        else:
            complete = self._sample(strategies.make(name, self.space, self.seed, self.experiment.default),
                                    options["orders"], begin + seconds)
        self.graph.walk([self.experiment.default])
        self.time_best()
        self.results.append("done", seed=self.seed, strategy=name, complete=complete)
        self.results.sync()

    def _sweep(self, walked: float, checked: float) -> bool:
        """All states until the time `walked`, then checks of the final ones until `checked`; whether that was all."""
        complete = True
        with Bar("states", None, self.quiet) as bar:
            for _ in self.graph.sweep():
                bar.advance(total=None, extra=f"{self.graph.size():,} distinct")
                if time.monotonic() > walked:
                    complete = False
                    break
        return self.measure(self.finals(), checked) and complete

    def finals(self) -> dict[str, float]:
        """Final states, each with the tolerance of the way that leads to it."""
        tally, _, _ = self.graph.tally()
        if all(step.tolerance == 0 for step in self.space.steps.values()):
            return dict.fromkeys(tally, 0.0)
        return {state: self.space.tolerance(order) for state, order in self.graph.witness(tally).items()}

    def _sample(self, strategy: Any, count: int, deadline: float) -> bool:
        tried = 0
        with Bar("orders", count, self.quiet) as bar:
            while tried < count and time.monotonic() < deadline:
                orders = strategy.propose(min(32, count - tried))
                if not orders:  # It knows no more.
                    return True
                self.graph.walk(orders)
                ends = {order: self.graph.follow(order) for order in orders}
                self.measure({state: self.space.tolerance(order) for order, (state, _, error) in ends.items()
                              if error is None})
                for order, (state, taken, error) in ends.items():
                    if order not in self.results.known.orders:
                        self.results.append("order", order=list(order), hash=state, **(
                            {"error": f"{order[taken]}: {error}"} if error else {}))
                    strategy.observe(order, self.cost(state))
                    tried += 1
                    bar.advance()
        return tried >= count

    # --- Times ------------------------------------------------------------------------------------

    def candidates(self) -> list[str]:
        """Correct finals worth timing: first those that no other beats in all of ops, barriers and bytes,
        then the others by the objective."""
        measures = self.results.known.measures
        entry = self.experiment.search["entry"]
        points = {}
        for state, record in measures.items():
            facts = record["facts"].get(entry)
            if record["ok"] and facts:
                points[state] = (facts["total_ops"], facts["barriers"], facts["arena"] or 0)
        first = [state for state, point in points.items()
                 if not any(other != point and all(a <= b for a, b in zip(other, point))
                            for other in set(points.values()))]
        ranked = sorted(points, key=lambda state: (self.cost(state), points[state], state))
        chosen: dict[tuple, str] = {}  # one of each triple
        for state in sorted(first, key=ranked.index) + ranked:
            chosen.setdefault(points[state], state)
        return list(chosen.values())

    def time_best(self) -> None:
        """Paired times of candidates that have none, against the default order."""
        timing = self.experiment.timing
        default, _, error = self.graph.follow(self.experiment.default)
        if error or default is None:
            raise InputError(f"the default order fails: {error}")
        self.measure({default: self.space.tolerance(self.experiment.default)})
        if not self.results.known.measures[default]["ok"]:
            note(f"nothing is timed: the default order is wrong: {self.results.known.measures[default]['reason']}")
            return
        known = self.results.known.timings
        wanted = list(dict.fromkeys([default] + self.candidates()))[:timing["top"] + 1]
        self._time(default, [state for state in wanted if state not in known])
        # The best of many is partly luck: the first few are timed once more, and that counts.
        first = sorted((state for state in known if state != default),
                       key=lambda state: -ratio(known[state][0]["pairs"]["decode"])[0])[:timing["confirm"]]
        self._time(default, [state for state in first if len(known[state]) == 1])

    def _time(self, default: str, states: list[str]) -> None:
        timing = self.experiment.timing
        kinds = {"decode": (timing["decode_calls"], 1, timing["decode_depth"]),
                 "prefill": (timing["prefill_calls"], timing["prefill_rows"], 0)}
        tasks = (self._task(state, default=self.graph.packed(default), kinds=kinds, rounds=timing["rounds"])
                 | {"threads": timing["threads"]} for state in states)
        with Bar("timing", len(states), self.quiet) as bar:
            for task, outcome in self.alone.run(work.time_pairs, tasks):
                bar.advance()
                if isinstance(outcome, Crash):
                    note(f"timing {task['hash']}: {outcome.reason}")
                    continue
                self.results.append("timing", hash=task["hash"], default=default, pairs={
                    kind: [[round(a, 9), round(b, 9)] for a, b in pairs] for kind, pairs in outcome["pairs"].items()})

    def close(self) -> None:
        self.pool.close()
        self.alone.close()
        self.results.close()


def reference_path(results: Path) -> Path:
    """Where the logits of a reference are kept: each results file has its own, r.a and r.b too."""
    return results.with_name(results.name.removesuffix(".jsonl") + ".reference.npy")


def ratio(pairs: Iterable[Iterable[float]], confidence: float = 0.95) -> tuple[float, float, float]:
    """(median, low, high) of how many times faster the candidate is, from paired times of (default,
    candidate). The interval is that of the median by order statistics: it assumes nothing of the noise but
    that rounds are independent."""
    ratios = sorted(base / candidate for base, candidate in pairs)
    n = len(ratios)
    # The most ranks k that may be cut off each end: 2 P(Binomial(n, 1/2) < k) <= 1 - confidence.
    k, tail = 0, 0.0
    for cut in itertools.count():
        tail += math.comb(n, cut) / 2 ** n
        if 2 * tail > 1 - confidence or cut >= n // 2:
            break
        k = cut + 1
    return float(np.median(ratios)), ratios[max(k - 1, 0)], ratios[n - max(k, 1)]


def summary(explorer: Explorer) -> str:
    """What a run found, in a few lines for a terminal."""
    results, graph, space = explorer.results, explorer.graph, explorer.space
    finals, failing, nodes = graph.tally()
    measures = results.known.measures
    wrong = {state: ways for state, ways in finals.items() if state in measures and not measures[state]["ok"]}
    states = graph.states()
    reached, total = sum(finals.values()), space.count()
    lines = [f"legal orders      {total:,}",
             f"  walked          {reached:,}, of them {sum(wrong.values()):,} wrong; {failing:,} end at a step that fails"
             + (f"; {total - reached - failing:,} not walked" if total > reached + failing else ""),
             f"distinct IR       {len(states):,} states by {len(results.known.edges):,} steps; digest "
             f"{hashlib.sha256(' '.join(sorted(states)).encode()).hexdigest()[:16]}",
             f"final states      {len(finals):,}, of them {len(wrong):,} wrong; checked {len(measures):,}"]
    if results.known.orders:
        lines.insert(2, f"  sampled         {len(results.known.orders):,}")
    ranked = sorted(results.known.timings, key=lambda state: -ratio(results.known.timings[state][-1]["pairs"]["decode"])[0])
    witness = graph.witness(ranked)
    for state in ranked[:5]:
        pairs = results.known.timings[state][-1]["pairs"]
        texts = [f"{kind} {middle:.3f} [{low:.3f}, {high:.3f}]"
                 for kind, (middle, low, high) in ((kind, ratio(values)) for kind, values in pairs.items())]
        facts = measures[state]["facts"]["decode"] if "decode" in measures[state]["facts"] else {}
        lines.append(f"{'  '.join(texts)}  ops {facts.get('total_ops')} barriers {facts.get('barriers')} arena "
                     f"{facts.get('arena')}: {' '.join(witness.get(state, ()))}")
    return "\n".join(lines)
