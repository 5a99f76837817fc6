# ===- show.py - results in a terminal --------------------------------------------------------=== #
# SPDX-License-Identifier: Apache-2.0
"""`python -m ignis show RESULTS.jsonl`: the ranked table; with a hash, everything about that state."""

from __future__ import annotations

from typing import Any

from .errors import InputError
from .report import FACTS, Loaded, rows_of


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _sortable(value: Any, faster: bool) -> Any:
    if value is None:
        return (1, 0)
    return (0, -value[0] if isinstance(value, tuple) else -value if faster else value)


def show(results: str, state: str | None, sort: str, top: int, experiment: str | None = None) -> int:
    loaded = Loaded(results, experiment)
    rows = rows_of(loaded)
    if state:
        found = [row for row in rows if row["hash"].startswith(state)]
        if len(found) != 1:
            raise InputError(f"{results}: {len(found)} final states begin with {state!r}, expected one")
        row = found[0]
        for key, value in row.items():
            if key != "pipeline":
                print(f"{key:16} {_text(value)}")
        print(f"--pass-pipeline='{row['pipeline']}'")
        return 0
    if rows and sort not in rows[0]:
        raise InputError(f"--sort: unknown column {sort!r}, expected {', '.join(key for key in rows[0])}")
    rows.sort(key=lambda row: (not row["ok"], _sortable(row[sort], sort in ("decode", "prefill", "orders")),
                               row["total_ops"] or 0, row["barriers"] or 0, row["hash"]))
    columns = ["hash", "decode", "prefill"] + [key for key, _, _ in FACTS if key in (
        "total_ops", "barriers", "kernel_calls", "arena", "activations_q8")] + ["orders"]
    cells = [[row["hash"][:8] if key == "hash" else _text(row[key]) for key in columns] +
             [("default: " if row["is_default"] else "") + (row["order"] if row["ok"] else f"WRONG: {row['reason']}")]
             for row in rows[:top]]
    widths = [max(len(line[at]) for line in [columns, *cells]) for at in range(len(columns))]
    print("  ".join(name.rjust(width) for name, width in zip(columns, widths)) + "  order")
    for line in cells:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths)) + "  " + line[-1])
    return 0
