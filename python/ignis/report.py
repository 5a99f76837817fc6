# ===- report.py - one HTML page from results --------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""`python -m ignis report RESULTS.jsonl`: everything in the page comes from the results and from running
passes again for the IR that is shown; nothing is measured anew.
"""

from __future__ import annotations

import base64
import html
import json
import shlex
import zlib
from pathlib import Path
from typing import Any, Callable

from . import _native, experiment, work
from .errors import InputError
from .executors import Pool
from .figures import commutation_html, marginal_html, memory_svg, pairs_html, pareto_html
from .explore import ratio
from .graph import Graph
from .output import atomic
from .page import SCRIPT, STYLE
from .results import Results

FACTS = (("total_ops", "ops", "compute ops"), ("barriers", "barriers", "of one call"),
         ("kernel_calls", "kernel calls", "of one call"), ("buffers", "buffers", "activation buffers"),
         ("bytes", "bytes", "of these buffers, one after the other"), ("bound", "bound", "most bytes live at once"),
         ("arena", "arena", "bytes of the planned arena, rounded activations included"),
         ("activations_q8", "rounded", "bytes of rounded activations"), ("scratch", "scratch", "bytes per thread"))


class Loaded:
    """A results file with the experiment and graph that it belongs to, ready to look at."""

    def __init__(self, results_path: str, experiment_path: str | None = None):
        self.results = Results(results_path)
        known = self.results.known
        if not known.runs:
            raise InputError(f"{results_path}: no record of a run")
        self.run = known.runs[-1]
        if not experiment_path and not Path(self.run["experiment"]).is_file():
            raise InputError(f"{results_path}: its experiment {self.run['experiment']} is not there; --experiment FILE.toml names "
                             "the file where it is now")
        if not Path(self.run["model_path"]).is_file():
            raise InputError(f"{results_path}: its model {self.run['model_path']} is not there")
        self.experiment = experiment.load(experiment_path or self.run["experiment"], self.run["model_path"],
                                          [] if experiment_path else self.run["plugins"])
        model = _native.Model(self.run["model_path"], require_data=False)
        root = self.experiment.root(model)
        if root.hash != self.run["identity"].get("module"):
            raise InputError(f"{results_path}: made with another model, compiler or import")
        self.root, self.space = root, self.experiment.space
        self.graph = Graph(self.space, root, self.results, Pool(1), self.run["plugins"])
        self.entry = self.experiment.search["entry"]
        self.tally, self.failing, self.nodes = self.graph.tally()
        self.finals = {state: record for state, record in known.measures.items()}
        self.default, _, _ = self.graph.follow(self.experiment.default)
        self.witness = self.graph.witness(self.finals)
        for order, record in known.orders.items():
            if record["hash"] in self.finals:
                self.witness.setdefault(record["hash"], order)

    def fact(self, state: str, key: str) -> Any:
        return self.finals[state]["facts"].get(self.entry, {}).get(key)

    def value(self, key: str) -> Callable[[str], Any]:
        """A fact of a correct final state, None of others."""
        return lambda state: self.fact(state, key) if self.finals.get(state, {}).get("ok") else None

    def speeds(self, state: str, kind: str) -> tuple[float, float, float] | None:
        timings = self.results.known.timings.get(state)
        return ratio(timings[-1]["pairs"][kind]) if timings and timings[-1]["pairs"].get(kind) else None


def rows_of(loaded: Loaded) -> list[dict]:
    rows = []
    for state, record in loaded.finals.items():
        order = loaded.witness.get(state, ())
        row: dict[str, Any] = {"hash": state, "ok": record["ok"], "reason": record["reason"],
                               "orders": loaded.tally.get(state, 0), "order": " → ".join(key.removeprefix("ignis-") for key in order),
                               "pipeline": loaded.space.pipeline(order), "is_default": state == loaded.default,
                               "compile_seconds": record.get("compile_seconds")}
        for key, _, _ in FACTS:
            row[key] = loaded.fact(state, key)
        for kind in ("decode", "prefill"):
            row[kind] = loaded.speeds(state, kind)
        rows.append(row)
    return rows


def _pack(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _function_text(module: Any, name: str) -> str:
    """One function's lines of the module's text."""
    lines = str(module).splitlines()
    start = next((at for at, line in enumerate(lines) if line.startswith(f"  func.func @{name}(")), None)
    if start is None:
        return str(module)
    end = next(at for at in range(start, len(lines)) if lines[at] == "  }")
    return "\n".join(line[2:] for line in lines[start:end + 1])


def _ops(module: Any, entry: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for op in module.describe()[entry]["ops"]:
        if op["name"].startswith("ignis.") and op["name"] != "ignis.weight":
            counts[op["name"]] = counts.get(op["name"], 0) + 1
    return counts


def shown_order(loaded: Loaded, state: str, packed: dict[str, str]) -> dict:
    """IR after each step, op counts and memory pictures of one final state."""
    module, steps = loaded.root, []
    before: Any = None
    for key in (None, *loaded.witness[state]):
        if key is not None:
            module, _, _ = work.apply(module, loaded.space.steps[key].text)
        name = "ir-" + module.hash
        if name not in packed:
            packed[name] = _pack(_function_text(module, loaded.entry))
        steps.append({"name": key or "import", "ir": name, "ops": _ops(module, loaded.entry)})
        memory = module.memory(loaded.entry)
        if memory and memory["offsets"] is None:
            before = memory
    shown: dict[str, Any] = {"steps": steps, "before": None}
    after = module.memory(loaded.entry)
    if after and after["offsets"]:
        buffers = after["buffers"]
        for which, offsets in (("before", _native.plan_memory(buffers, "none")["offsets"]), ("after", after["offsets"])):
            name = f"svg-{which}-{state}"
            packed[name] = _pack(memory_svg(buffers, offsets, after["rounded"], _native.plan_bound(buffers)))
            shown[which] = name
            shown[f"{which}_bytes"] = max(at + size for at, (_, _, _, size, _) in zip(offsets, buffers))
    return shown


def _command(words: list[str]) -> str:
    """A run's command as one types it."""
    return shlex.join(["python3", "-m", "ignis", *words[1:]] if words[0] == "__main__.py" else words)


