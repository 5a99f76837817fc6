# ===- figures.py - tables and pictures of the report ------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""HTML and SVG from values; colours are in page.STYLE, so that they follow the reader's light or dark."""

from __future__ import annotations

import html
import math
from typing import Callable

from . import effects
from .graph import Graph


def _ticks(low: float, high: float, count: int = 6) -> list[float]:
    """Round numbers in [low, high]."""
    rough = (high - low) / count
    step = 10 ** math.floor(math.log10(rough))
    step *= next(factor for factor in (1, 2, 2.5, 5, 10) if factor * step >= rough)
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def pareto_svg(rows: list[dict], key: str, text: str) -> str:
    """Bytes to the right, decode speed upwards, with confidence intervals; a line through the best."""
    points = [row for row in rows if row["ok"] and row["decode"] and row[key]]
    if not points:
        return "<p class=soft>Nothing was timed.</p>"
    width, height, left, bottom = 980, 380, 74, 46
    xs = [row[key] for row in points]
    ys = [value for row in points for value in row["decode"]] + [1.0]
    pad = (max(xs) - min(xs)) * 0.06 or max(xs) * 0.01
    x0, x1 = min(xs) - pad, max(xs) + pad
    pad = (max(ys) - min(ys)) * 0.05 or 0.01
    y0, y1 = min(ys) - pad, max(ys) + pad

    def x(value: float) -> float:
        return left + (value - x0) / (x1 - x0) * (width - left - 20)

    def y(value: float) -> float:
        return 16 + (y1 - value) / (y1 - y0) * (height - 16 - bottom)

    parts = [f'<svg class=plot viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{html.escape(text)} against decode speed">']
    for value in _ticks(y0, y1):
        parts.append(f'<line class={"one" if abs(value - 1) < 1e-9 else "grid"} x1="{left}" x2="{width - 20}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
                     f'<text x="{left - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.5g}</text>')
    for value in _ticks(x0, x1) if len(set(xs)) > 1 else [xs[0]]:
        parts.append(f'<text x="{x(value):.1f}" y="{height - 26}" text-anchor="middle">{value:,.0f}</text>')
    parts.append(f'<text class=title x="{(left + width) / 2}" y="{height - 6}" text-anchor="middle">{html.escape(text)}</text>'
                 f'<text class=title x="14" y="{height / 2}" transform="rotate(-90 14 {height / 2})" text-anchor="middle">decode speed, default = 1</text>')
    front, best = [], -1.0
    for row in sorted(points, key=lambda row: (row[key], -row["decode"][0])):
        if row["decode"][0] > best:
            best = row["decode"][0]
            front.append(row)
    line = " ".join(f"{x(row[key]):.1f},{y(row['decode'][0]):.1f}" for row in front)
    parts.append(f'<polyline class=front points="{line}"/>')
    for row in points:
        middle, low, high = row["decode"]
        kind = "default" if row["is_default"] else "best" if row in front else "rest"
        px = x(row[key])
        title = html.escape(f"{row['order']}\n{middle:.3f} ({low:.3f} to {high:.3f}), {row[key]:,} bytes")
        parts.append(f'<g class={kind} data-hash="{row["hash"]}"><title>{title}</title>'
                     f'<line x1="{px:.1f}" x2="{px:.1f}" y1="{y(low):.1f}" y2="{y(high):.1f}"/>'
                     f'<circle cx="{px:.1f}" cy="{y(middle):.1f}" r="5.5"/></g>')
    parts.append("</svg>")
    return "".join(parts)


def pareto_html(rows: list[dict]) -> str:
    """The plot over the arena's bytes or, if these are all alike, over the buffers' sum."""
    arenas = {row["arena"] for row in rows if row["ok"] and row["decode"]}
    if len(arenas) == 1:
        return (f"<p class=soft>The arena is {arenas.pop() or 0:,} bytes in all orders that were timed; to the right is what one call "
                "writes and reads.</p>" + pareto_svg(rows, "bytes", "bytes of the activation buffers, one after the other"))
    return pareto_svg(rows, "arena", "bytes of the arena, rounded activations included")


def _short(name: str) -> str:
    return html.escape(name.removeprefix("ignis-"))


def _cell(value: float | None, most: float, digits: int) -> str:
    if value is None:
        return "<td></td>"
    if abs(value) < 0.5 * 10 ** -digits:
        return "<td class=soft>0</td>"
    share = 0 if not most else min(abs(value) / most, 1)
    return f'<td style="background:rgba(var(--{"more" if value > 0 else "less"}),{share * 0.55:.2f})">{value:+,.{digits}f}</td>'


