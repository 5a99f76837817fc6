# ===- report.py - one HTML page from results --------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""`python -m ignis report RESULTS.jsonl`: everything in the page comes from the results and from running
passes again for the IR that is shown; nothing is measured anew.
"""

from __future__ import annotations

import base64
import html
import json
import zlib
from pathlib import Path
from typing import Any

from . import _native, effects, experiment, work
from .errors import InputError
from .executors import Pool
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
        self.experiment = experiment.load(experiment_path or self.run["experiment"], self.run["model_path"],
                                          [] if experiment_path else self.run["plugins"])
        model = _native.Model(self.run["model_path"], require_data=False)
        root = self.experiment.root(model)
        if root.hash != self.run["identity"]["module"]:
            raise InputError(f"{results_path}: made with another model, compiler or import")
        self.root, self.space = root, self.experiment.space
        self.graph = Graph(self.space, root, self.results, Pool(1), self.run["plugins"])
        self.entry = self.experiment.search.get("entry", "decode")
        self.tally, self.failing, self.nodes = self.graph.tally()
        self.finals = {state: record for state, record in known.measures.items()}
        self.default, _, _ = self.graph.follow(self.experiment.default)
        self.witness = self.graph.witness(self.finals)
        for order, record in known.orders.items():
            if record["hash"] in self.finals:
                self.witness.setdefault(record["hash"], order)

    def fact(self, state: str, key: str) -> Any:
        return self.finals[state]["facts"].get(self.entry, {}).get(key)

    def speeds(self, state: str, kind: str) -> tuple[float, float, float] | None:
        timings = self.results.known.timings.get(state)
        return ratio(timings[-1]["pairs"][kind]) if timings and timings[-1]["pairs"].get(kind) else None


def rows_of(loaded: Loaded) -> list[dict]:
    rows = []
    for state, record in loaded.finals.items():
        order = loaded.witness.get(state, ())
        row: dict[str, Any] = {"hash": state, "ok": record["ok"], "reason": record["reason"],
                               "orders": loaded.tally.get(state, 0), "order": " → ".join(order),
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
            packed[name] = _pack(_native.plan_svg(buffers, offsets, bound=_native.plan_bound(buffers)))
            shown[which] = name
            shown[f"{which}_bytes"] = max(at + size for at, (_, _, _, size, _) in zip(offsets, buffers))
    return shown


def pareto_svg(rows: list[dict]) -> str:
    """Bytes to the right, decode speed upwards, with confidence intervals; a line through the best."""
    points = [row for row in rows if row["ok"] and row["decode"] and row["arena"]]
    if not points:
        return "<p class=soft>Nothing was timed.</p>"
    width, height, left, bottom = 860, 380, 70, 46
    xs = [row["arena"] for row in points]
    ys = [value for row in points for value in row["decode"]]
    x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
    x1, y1 = (x1 if x1 > x0 else x0 + 1), (y1 if y1 > y0 else y0 + 0.01)
    pad = (x1 - x0) * 0.06
    x0, x1 = x0 - pad, x1 + pad

    def x(value: float) -> float:
        return left + (value - x0) / (x1 - x0) * (width - left - 20)

    def y(value: float) -> float:
        return 16 + (y1 - value) / (y1 - y0) * (height - 16 - bottom)

    parts = [f'<svg viewBox="0 0 {width} {height}" width="{width}" style="max-width:100%" role="img">']
    for number in range(6):
        value = y0 + (y1 - y0) * number / 5
        parts.append(f'<line x1="{left}" x2="{width - 20}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#e4e8ee"/>'
                     f'<text x="{left - 8}" y="{y(value) + 4:.1f}" text-anchor="end" font-size="12" fill="#5c6675">{value:.3f}</text>')
    for number in range(6):
        value = x0 + (x1 - x0) * number / 5
        parts.append(f'<text x="{x(value):.1f}" y="{height - 26}" text-anchor="middle" font-size="12" fill="#5c6675">{value:,.0f}</text>')
    parts.append(f'<text x="{(left + width) / 2}" y="{height - 6}" text-anchor="middle" font-size="13">bytes of the arena (rounded activations included)</text>'
                 f'<text x="14" y="{height / 2}" font-size="13" transform="rotate(-90 14 {height / 2})" text-anchor="middle">decode speed, default = 1</text>')
    front, best = [], -1.0
    for row in sorted(points, key=lambda row: (row["arena"], -row["decode"][0])):
        if row["decode"][0] > best:
            best = row["decode"][0]
            front.append(row)
    line = " ".join(f"{x(row['arena']):.1f},{y(row['decode'][0]):.1f}" for row in front)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#b4430e" stroke-width="1.5" stroke-dasharray="5 3"/>')
    for row in points:
        middle, low, high = row["decode"]
        fill = "#2b6cb0" if row["is_default"] else "#b4430e" if row in front else "#94a3b8"
        px = x(row["arena"])
        title = html.escape(f"{row['order']}\n{middle:.3f} [{low:.3f}, {high:.3f}], {row['arena']:,} bytes")
        parts.append(f'<g data-hash="{row["hash"]}" style="cursor:pointer"><title>{title}</title>'
                     f'<line x1="{px:.1f}" x2="{px:.1f}" y1="{y(low):.1f}" y2="{y(high):.1f}" stroke="{fill}" opacity=".6"/>'
                     f'<circle cx="{px:.1f}" cy="{y(middle):.1f}" r="5.5" fill="{fill}"/></g>')
    parts.append("</svg>")
    return "".join(parts)


def _cell(value: float | None, most: float, text: str) -> str:
    if value is None:
        return "<td></td>"
    share = 0 if not most else min(abs(value) / most, 1)
    colour = f"rgba(180,67,14,{share * 0.55:.2f})" if value > 0 else f"rgba(43,108,176,{share * 0.55:.2f})"
    return f'<td style="background:{colour}">{text}</td>'


def marginal_html(loaded: Loaded, keys: list[tuple[str, str]]) -> str:
    columns = []
    for key, _ in keys:
        values = effects.marginal(loaded.graph, lambda state: loaded.fact(state, key) if loaded.finals.get(state, {}).get("ok") else None)
        columns.append({name: None if a is None or b is None else a - b for name, (a, b) in values.items()})
    parts = ["<table class=heat><tr><th class=left>pass</th>" + "".join(f"<th>{html.escape(text)}</th>" for _, text in keys) + "</tr>"]
    most = [max((abs(value) for value in column.values() if value is not None), default=0) for column in columns]
    for name in columns[0]:
        cells = "".join(_cell(column[name], top, "" if column[name] is None else f"{column[name]:+,.1f}")
                        for column, top in zip(columns, most))
        parts.append(f"<tr><td class='left mono'>{html.escape(name)}</td>{cells}</tr>")
    return "".join(parts) + "</table>"


def pairs_html(loaded: Loaded, key: str) -> str:
    values = effects.pairs(loaded.graph, lambda state: loaded.fact(state, key) if loaded.finals.get(state, {}).get("ok") else None)
    names = [name for name in dict.fromkeys(loaded.space.group_of(step) for step in loaded.space.steps)
             if any(name in pair for pair in values)]
    most = max((abs(a - b) for a, b in values.values()), default=0)
    short = {name: name.removeprefix("ignis-") for name in names}
    parts = ["<table class=heat><tr><th class=left>first \\ second</th>" + "".join(f"<th>{html.escape(short[name])}</th>" for name in names) + "</tr>"]
    for first in names:
        parts.append(f"<tr><td class='left mono'>{html.escape(short[first])}</td>")
        for second in names:
            if (first, second) in values:
                effect = values[first, second][0] - values[first, second][1]
            elif (second, first) in values:
                effect = values[second, first][1] - values[second, first][0]
            else:
                parts.append("<td></td>")
                continue
            parts.append(_cell(effect, most, f"{effect:+,.2f}" if abs(effect) > 1e-9 else "0"))
        parts.append("</tr>")
    return "".join(parts) + "</table>"


def commutation_html(loaded: Loaded) -> str:
    values = effects.commutation(loaded.graph)
    rows = sorted(((same / count, pair, same, count) for pair, (same, count) in values.items() if same < count))
    if not rows:
        return "<p>All passes that are legal both ways commute everywhere.</p>"
    parts = [f"<p>{len(values) - len(rows)} of {len(values)} pairs commute everywhere. The others:</p><table class=heat>"
             "<tr><th class=left>pair</th><th>places alike</th><th>places</th></tr>"]
    parts += [f"<tr><td class='left mono'>{html.escape(a)}, {html.escape(b)}</td><td>{share:.0%}</td><td>{count:,}</td></tr>"
              for share, (a, b), _, count in rows]
    return "".join(parts) + "</table>"


def page(loaded: Loaded, top: int) -> str:
    rows = rows_of(loaded)
    run, known = loaded.run, loaded.results.known
    rows.sort(key=lambda row: (not row["ok"], -(row["decode"][0] if row["decode"] else 0), row["total_ops"] or 0, row["hash"]))
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
    columns += [{"key": key, "name": name, "title": title} for key, name, title in FACTS]
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
    provenance = " · ".join(str(run.get(key)) for key in ("cpu",)) + f" · {run['cores']} cores · LLVM {run['llvm']} · commit {str(run['commit'])[:12]} · model {run['model'][:12]} · seed {run['seed']}"
    blob = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    sections = [
        f"<h1>Orders of passes</h1><p>{html.escape(run['question'])}</p>",
        f"<p class=soft>{html.escape(provenance)}<br><code>python3 -m ignis {html.escape(' '.join(run['command'][1:]))}</code></p>",
        "<div class=cards>" + "".join(f"<div class=card><b>{value}</b><span>{text}</span></div>" for value, text in cards) + "</div>",
        "<h2>All final states</h2><p class=soft>One row per distinct final IR; click a row for its pipeline, its IR after each pass and its memory. "
        f"Ops, barriers and bytes are those of <code>{html.escape(loaded.entry)}</code>. Blue: the default order.</p>"
        "<div class=wide id=table></div><p><button id=more></button></p>",
        f"<h2>Bytes against speed</h2><div class=wide id=pareto>{pareto_svg(rows)}</div><p class=soft>Bars are 95 % intervals of the paired ratio; blue is the default order, the dashed line the Pareto front.</p>",
        f"<h2>Which pass matters</h2><p class=soft>Mean over all correct legal orders with the pass, less the mean over those without.</p><div class=wide id=marginal>{marginal_html(loaded, facts)}</div>",
        f"<h2>Which order matters</h2><p class=soft>Ops, mean over orders with the row's pass before the column's, less the mean over those with it after.</p><div class=wide id=pairs>{pairs_html(loaded, 'total_ops')}</div>"
        f"<h3>The same for barriers</h3><div class=wide>{pairs_html(loaded, 'barriers')}</div>"
        f"<h3>Pairs that do not commute</h3><p class=soft>At how many states with both passes legal do both orders end in the same IR?</p><div id=commute>{commutation_html(loaded)}</div>",
    ]
    if reasons:
        sections.append(f"<h2>Wrong and failing</h2><div id=wrong><table><tr><th class=left>reason</th><th>orders or steps</th></tr>{wrong_html}</table></div>")
    sections.append("<div id=detail></div>")
    return ("<!doctype html><html lang=en><head><meta charset=utf-8><title>ignis: orders of passes</title>"
            f"<meta name=viewport content='width=device-width'><style>{STYLE}</style></head><body>" + "".join(sections) +
            f"<script id=data type='application/json'>{blob}</script><script>{SCRIPT}</script></body></html>")


def write(results_path: str, output: str | Path, experiment_path: str | None = None, top: int = 12) -> None:
    """Writes the page, whole or not at all."""
    loaded = Loaded(results_path, experiment_path)
    with atomic(output) as file:
        file.write(page(loaded, top).encode())