def page(loaded: Loaded, top: int) -> str:
    rows = rows_of(loaded)
    run, known = loaded.run, loaded.results.known
    rows.sort(key=lambda row: (not row["ok"], -(row["decode"][0] if row["decode"] else 0), row["total_ops"] or 0, row["barriers"] or 0, row["hash"]))
    packed: dict[str, str] = {}
    chosen = [row["hash"] for row in rows if row["ok"]][:top]
    if loaded.default in loaded.finals and loaded.default not in chosen:
        chosen.append(loaded.default)
    chosen += [row["hash"] for row in rows if not row["ok"]][:3]
    shown = {}
    for state in chosen:
        if state in loaded.witness:
            try:
                shown[state] = shown_order(loaded, state, packed)
            except InputError:
                continue
    columns = [{"key": "rank", "name": "#"}, {"key": "decode", "name": "decode ×", "down": True, "title": "times the default order's speed, median and 95 % interval"},
               {"key": "prefill", "name": "prefill ×", "down": True}]
    columns += [{"key": key, "name": name, "title": title, "plain": True} for key, name, title in FACTS]
    columns += [{"key": "compile_seconds", "name": "compile s"}, {"key": "orders", "name": "orders", "down": True, "title": "legal orders that end in this IR"},
                {"key": "order", "name": "one of them", "left": True}]
    ops = sorted({name for item in shown.values() for step in item["steps"] for name in step["ops"]})
    data = {"rows": rows, "columns": columns, "shown": shown, "packed": packed, "op_names": ops, "entry": loaded.entry,
            "sort": "decode" if any(row["decode"] for row in rows) else "total_ops"}
    wrong = [row for row in rows if not row["ok"]]
    cards = [(f"{loaded.space.count():,}", "legal orders"), (f"{sum(loaded.tally.values()):,}", "walked to their end"),
             (f"{loaded.graph.size():,}", "distinct IR states"), (f"{len(known.edges):,}", "steps run"),
             (f"{len(rows):,}", "final states, each checked"), (f"{len(wrong):,}", "of them wrong"),
             (f"{len(known.timings):,}", "timed")]
    reasons: dict[str, int] = {}
    for row in wrong:
        reasons[row["reason"]] = reasons.get(row["reason"], 0) + row["orders"]
    for edge in known.edges.values():
        if "error" in edge:
            text = f"{edge['step']} fails: {edge['error']}"
            reasons[text] = reasons.get(text, 0) + 1
    wrong_html = "".join(f"<tr><td class=left>{html.escape(text)}</td><td>{count:,}</td></tr>"
                         for text, count in sorted(reasons.items(), key=lambda item: -item[1])[:20])
    facts = [(key, text) for key, text, _ in FACTS if key in ("total_ops", "barriers", "kernel_calls", "arena", "activations_q8", "scratch")]
    provenance = " · ".join(str(run.get(key)) for key in ("cpu",)) + f" · {run.get('cores')} cores · LLVM {run.get('llvm')} · commit {str(run.get('commit'))[:12]} · model {run['model'][:12]} · seed {run.get('seed')}"
    blob = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    sections = [
        f"<h1>Orders of passes</h1><p>{html.escape(run['question'])}</p>",
        f"<p class=soft>{html.escape(provenance)}<br><code>{html.escape(_command(run['command']))}</code></p>",
        "<div class=cards>" + "".join(f"<div class=card><b>{value}</b><span>{text}</span></div>" for value, text in cards) + "</div>",
        "<h2>All final states</h2><p class=soft>One row per distinct final IR; click a row for its pipeline, its IR after each pass and its memory. "
        f"Ops, barriers and bytes are those of <code>{html.escape(loaded.entry)}</code>. Blue: the default order.</p>"
        "<p class=soft id=same></p><div class=wide id=table></div><p><button id=more></button></p>",
        f"<h2>Bytes against speed</h2><div class=wide id=pareto>{pareto_html(rows)}</div><p class=soft>Bars are 95 % intervals of the median of paired ratios; blue is the default order, the dashed line the Pareto front.</p>",
        f"<h2>Which pass matters</h2><p class=soft>Mean over all correct legal orders with the pass, less the mean over those without.</p><div class=wide id=marginal>{marginal_html(loaded.graph, loaded.value, facts)}</div>",
        f"<h2>Which order matters</h2><p class=soft>Ops: mean over orders with the row's pass before the column's, less the mean over those with it after.</p><div class=wide id=pairs>{pairs_html(loaded.graph, loaded.value('total_ops'))}</div>"
        f"<h3>The same for barriers</h3><div class=wide>{pairs_html(loaded.graph, loaded.value('barriers'))}</div>"
        f"<h3>Pairs that do not commute</h3><p class=soft>At how many states with both passes legal do both orders end in the same IR?</p><div id=commute>{commutation_html(loaded.graph)}</div>",
    ]
    if reasons:
        sections.append(f"<h2>Wrong and failing</h2><div id=wrong><table><tr><th class=left>reason</th><th>orders or steps</th></tr>{wrong_html}</table></div>")
    sections.append("<div id=detail></div>")
    return ("<!doctype html><html lang=en><head><meta charset=utf-8><title>ignis: orders of passes</title>"
            f"<meta name=viewport content='width=device-width, initial-scale=1'><style>{STYLE}</style></head><body>" + "".join(sections) +
            f"<script id=data type='application/json'>{blob}</script><script>{SCRIPT}</script></body></html>")


def write(results_path: str, output: str | Path, experiment_path: str | None = None, top: int = 12) -> None:
    """Writes the page, whole or not at all."""
    if Path(output).resolve() == Path(results_path).resolve():
        raise InputError(f"{output}: expected another file for the page than the results")
    loaded = Loaded(results_path, experiment_path)
    with atomic(output) as file:
        file.write(page(loaded, top).encode())