def marginal_html(graph: Graph, value: Callable[[str], effects.Value], keys: list[tuple[str, str]]) -> str:
    """What each pass changes, by fact; columns and rows without anything to say are a line below."""
    columns, same = [], []
    for key, text in keys:
        values = {name: None if a is None or b is None else a - b
                  for name, (a, b) in effects.marginal(graph, value(key)).items()}
        if any(values.values()):
            columns.append((text, values))
        else:
            same.append(text)
    always = [name for name in dict.fromkeys(map(graph.space.group_of, graph.space.steps))
              if all(values[name] is None for _, values in columns)]
    parts = ["<table class=heat><tr><th class=left>pass</th>" + "".join(f"<th>{html.escape(text)}</th>" for text, _ in columns) + "</tr>"]
    most = [max((abs(value) for value in values.values() if value is not None), default=0) for _, values in columns]
    for name in columns[0][1] if columns else ():
        if name not in always:
            cells = "".join(_cell(values[name], top, 1) for (_, values), top in zip(columns, most))
            parts.append(f"<tr><td class='left mono'>{_short(name)}</td>{cells}</tr>")
    parts.append("</table>")
    if always and columns:
        parts.append(f"<p class=soft>In every order, or in none: {', '.join(map(_short, always))}.</p>")
    if same:
        parts.append(f"<p class=soft>No pass changes {', '.join(map(html.escape, same))}.</p>")
    return "".join(parts)


def pairs_html(graph: Graph, value: effects.Value) -> str:
    """A table of the pairs whose order matters; the others in a line below."""
    found = effects.pairs(graph, value)
    values = {pair: a - b for pair, (a, b) in found.items()}
    values |= {(second, first): -effect for (first, second), effect in values.items()}
    names = [name for name in dict.fromkeys(map(graph.space.group_of, graph.space.steps))
             if any(abs(effect) > 1e-9 for (first, _), effect in values.items() if first == name)]
    rest = sum(1 for pair in found if not set(pair) <= set(names))
    if not names:
        return f"<p>None: the mean is the same both ways for all {len(found)} pairs.</p>"
    most = max(map(abs, values.values()))
    parts = ["<table class=heat><tr><th class=left>first \\ second</th>" + "".join(f"<th{' class=up' if len(names) > 6 else ''}>{_short(name)}</th>" for name in names) + "</tr>"]
    for first in names:
        parts.append(f"<tr><td class='left mono'>{_short(first)}</td>" +
                     "".join(_cell(values.get((first, second)), most, 2) for second in names) + "</tr>")
    note = f"<p class=soft>Pairs with others, for which the mean is the same both ways: {rest}.</p>" if rest else ""
    return "".join(parts) + "</table>" + note


def commutation_html(graph: Graph) -> str:
    """The pairs of passes that do not commute everywhere."""
    values = effects.commutation(graph)
    rows = sorted(((same / count, pair, same, count) for pair, (same, count) in values.items() if same < count))
    if not rows:
        return "<p>All passes that are legal both ways commute everywhere.</p>"
    parts = [f"<p>{len(values) - len(rows)} of {len(values)} pairs commute everywhere. The others:</p><table class=heat>"
             "<tr><th class=left>pair</th><th>places alike</th><th>places</th></tr>"]
    parts += [f"<tr><td class='left mono'>{_short(a)}, {_short(b)}</td><td>{share:.0%}</td><td>{count:,}</td></tr>"
              for share, (a, b), _, count in rows]
    return "".join(parts) + "</table>"


def memory_svg(buffers: list[tuple[str, int, int, int, int]], offsets: list[int], rounded: list[bool], bound: int) -> str:
    """Buffers (id, begin, end, bytes, alignment) at their offsets: time to the right, addresses upwards; a dashed
    line at the bound in bytes."""
    width, height, left, bottom = 620, 300, 74, 40
    last = max(end for _, _, end, _, _ in buffers)
    top = max(max(at + size for at, (_, _, _, size, _) in zip(offsets, buffers)), 1)

    def x(value: float) -> float:
        return left + value / last * (width - left - 10)

    def y(value: float) -> float:
        return 10 + (top - value) / top * (height - 10 - bottom)

    parts = [f'<svg class="plot memory" viewBox="0 0 {width} {height}" role="img" aria-label="buffers over time">']
    for value in _ticks(0, top, 5):
        parts.append(f'<line class=grid x1="{left}" x2="{width - 10}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
                     f'<text x="{left - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:,.0f}</text>')
    for (name, begin, end, size, _), at, quantised in zip(buffers, offsets, rounded):
        label = html.escape(f"{name}: {size:,} bytes at {at:,}, live in [{begin}, {end})")
        parts.append(f'<rect class={"rounded" if quantised else "floats"} x="{x(begin):.1f}" y="{y(at + size):.1f}" '
                     f'width="{max(x(end) - x(begin), 1):.1f}" height="{max(y(at) - y(at + size), 1):.1f}"><title>{label}</title></rect>')
    parts.append(f'<line class=front x1="{left}" x2="{width - 10}" y1="{y(bound):.1f}" y2="{y(bound):.1f}"><title>bound: {bound:,}'
                 '</title></line>')
    for value in _ticks(0, last, 6):
        parts.append(f'<text x="{x(value):.1f}" y="{height - 22}" text-anchor="middle">{value:,.0f}</text>')
    parts.append(f'<text class=title x="{(left + width) / 2}" y="{height - 4}" text-anchor="middle">op of the function</text>'
                 f'<text class=title x="12" y="{(height - bottom) / 2}" transform="rotate(-90 12 {(height - bottom) / 2})" '
                 'text-anchor="middle">bytes</text></svg>')
    return "".join(parts)
